/** `ebm draw`: samples of kept models, against the run's own previews, known laws and the data themselves. */
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { readCheckpoint } from '../../run-directory/checkpoints';
import { samplesInUnits } from '../../run-directory/export-samples';
import { readManifest } from '../../run-directory/manifest';
import { readNpy } from '../../run-directory/npy';
import { readPreview } from '../../run-directory/previews';
import { readAllTensors } from '../../run-directory/safetensors';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { command, refuse, runsIn, succeed } from '../support/shell-runs';

/** A folder with one run of an experiment; what is given more lies beside it. */
async function trained(
  t: TestContext,
  source: string,
  more: Readonly<Record<string, string>> = {},
) {
  const folder = await experimentFolder(t, { 'small.ebm.ts': source, ...more });
  await succeed(command(t, folder, 'run', 'small.ebm.ts'));
  const [directory] = await runsIn(folder);
  assert.ok(directory);
  const name = path.basename(directory);
  return { folder, directory, name };
}

/** What `ebm draw` answers, as JSON. */
async function drawn(t: TestContext, folder: string, name: string, ...args: string[]) {
  const program = command(t, folder, 'draw', name, '--json', ...args);
  await succeed(program);
  return JSON.parse(program.out()) as {
    file: string;
    count: number;
    checkpoint: number;
    sampler: { type: string; stepSize?: number; steps?: number };
    steps: number;
    start: string;
  };
}

