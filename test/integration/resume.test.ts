/** Runs that ended or were killed go on, and runs are repeated exactly. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/run';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { readInitialParameters } from '../../run-directory/initial-parameters';
import { readManifest } from '../../run-directory/manifest';
import { numbersFrom } from '../graph-numbers';
import { until } from '../support/condition';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { command, refuse, result, runsIn, succeed } from '../support/shell-runs';
import { type Program, readCurve } from '../support/trainer';

const source = smallExperiment({
  energy: 'energy.mlp({ hidden: [16] })',
  objective:
    'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 2, stepSize: 0.1 }), bufferSize: 64 })',
  optimizer: 'optimizer.adamW({ average: 0.99 })',
  steps: '300',
  checkpoint: '{ every: 20 }',
});

/** A folder with the experiment, and a run of it that nobody disturbed. */
async function unbroken(t: TestContext, text = source, ...args: string[]) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
  await succeed(command(t, folder, 'run', 'moons.ebm.ts', ...args));
  const [directory] = await runsIn(folder);
  return { folder, directory: directory!, expected: await result(directory!) };
}

/** Starts the experiment and kills its process once a checkpoint at or after `step` is written. */
async function killAfter(t: TestContext, folder: string, step: number): Promise<string> {
  const known = await runsIn(folder);
  const program = command(t, folder, 'run', 'moons.ebm.ts');
  const directory = await until('the checkpoint is written', async () => {
    const made = (await runsIn(folder)).find((run) => !known.includes(run));
    const steps = made === undefined ? [] : await listCheckpoints(made);
    return steps.some((one) => one >= step) && made;
  });
  program.process.kill('SIGKILL');
  await program.exited;
  return directory;
}

test('a killed run goes on in its own directory and ends like an unbroken one, bit for bit', async (t) => {
  const { folder, expected } = await unbroken(t);
  const directory = await killAfter(t, folder, 60);
  const before = await readManifest(directory);
  // What it is made of is kept: the file may change or vanish.
  await rm(path.join(folder, 'moons.ebm.ts'));
  await succeed(command(t, folder, 'resume', before.id));
  assert.deepEqual(await result(directory), expected);
  const after = await readManifest(directory);
  assert.equal(after.state.status, 'finished');
  assert.equal(after.resumes?.length, 1);
  assert.ok(after.resumes[0]!.step >= 60);
  assert.equal(after.worker, undefined);
  assert.equal(after.createdAt, before.createdAt);
  // Three are kept where the experiment does not say.
  assert.deepEqual(await listCheckpoints(directory), [260, 280, 300]);
});

for (const [name, chosen] of [
  ['of its own', 'noise.custom({ sample, logDensity })'],
  ['of a file', "noise.samples({ of: data.csv('draws.csv'), logDensity })"],
] as const) {
  test(`with fixed noise ${name} it does so as well`, async (t) => {
    const text = source
      .replace(
        /objective: .*/,
        'objective: objective.noiseContrastiveEstimation({ noise: chosen, noiseRatio: 2, fixedNoise: true }),',
      )
      .replace('sampler, schedule', 'noise, sampler, schedule')
      .replace(
        'export default',
        `const sample = (count: number) => tf.mul(tf.randomNormal([count, 2]), 1.5);
const logDensity = (x: tf.Tensor2D) =>
  tf.sub(tf.div(tf.sum(tf.square(x), 1), -4.5), Math.log(4.5 * Math.PI));
const chosen = ${chosen};
export default`,
      );
    const numbers = numbersFrom(3)([600, 2], 2);
    const draws = Array.from({ length: 600 }, (_, i) => `${numbers[2 * i]},${numbers[2 * i + 1]}`);
    const files = { 'moons.ebm.ts': text, 'draws.csv': ['x,y', ...draws].join('\n') };
    const folder = await experimentFolder(t, files);
    await succeed(command(t, folder, 'run', 'moons.ebm.ts'));
    const expected = await result((await runsIn(folder))[0]!);
    const directory = await killAfter(t, folder, 60);
    await succeed(command(t, folder, 'resume', path.basename(directory)));
    assert.deepEqual(await result(directory), expected);
    const { dataFiles = [] } = await readManifest(directory);
    assert.deepEqual(
      dataFiles.map(({ file }) => file),
      chosen.includes('csv') ? ['draws.csv'] : [],
    );
    const { values } = await readCurve(directory, undefined, 0, 'loss');
    const mean = (part: readonly number[]) => part.reduce((sum, x) => sum + x, 0) / part.length;
    const [first, last] = [mean([...values.slice(0, 50)]), mean([...values.slice(-50)])];
    assert.ok(last < first, `${last}, not below ${first}`);
  });
}

