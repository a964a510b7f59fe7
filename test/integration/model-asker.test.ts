/** What the editor asks of the model of a run, by the real process, against what `ebm draw` and `ebm energy` say. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ModelAsker, type ModelAskerOptions } from '../../extension/processes/model-asker';
import type { ChainsPassed } from '../../protocol/looking';
import { readCheckpoint } from '../../run-directory/checkpoints';
import { drawnFile } from '../../run-directory/drawn-samples';
import { readManifest } from '../../run-directory/manifest';
import { readPreview } from '../../run-directory/previews';
import { isProcessAlive } from '../../run-directory/process-alive';
import { until } from '../support/condition';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { problemFrom } from '../support/problem';
import { command, runsIn, succeed } from '../support/shell-runs';
import { ebm } from '../support/trainer';

async function trained(t: TestContext, changes: Readonly<Record<string, string>>, more = {}) {
  const source = smallExperiment({ checkpoint: '{ every: 10, keep: 5 }', ...changes });
  // An experiment may print: that is no answer.
  const printing = `console.log('an experiment prints');\n${source}`;
  const folder = await experimentFolder(t, { 'small.ebm.ts': printing, ...more });
  await succeed(command(t, folder, 'run', 'small.ebm.ts'));
  const [directory] = await runsIn(folder);
  assert.ok(directory);
  return { folder, directory, name: path.basename(directory) };
}

function asker(t: TestContext, directory: string, options: Partial<ModelAskerOptions> = {}) {
  const heard: ChainsPassed[] = [];
  const printed: string[] = [];
  const node = { path: process.execPath, version: process.versions.node, env: {} };
  const model = new ModelAsker({
    command: async () => ({
      ...{ node, script: ebm, packages: path.join(directory, 'none'), directory },
      log: (text) => printed.push(text),
    }),
    passed: (stop) => heard.push(stop),
    ...options,
  });
  t.after(() => model.end());
  return { model, heard, printed };
}

/** Every file of a run with its size and time. */
async function filesOf(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true });
  return await Promise.all(
    names.sort().map(async (name) => {
      const { size, mtimeMs } = await stat(path.join(directory, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
}

test('chains are watched on their way to the very samples that ebm draw writes', async (t) => {
  const { folder, directory, name } = await trained(t, {});
  const before = await filesOf(directory);
  const { model, heard, printed } = asker(t, directory);
  const offer = await model.ask('offer', {});
  assert.equal(offer.samplers[0]?.type, 'langevin', 'that of its previews');
  assert.ok(!offer.samplers.some(({ type }) => ['gibbs', 'custom'].includes(type)));
  assert.deepEqual(offer.samplers[0].starts, ['noise', 'data', 'buffer']);
  assert.equal(offer.buffered, 128);
  const settings = { stepSize: 0.2 };
  const { drawn, iterations, energies, field, dataEnergies } = await model.ask('draw', {
    ...{ checkpoint: 10, sampler: 'hamiltonian', settings, steps: 60, count: 32 },
    ...{ start: 'data', seed: 7 },
  });
  const asked = ['--checkpoint', '10', '--sampler', 'hamiltonian', '--set', 'stepSize=0.2'];
  const rest = ['--steps', '60', '--count', '32', '--from', 'data', '--seed', '7'];
  for (const ending of ['.npy', '.csv', '.safetensors'] as const) {
    const out = `drawn${ending}`;
    await succeed(command(t, folder, 'draw', name, ...asked, ...rest, '--out', out));
    const written = await readFile(path.join(folder, out));
    assert.ok(written.equals(Buffer.concat(drawnFile(drawn, ending))), ending);
  }
  assert.deepEqual(
    heard.map(({ done }) => done),
    iterations,
  );
  assert.deepEqual([iterations[0], iterations.at(-1), iterations.length], [0, 60, 25]);
  assert.deepEqual(heard.at(-1)?.samples, drawn.samples, 'they end in the samples');
  assert.deepEqual(energies.slice(-32), drawn.energies);
  const { preview } = await readManifest(directory);
  const kept = await readPreview(directory, 10, preview!);
  assert.deepEqual(field, kept.field, 'the landscape of that checkpoint');
  assert.deepEqual(dataEnergies, kept.energies?.data);
  const { Acceptance: acceptance } = drawn.statistics;
  assert.ok(acceptance !== undefined && acceptance > 0 && acceptance <= 1, `${acceptance}`);
  const still = await model.ask('draw', { checkpoint: 10, steps: 0, count: 32, start: 'buffer' });
  assert.deepEqual(still.iterations, [0]);
  assert.deepEqual(still.drawn.samples, kept.samples);
  assert.match(printed.join('\n'), /an experiment prints/);
  assert.deepEqual(await filesOf(directory), before, 'nothing is written to the run');
});

test('the acceptance that is told is that of the moves that were made', async (t) => {
  const { directory } = await trained(t, {});
  const { model, heard } = asker(t, directory);
  // As many iterations as stops: each move is seen, and one that was refused stays where it was.
  const { drawn } = await model.ask('draw', {
    ...{ sampler: 'metropolisAdjustedLangevin', settings: { stepSize: 1.2 } },
    ...{ steps: 24, count: 100, start: 'noise' },
  });
  let moved = 0;
  for (const [at, { samples }] of heard.entries()) {
    const last = heard[at - 1]?.samples;
    for (let k = 0; last && k < 100; k++) if (samples[2 * k] !== last[2 * k]) moved++;
  }
  const share = moved / 2400;
  // Moves are accepted by chance with the probabilities whose mean is told: a sum of 2400 independent
  // ones given these, five standard deviations of which fail at fewer than one seed in a million.
  assert.ok(Math.abs(drawn.statistics['Acceptance']! - share) < 5 * Math.sqrt(0.25 / 2400));
  assert.ok(share > 0.05 && share < 0.99, `some are refused: ${share}`);
});

test('a point is told as ebm energy tells it, written or picked; a row of categories too', async (t) => {
  const { folder, directory, name } = await trained(t, {
    energy: 'energy.quadratic({ curvature: 2 })',
    objective: 'objective.slicedScoreMatching()',
  });
  const { model } = asker(t, directory);
  const told = await model.ask('energy', { checkpoint: 10, point: '0.5,-1' });
  const shell = command(t, folder, 'energy', name, '--json', '--checkpoint', '10', '--at=0.5,-1');
  await succeed(shell);
  const { axes, ...rest } = told;
  assert.deepEqual(rest, JSON.parse(shell.out().trim().split('\n').at(-1)!));
  assert.deepEqual(axes, ['x1', 'x2']);
  const { transform } = await readManifest(directory);
  const inModel = Float32Array.from(
    [0.5, -1],
    (value, d) => (value - (transform?.mean[d] ?? 0)) / (transform?.scale[d] ?? 1),
  );
  const picked = await model.ask('energy', { checkpoint: 10, point: inModel });
  assert.ok(Math.abs(picked.energy - told.energy) < 1e-5 * Math.abs(told.energy));
  const norm = Math.hypot(...told.score!.map((slope, d) => slope * (transform?.scale[d] ?? 1)));
  assert.ok(Math.abs(told.scoreNorm! - norm) < 1e-6 * norm);
  assert.match((await problemFrom(model.ask('energy', { point: '1' }))).message, /1 values, not 2/);
  const wrong = Float32Array.of(1, Number.NaN);
  assert.match((await problemFrom(model.ask('energy', { point: wrong }))).message, /no point/);
  assert.ok((await model.process)?.peer.isOpen, 'what is refused ends nothing');

  const rows = ['red,big', 'blue,small', 'red,small', 'green,big'];
  const discrete = await trained(
    t,
    {
      data: "data.csv('rows.csv', { domain: 'categorical', heldOut: 0 })",
      energy: 'energy.rbm({ hidden: 2 })',
      objective: 'objective.contrastiveDivergence({ sampler: sampler.gibbs({ steps: 1 }) })',
      batchSize: '4',
      preview: '{ samples: 4, diagnostics: [] }',
    },
    { 'rows.csv': ['colour,size', ...rows, ...rows].join('\n') },
  );
  const other = asker(t, discrete.directory).model;
  const written = await other.ask('energy', { point: 'red,small' });
  const { preview } = await readManifest(discrete.directory);
  const codes = Float32Array.from(['red', 'small'], (level, column) =>
    preview!.categories![column]!.levels.indexOf(level),
  );
  assert.deepEqual(await other.ask('energy', { point: codes }), written);
  assert.deepEqual([written.point, written.score], [['red', 'small'], undefined]);
  const [first] = (await other.ask('offer', {})).samplers;
  assert.deepEqual(first?.settings.find((setting) => setting.name === 'scan')?.choices, [
    'random',
    'sweep',
  ]);
});

test('a checkpoint is told by its own numbers, the energies of its chains too', async (t) => {
  const { folder, directory, name } = await trained(t, {});
  const { model } = asker(t, directory);
  const facts = await model.ask('tensors', { checkpoint: 10 });
  assert.equal(facts.checkpoint, 10);
  const { tensors } = await readCheckpoint(directory, 10);
  const own = tensors.filter((tensor) => tensor.name.startsWith('parameters/'));
  assert.deepEqual(
    facts.parameters.map(({ name, shape }) => [`parameters/${name}`, shape]),
    own.map(({ name, shape }) => [name, shape]),
  );
  for (const [at, { data }] of own.entries()) {
    const { count, mean, cells, notFinite } = facts.parameters[at]!;
    const expected = data.reduce((sum, value) => sum + value, 0) / data.length;
    assert.ok(Math.abs(mean - expected) < 1e-9 + 1e-6 * Math.abs(expected));
    assert.deepEqual([count, notFinite], [data.length, 0]);
    assert.equal(
      cells.reduce((sum, cell) => sum + cell, 0),
      data.length,
    );
  }
  assert.deepEqual(
    facts.buffer.map(({ name, count }) => [name, count]),
    [
      ['values', 256],
      ['energies', 128],
      ['ages in steps', 128],
    ],
  );
  // In the shell all but the energies, for which the experiment would be executed.
  const shell = command(t, folder, 'show', name, '--parameters', '--checkpoint', '10');
  await succeed(shell);
  const lines = shell.out().split('\n');
  assert.equal(lines[0], 'checkpoint at step 10');
  assert.equal(lines.length, 2 + own.length + 2 + 1);
  assert.match(shell.out(), /buffer, ages in steps +128 /);
  const json = command(t, folder, 'show', name, '--parameters', '--checkpoint', '10', '--json');
  await succeed(json);
  const { buffer, ...rest } = JSON.parse(json.out());
  const { buffer: all, ...known } = facts;
  assert.deepEqual(rest, known);
  assert.deepEqual(buffer, [all[0], all[2]]);
  const still = await model.ask('draw', { checkpoint: 10, steps: 0, count: 128, start: 'buffer' });
  const mean = still.drawn.energies.reduce((sum, energy) => sum + energy, 0) / 128;
  assert.ok(Math.abs(facts.buffer[1]!.mean - mean) < 1e-5 * (1 + Math.abs(mean)));
});

test('a process is kept for the next question, and ended by idleness, by another one, by hand', async (t) => {
  const { directory } = await trained(t, {});
  const { model } = asker(t, directory);
  await model.ask('energy', { point: '0,0' });
  const { pid } = (await model.process)!;
  await model.ask('energy', { checkpoint: 10, point: '0,0' });
  assert.equal((await model.process)?.pid, pid);

  const endless = model.ask('draw', { steps: 100_000, count: 5000, start: 'noise' });
  const other = model.ask('energy', { point: '0,0' });
  assert.match((await problemFrom(endless)).message, /not waited for any more/);
  assert.ok(Number.isFinite((await other).energy));
  await until('the process that was busy to end', async () => !(await isProcessAlive(pid)));

  const last = (await model.process)!;
  model.end();
  await until('the process to end', async () => !(await isProcessAlive(last.pid)));

  const brief = asker(t, directory, { idleMs: 1 }).model;
  await brief.ask('energy', { point: '0,0' });
  await until('the idle process to be ended', () => brief.process === undefined);
});

test('one that dies says so; what may not be started is told', async (t) => {
  const { directory } = await trained(t, {});
  const { model } = asker(t, directory);
  await model.ask('energy', { point: '0,0' });
  const { pid } = (await model.process)!;
  const asked = model.ask('draw', { steps: 100_000, count: 5000, start: 'noise' });
  process.kill(pid, 'SIGKILL');
  assert.match((await problemFrom(asked)).message, /ended by SIGKILL before it answered/);
  assert.ok(Number.isFinite((await model.ask('energy', { point: '0,0' })).energy));
  const command = () => Promise.reject(new Error('not here'));
  await assert.rejects(asker(t, directory, { command }).model.ask('offer', {}), /not here/);
});