async function npyOf(file: string) {
  const { data, shape } = readNpy(await readFile(file));
  return { values: data as Float32Array, shape };
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

test('what previews show comes again to the bit, of each checkpoint, and writes nothing to the run', async (t) => {
  const { folder, directory, name } = await trained(
    t,
    smallExperiment({
      objective: 'objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 3 }) })',
      checkpoint: '{ every: 10, keep: 5 }',
      preview: '{ every: 10, samples: 32, chainSteps: 40, diagnostics: [] }',
    }),
  );
  const before = await filesOf(directory);
  const { preview: layout, transform } = await readManifest(directory);
  for (const step of [10, 20]) {
    const told = await drawn(t, folder, name, '--checkpoint', String(step), '--count', '32');
    assert.deepEqual([told.checkpoint, told.start, told.steps], [step, 'noise', 40]);
    assert.equal(path.basename(told.file), `${name}.drawn.npy`);
    const { samples } = await readPreview(directory, step, layout!);
    const { values, shape } = await npyOf(told.file);
    assert.deepEqual(shape, [32, 2]);
    assert.deepEqual(values, samplesInUnits(samples, layout!, transform));
  }
  const other = await drawn(t, folder, name, '--count', '32', '--seed', '5');
  const { samples } = await readPreview(directory, 20, layout!);
  const { values } = await npyOf(other.file);
  assert.equal(other.checkpoint, 20, 'the newest');
  assert.ok(values.every((value, at) => value !== samples[at]));
  assert.deepEqual(await filesOf(directory), before);
});

test('chains of a buffer come as they are, and have the step size that it was changed to', async (t) => {
  const { folder, directory, name } = await trained(
    t,
    smallExperiment({ checkpoint: '{ every: 10, keep: 5 }' }),
  );
  const { preview: layout, transform } = await readManifest(directory);
  const { samples } = await readPreview(directory, 20, layout!);
  const still = await drawn(t, folder, name, '--steps', '0', '--count', '32');
  assert.equal(still.start, 'buffer');
  const { values } = await npyOf(still.file);
  assert.deepEqual(values, samplesInUnits(samples, layout!, transform));

  const file = path.join(directory, 'run.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  const option = 'objective.sampler.stepSize';
  const change = { at: '2026-01-01T00:00:00.000Z', step: 15, option, from: 0.1, to: 0.3 };
  await writeFile(file, JSON.stringify({ ...manifest, changes: [change] }));
  for (const [step, stepSize] of [
    ['10', 0.1],
    ['20', 0.3],
  ] as const) {
    const told = await drawn(t, folder, name, '--checkpoint', step, '--count', '4', '--steps', '7');
    assert.deepEqual([told.sampler.stepSize, told.steps, told.sampler.steps], [stepSize, 7, 7]);
  }
});

/** Two columns of other places and widths than a model has. */
const columns = [
  { mean: 170, deviation: 10 },
  { mean: -3, deviation: 0.01 },
] as const;

test('rows of data come back in their units; samples of a known law have its moments and energies', async (t) => {
  // A grid of quantiles: its moments are those of the columns.
  const rows = Array.from({ length: 64 }, (_, row) =>
    columns.map(({ mean, deviation }, column) => {
      const share = ((column === 0 ? row % 8 : Math.floor(row / 8)) - 3.5) / 2.29128784747792;
      return Math.fround(mean + deviation * share);
    }),
  );
  const { folder, directory, name } = await trained(
    t,
    smallExperiment({
      data: "data.csv('rows.csv', { heldOut: 0 })",
      energy: 'energy.quadratic({ curvature: 2 })',
      objective: 'objective.slicedScoreMatching()',
      optimizer: 'optimizer.adam({ learningRate: 0.05 })',
      preview: '{ samples: 8, chainSteps: 0, diagnostics: [] }',
    }),
    { 'rows.csv': ['height,weight', ...rows.map((row) => row.join())].join('\n') },
  );
  // All but the one that is held out.
  const taken = ['--from', 'data', '--steps', '0', '--count', '63', '--out', 'rows.npy'];
  const { file } = await drawn(t, folder, name, ...taken);
  const { values } = await npyOf(file);
  const found = Array.from({ length: 63 }, (_, at) =>
    rows.findIndex((row) =>
      row.every((value, column) => {
        // Scaled and scaled back in single precision: a few roundings of the largest number on the way.
        const error = Math.abs(values[2 * at + column]! - value);
        return error <= 4 * 2 ** -23 * Math.abs(value);
      }),
    ),
  );
  assert.ok(!found.includes(-1), 'each is a row of the file');
  assert.equal(new Set(found).size, 63, 'each another one');

  const { tensors } = await readCheckpoint(directory, 20);
  const curvature = tensors.find((tensor) => tensor.name === 'parameters/curvature')!.data;
  const { transform } = await readManifest(directory);
  const count = 4096;
  const hamiltonian = ['--sampler', 'hamiltonian', '--set', 'stepSize=0.5', '--steps', '100'];
  const out = ['--count', String(count), '--out', 'samples.safetensors'];
  const told = await drawn(t, folder, name, ...hamiltonian, ...out);
  assert.equal(told.sampler.type, 'hamiltonian');
  const kept = readAllTensors(await readFile(told.file));
  assert.deepEqual(kept.metadata['checkpoint'], '20');
  assert.equal(JSON.parse(kept.metadata['sampler']!).stepSize, 0.5);
  const [samples, energies] = ['samples', 'energies'].map(
    (tensor) => kept.tensors.find((one) => one.name === tensor)!.data,
  ) as [Float32Array, Float32Array];
  for (const column of [0, 1]) {
    const scale = transform!.scale[column]!;
    const variance = scale ** 2 / curvature[column]!;
    const middle = transform!.mean[column]!;
    const own = samples.filter((_, at) => at % 2 === column).map((x) => x - middle);
    const mean = own.reduce((sum, x) => sum + x, 0) / count;
    const second = own.reduce((sum, x) => sum + x * x, 0) / count;
    // Independent chains of a normal law, at five standard errors of its moments, √(v/n) and v √(2/n):
    // four such bounds fail together at fewer than one seed in 400,000.
    assert.ok(Math.abs(mean) < 5 * Math.sqrt(variance / count), `mean ${mean}`);
    assert.ok(Math.abs(second / variance - 1) < 5 * Math.sqrt(2 / count), `variance ${second}`);
  }
  energies.forEach((energy, row) => {
    const expected = transform!.mean.reduce((sum, mean, column) => {
      const x = (samples[2 * row + column]! - mean) / transform!.scale[column]!;
      return sum + (curvature[column]! * x * x) / 2;
    }, 0);
    // The units cost digits: -3 ± 0.01 has 2^-24 · 300 of its deviation.
    assert.ok(Math.abs(energy - expected) < 1e-3 * (1 + Math.abs(expected)), `row ${row}`);
  });

  // (1 - ε²θ/2) to the power of 200 is more than a number can be.
  await refuse(
    command(t, folder, 'draw', name, '--set', 'stepSize=1000', '--steps', '200'),
    /256 of 256 chains of sampler\.langevin ran off to numbers that are not finite/,
  );
  const place = [163, -2.99];
  const asked = command(t, folder, 'energy', name, '--json', '--at', place.join(), '170,-3');
  await succeed(asked);
  const [point] = asked
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const at = place.map((value, d) => (value - transform!.mean[d]!) / transform!.scale[d]!);
  const near = (got: number, expected: number) =>
    assert.ok(Math.abs(got - expected) < 1e-4 * (1 + Math.abs(expected)), `${got}, ${expected}`);
  // Of a normal law with the variances scale² / curvature, about the middle of the data.
  near(
    point.energy,
    at.reduce((sum, x, d) => sum + (curvature[d]! * x * x) / 2, 0),
  );
  near(
    point.negativeLogDensity,
    at.reduce((sum, x, d) => {
      const variance = transform!.scale[d]! ** 2 / curvature[d]!;
      return sum + (curvature[d]! * x * x) / 2 + Math.log(2 * Math.PI * variance) / 2;
    }, 0),
  );
  at.forEach((x, d) => {
    near(point.score[d], (-curvature[d]! * x) / transform!.scale[d]!);
  });
  await refuse(command(t, folder, 'energy', name, '--at', '1'), /it has 1 values, not 2/);
  await refuse(command(t, folder, 'energy', name, '--at', '1,x'), /weight is a number/);

  const table = command(t, folder, 'draw', name, '--count', '3', '--out', 'few.csv');
  await succeed(table);
  assert.match(
    table.out(),
    /^3 samples of ‘small’ at step 20, from noise, by 500 iterations of sampler.langevin: /,
  );
  const lines = (await readFile(path.join(folder, 'few.csv'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual([lines[0], lines.length], ['height,weight', 4]);
});

test('categories come by the names of their levels', async (t) => {
  const rows = ['red,big', 'blue,small', 'red,small', 'green,big'];
  const { folder, name } = await trained(
    t,
    smallExperiment({
      data: "data.csv('rows.csv', { domain: 'categorical', heldOut: 0 })",
      energy: 'energy.rbm({ hidden: 2 })',
      objective: 'objective.contrastiveDivergence({ sampler: sampler.gibbs({ steps: 1 }) })',
      batchSize: '4',
      preview: '{ samples: 4, diagnostics: [] }',
    }),
    { 'rows.csv': ['colour,size', ...rows, ...rows].join('\n') },
  );
  const { file } = await drawn(
    t,
    folder,
    name,
    '--from',
    'data',
    '--steps',
    '0',
    '--count',
    '7',
    '--out',
    'drawn.csv',
  );
  const [head, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  assert.equal(head, 'colour,size');
  const all = ['red', 'green', 'blue'].flatMap((colour) => [`${colour},big`, `${colour},small`]);
  const asked = command(t, folder, 'energy', name, '--json', '--at', ...all);
  await succeed(asked);
  const told = asked
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ point, score }) => [point.join(), score]),
    all.map((row) => [row, undefined]),
  );
  // A sum of six numbers of single precision.
  const total = told.reduce((sum, one) => sum + Math.exp(-one.negativeLogDensity), 0);
  assert.ok(Math.abs(total - 1) < 1e-5, `all there is has probability ${total}`);
  await refuse(
    command(t, folder, 'energy', name, '--at', 'black,big'),
    /colour is one of blue, green, red/,
  );
  const left = [...rows, ...rows];
  for (const line of lines) {
    assert.ok(left.includes(line), `${line} is another row of the file`);
    left.splice(left.indexOf(line), 1);
  }
  assert.equal(left.length, 1, 'which is held out');
  await appendFile(path.join(folder, 'rows.csv'), '\nblack,big');
  await refuse(command(t, folder, 'draw', name), /rows\.csv has changed since ‘small’ began/);
});

test('what cannot be drawn is refused with what can', async (t) => {
  const { folder, directory, name } = await trained(
    t,
    smallExperiment({
      objective: 'objective.slicedScoreMatching()',
      steps: '5',
      preview: '{ samples: 8, chainSteps: 0, diagnostics: [] }',
    }),
  );
  for (const [args, why] of [
    [['--sampler', 'langevn'], /no sampler 'langevn'[\s\S]*Did you mean 'langevin'\?/],
    [['--sampler', 'gibbs'], /sampler\.gibbs cannot be used with data\.twoMoons/],
    [['--set', 'stepSize=-1'], /sampler\.langevin: 'stepSize'/],
    [['--set', 'steps=9'], /Say --steps for iterations/],
    [['--steps', '100001'], /100,001 iterations are too many/],
    [['--from', 'buffer'], /keeps no buffer/],
    [['--checkpoint', '3'], /no checkpoint of step 3[\s\S]*It has those of/],
    [['--out', 'samples.txt'], /'\.txt' is no ending/],
    [['--out', path.join(directory, 'samples.npy')], /lies in the run/],
  ] as const) {
    await refuse(command(t, folder, 'draw', name, ...args), why);
  }
  assert.deepEqual(
    (await readdir(folder)).sort(),
    ['runs', 'small.ebm.ts'],
    'nothing is left of what was refused',
  );
});

test('of chains that live on no more are drawn than there are', async (t) => {
  const { folder, name } = await trained(t, smallExperiment({ steps: '2' }));
  await refuse(
    command(t, folder, 'draw', name, '--count', '129'),
    /The buffer has 128 chains, not 129[\s\S]*start from noise or from data/,
  );
  const all = await drawn(t, folder, name, '--steps', '1');
  assert.equal(all.count, 128);
  const more = await drawn(t, folder, name, '--steps', '1', '--count', '129', '--from', 'noise');
  assert.deepEqual([more.count, more.start], [129, 'noise']);
});