test('a run that was killed before its first checkpoint begins anew, in its place', async (t) => {
  const { folder, expected } = await unbroken(t);
  const directory = await killAfter(t, folder, 20);
  await rm(path.join(directory, 'checkpoints'), { recursive: true });
  await succeed(command(t, folder, 'resume', directory));
  assert.deepEqual(await result(directory), expected);
  assert.equal((await readManifest(directory)).resumes?.[0]?.step, 0);
});

test('a broken checkpoint is told of, and the one before it is taken', async (t) => {
  const { folder, expected } = await unbroken(t);
  const directory = await killAfter(t, folder, 60);
  const newest = (await listCheckpoints(directory)).at(-1)!;
  const name = `${String(newest).padStart(9, '0')}.safetensors`;
  await truncate(path.join(directory, 'checkpoints', name), 100);
  await succeed(command(t, folder, 'resume', path.basename(directory)));
  assert.deepEqual(await result(directory), expected);
  const { resumes, warnings } = await readManifest(directory);
  assert.ok(resumes![0]!.step < newest);
  assert.match(String(warnings), new RegExp(name));
});

test('the best checkpoint stays, also when a run goes on', async (t) => {
  const best = (metric: string) =>
    source.replace(
      '{ every: 20 }',
      `{ every: 20, keep: 1, best: { metric: '${metric}', mode: 'max' } }`,
    );
  const folder = await experimentFolder(t, {
    'moons.ebm.ts': best('log-likelihood/held-out, in the window'),
    'wrong.ebm.ts': best('likelihood'),
  });
  await refuse(
    command(t, folder, 'run', 'wrong.ebm.ts'),
    /'checkpoint\.best\.metric' is 'likelihood'[\s\S]*'log-likelihood\/held-out'/,
  );
  await succeed(command(t, folder, 'run', 'moons.ebm.ts', '--steps', '150'));
  const directory = (await runsIn(folder))[0]!;
  await succeed(command(t, folder, 'resume', directory, '--steps', '300'));
  const { steps, values } = await readCurve(
    directory,
    undefined,
    0,
    'log-likelihood/held-out, in the window',
  );
  const shown = steps.map((step, index) => ({ step, value: values[index]! })).slice(1);
  const { step } = shown.reduce((a, b) => (b.value > a.value ? b : a));
  assert.deepEqual(await listCheckpoints(directory), [...new Set([step, 300])]);
});

test('a finished run is done with more steps as if it had had them from the beginning', async (t) => {
  const { expected } = await unbroken(t, source, '--steps', '340');
  const { folder, directory } = await unbroken(t);
  await refuse(command(t, folder, 'resume', directory), /has done all of its 300 steps/);
  await succeed(command(t, folder, 'resume', directory, '--steps', '340'));
  const { tensors, step } = await result(directory);
  assert.deepEqual({ tensors, step }, { tensors: expected.tensors, step: 340 });
  const { overrides, state } = await readManifest(directory);
  assert.deepEqual([overrides, state.steps], [{ steps: 340 }, 340]);
});

test('a run in training is not resumed, nor is what is no run', async (t) => {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const program = command(t, folder, 'run', 'moons.ebm.ts', '--steps', '10000000');
  const directory = await until('it trains', async () => {
    const [made] = await runsIn(folder).catch(() => []);
    return made !== undefined && (await listCheckpoints(made)).length > 0 && made;
  });
  await refuse(command(t, folder, 'resume', directory), /is in training already/);
  await refuse(command(t, folder, 'resume', 'nothing'), /nothing is no run in .*runs/);
  program.process.kill('SIGINT');
  await succeed(program);
  // Stopped by its user: it goes on where it stopped.
  const { state } = await readManifest(directory);
  await succeed(command(t, folder, 'resume', directory, '--steps', String(state.step + 5)));
  assert.equal((await readManifest(directory)).state.status, 'finished');
});

test('a run in training writes a checkpoint when a shell asks for one', async (t) => {
  const text = source.replace('every: 20', 'every: 1_000_000').replace('300', '10_000_000');
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
  const program = command(t, folder, 'run', 'moons.ebm.ts');
  const directory = await until('it trains', async () => {
    const [made] = await runsIn(folder).catch(() => []);
    return made !== undefined && (await readManifest(made)).state.status === 'running' && made;
  });
  const written = command(t, folder, 'checkpoint', directory);
  await succeed(written);
  const step = Number(/^checkpoint of ‘moons’ written, step (\d+)\n$/.exec(written.out())?.[1]);
  assert.deepEqual(await listCheckpoints(directory), [step]);
  assert.equal((await readCheckpoint(directory, step)).step, step);
  program.process.kill('SIGINT');
  await succeed(program);
  await refuse(command(t, folder, 'checkpoint', directory), /‘moons’ is not in training/);
});

test('two that resume one run at once: one does, the other is told', async (t) => {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  await mkdir(path.join(folder, 'runs'));
  const directory = await killAfter(t, folder, 40);
  const both = [0, 1].map(() => command(t, folder, 'resume', directory));
  const codes = await Promise.all(both.map(({ exited }) => exited));
  // One may be so late that the other has finished; then it is told so instead.
  assert.deepEqual([...codes].sort(), [0, 2]);
  const errors = both.map((program) => program.errors()).join('');
  assert.match(errors, /in training already|Another trainer listens there|done all of its/);
  assert.deepEqual(
    (await result(directory)).steps,
    Array.from({ length: 300 }, (_, k) => k + 1),
  );
});

test('a run is repeated exactly, from its kept source, with its seed and beside its data', async (t) => {
  const text = smallExperiment({
    data: "data.csv('numbers.csv')",
    optimizer: 'optimizer.adam({ learningRate: schedule.linear({ peak: 1e-3 }) })',
    steps: '10',
  })
    .replace('seed: 0', '')
    // A network of ten steps has no likelihood, which would be a warning.
    .replace('resolution: 16', 'resolution: 16, diagnostics: []')
    .replace('export default', "import { rate } from 'rates';\nvoid rate;\nexport default");
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text });
  const rows = Array.from({ length: 40 }, (_, k) => `${Math.sin(k)},${Math.cos(3 * k)}`);
  await writeFile(path.join(folder, 'numbers.csv'), `a,b\n${rows.join('\n')}\n`);
  const rates = path.join(folder, 'node_modules/rates');
  await mkdir(rates, { recursive: true });
  await writeFile(path.join(rates, 'index.js'), 'exports.rate = 1;');
  await succeed(command(t, folder, 'run', 'moons.ebm.ts', '--set', 'batchSize=8'));
  const [first] = await runsIn(folder);
  await copyFile(path.join(folder, 'numbers.csv'), path.join(folder, 'moons.ebm.ts'));
  await succeed(command(t, folder, 'run', '--exactly', first!));
  const [, second] = await runsIn(folder);
  assert.deepEqual(await result(second!), await result(first!));
  const [a, b] = [await readManifest(first!), await readManifest(second!)];
  assert.equal(b.parent, a.id);
  assert.deepEqual([b.seed, b.experiment], [a.seed, a.experiment]);
  const kept = (directory: string) => readFile(path.join(directory, a.experiment.source), 'utf8');
  assert.equal(await kept(second!), await kept(first!));
  assert.equal(a.warnings, undefined);
  const [was] = a.dataFiles!;
  assert.equal(was!.file, 'numbers.csv');

  await writeFile(path.join(folder, 'numbers.csv'), `a,b\n${rows.reverse().join('\n')}\n`);
  const changed = /numbers\.csv has changed since ‘moons’ began \(SHA-256 \w{12}… then/;
  const exactly = command(t, folder, 'run', '--exactly', first!);
  await succeed(exactly);
  assert.match(exactly.out(), changed);
  const c = await readManifest((await runsIn(folder))[2]!);
  assert.match(String(c.warnings), changed);
  assert.notDeepEqual(c.dataFiles, a.dataFiles);
  const resumed = command(t, folder, 'resume', first!, '--steps', '12');
  await succeed(resumed);
  assert.match(resumed.out(), changed);
  const { warnings, dataFiles, config } = await readManifest(first!);
  // A schedule without a length of its own has that of the run, then and now.
  const endOf = ({ optimizer }: JsonObject) =>
    (optimizer as { readonly learningRate: { readonly steps: number } }).learningRate.steps;
  assert.deepEqual(
    [a, b, { config }].map((run) => endOf(run.config)),
    [10, 10, 12],
  );
  assert.match(String(warnings), changed);
  // What it began with is what the next one to go on compares with, too.
  assert.deepEqual(dataFiles, [was]);
});

test('a run begins from the parameters of another, and needs that file no more', async (t) => {
  const { folder, directory: first } = await unbroken(t, source, '--steps', '20');
  const weights = path.join(folder, 'weights.safetensors');
  await copyFile(path.join(first, 'checkpoints/000000020.safetensors'), weights);
  const set = ['--set', 'initialize=weights.safetensors', '--steps', '20'];
  await succeed(command(t, folder, 'run', 'moons.ebm.ts', ...set));
  const second = (await runsIn(folder))[1]!;
  const { initialize } = await readManifest(second);
  const sha256 = createHash('sha256')
    .update(await readFile(weights))
    .digest('hex');
  assert.deepEqual(initialize, { file: 'weights.safetensors', sha256 });
  const ended = new Map(
    (await readCheckpoint(first, 20)).tensors.map(({ name, data }) => [name, data]),
  );
  const begun = await readInitialParameters(second);
  assert.equal(begun.length, 3);
  for (const { name, data } of begun) assert.deepEqual(data, ended.get(`parameters/${name}`));
  const expected = await result(second);
  assert.notDeepEqual(expected.values, (await result(first)).values);

  await rm(weights);
  await refuse(command(t, folder, 'rerun', second), /weights\.safetensors does not exist/);
  await succeed(command(t, folder, 'run', '--exactly', second));
  const third = (await runsIn(folder))[2]!;
  assert.deepEqual(await result(third), expected);
  assert.deepEqual((await readManifest(third)).initialize, initialize);
  // As if it had been killed before its first checkpoint.
  await rm(path.join(third, 'checkpoints'), { recursive: true });
  await succeed(command(t, folder, 'resume', third));
  assert.deepEqual(await result(third), expected);
});

test('runs are listed, shown and rerun from a shell', async (t) => {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const empty = command(t, folder, 'list');
  await succeed(empty);
  assert.equal(empty.out(), 'no runs\n');
  await succeed(command(t, folder, 'run', 'moons.ebm.ts', '--steps', '12', '--seed', '3'));
  const [first] = await runsIn(folder);
  const { id } = await readManifest(first!);
  await succeed(command(t, folder, 'rerun', id, '--set', 'batchSize=8'));
  const [, second] = await runsIn(folder);
  const again = await readManifest(second!);
  assert.equal(again.parent, id);
  assert.deepEqual(again.overrides, { steps: 12, seed: 3, batchSize: 8 });
  await mkdir(path.join(folder, 'runs/20200101-000000-broken'));

  const listed = command(t, folder, 'list');
  await succeed(listed);
  const lines = listed.out().split('\n');
  assert.match(lines[0]!, /^id +name +status +steps +trained +begun +tags$/);
  assert.ok(lines[1]!.startsWith(again.id) && lines[2]!.startsWith(id));
  assert.match(lines[2]!, / moons +finished +12\/12 /);
  assert.match(lines[3]!, /^20200101-000000-broken {2}cannot be opened: {2}.*run\.json/);
  const asJson = command(t, folder, 'list', '--json');
  await succeed(asJson);
  const rows = asJson
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    rows.map((row) => row.status),
    ['finished', 'finished', undefined],
  );

  const shown = command(t, folder, 'show', again.id);
  await succeed(shown);
  for (const line of [
    /^status +finished, 12 of 12 steps$/m,
    new RegExp(`^parent +${id}$`, 'm'),
    /^checkpoints +of steps 12$/m,
    /^overrides +\{"steps":12,"seed":3,"batchSize":8\}$/m,
    /^ {2}loss +-?[\d.e-]+$/m,
    /"batchSize": 8/,
  ]) {
    assert.match(shown.out(), line);
  }
  const curve = await readCurve(second!);
  const json = command(t, folder, 'show', again.id, '--json');
  await succeed(json);
  assert.equal(JSON.parse(json.out()).last.loss, curve.values.at(-1));
  await refuse(command(t, folder, 'show', 'nothing'), /is no run/);
  for (const name of await readdir(second!)) {
    if (name.startsWith('events.')) await rm(path.join(second!, name));
  }
  await writeFile(path.join(second!, 'annotations.json'), '{');
  const bare = command(t, folder, 'show', again.id);
  await succeed(bare);
  assert.match(bare.out(), /^broken +.*annotations\.json: it is not JSON/m);
  assert.match(bare.out(), /^metrics\nconfiguration$/m);

  // A run whose process was killed says that it lives; nobody answers there.
  const killed = await killAfter(t, folder, 20);
  const gone = command(t, folder, 'list');
  await succeed(gone);
  const { id: killedId } = await readManifest(killed);
  assert.match(gone.out(), new RegExp(`^${killedId} +moons +gone `, 'm'));
});

/** How often processes are killed; EBM_KILLS asks for more. */
const kills = Number(process.env['EBM_KILLS'] ?? 12);

test(`killed at ${kills} moments, a run opens each time, loses nothing and ends the same`, async (t) => {
  // Every third step writes a checkpoint and every fourth a preview: many a kill falls into a write.
  const text = source
    .replace(/every: 20 }/, 'every: 3 }')
    .replace(/preview: \{ every: [\d_]+/, 'preview: { every: 4')
    .replace(/steps: 300/, `steps: ${300 + 100 * kills}`);
  const { folder, expected } = await unbroken(t, text);
  const known = await runsIn(folder);
  const random = numbersFrom(Number(process.env['EBM_KILL_SEED'] ?? 1));
  let directory: string | undefined;
  let recorded = 0;
  let killed = 0;
  for (let kill = 0; kill < kills; kill++) {
    const args: string[] =
      directory === undefined ? ['run', 'moons.ebm.ts'] : ['resume', directory];
    const program = command(t, folder, ...args);
    const before = recorded;
    directory ??= await until('the run begins', async () =>
      (await runsIn(folder)).find((run) => !known.includes(run)),
    );
    const at = directory;
    if (kill > 0 && kill % 4 === 0) {
      // While it starts: reads its checkpoint, listens, compiles, replaces the manifest.
      await delay(((random([1])[0]! + 1) / 2) * 1500);
    } else {
      // A test that is slow to look, on a busy machine, may find a run that is through.
      if (!(await untilTraining(program, at))) break;
      // Some are killed in the very beginning, others after a few checkpoints.
      await delay(((random([1])[0]! + 1) / 2) * 120);
    }
    recorded = (await readCurve(at)).steps.length;
    program.process.kill('SIGKILL');
    if ((await program.exited) === 'SIGKILL') killed += 1;
    await readManifest(at);
    const { steps, values } = await readCurve(at);
    assert.ok(steps.length >= Math.max(before, recorded), 'what was recorded is there');
    assert.deepEqual(steps, expected.steps.slice(0, steps.length));
    assert.deepEqual(values, expected.values.slice(0, values.length));
    recorded = steps.length;
  }
  assert.ok(killed > kills / 2, `It was killed ${killed} times only.`);
  if ((await readManifest(directory!)).state.status !== 'finished') {
    await succeed(command(t, folder, 'resume', directory!));
  }
  assert.deepEqual(await result(directory!), expected);
  // What was half written when its process was killed is gone.
  const names = await readdir(directory!, { recursive: true });
  assert.deepEqual(
    names.filter((name) => name.endsWith('.tmp')),
    [],
  );
});

/** Waits until this process, and none before it, says that it trains; false: it is through already. */
async function untilTraining({ process, pid }: Program, at: string): Promise<boolean> {
  const { trains } = await until('it trains or is through', async () => {
    if (process.exitCode !== null) return { trains: false };
    const { state, worker } = await readManifest(at);
    return state.status === 'running' && worker?.pid === pid && { trains: true };
  });
  return trains;
}
