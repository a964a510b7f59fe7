/** A real run, read by Python with NumPy and nothing of ours. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { readScalars } from '../../run-directory/event-file';
import { histogramOf } from '../../run-directory/histogram';
import { readManifest } from '../../run-directory/manifest';
import { listPreviewSteps, readData, readPreview } from '../../run-directory/previews';
import { palette, pictureOf } from '../../trainer-worker/storage/picture';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { ebm, start } from '../support/trainer';

const python = '/usr/bin/python3';
const script = path.resolve('test/integration/read-run.py');

/** Why this is left out here, or false. */
const withoutNumpy = ((): string | false => {
  try {
    execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'this machine has no Python with NumPy (Debian: python3-numpy)';
  }
})();

const bits = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

test('Python reads curves, samples, landscapes and checkpoints to the same bits', {
  skip: withoutNumpy,
}, async (t) => {
  const folder = await experimentFolder(t, {
    'moons.ebm.ts': smallExperiment({ checkpoint: '{ every: 10 }' }),
  });
  const run = start(t, [process.execPath, ebm, 'run', 'moons.ebm.ts', '--runs', 'runs'], {
    cwd: folder,
  });
  assert.equal(await run.exited, 0, run.errors());
  const [name] = await readdir(path.join(folder, 'runs'));
  const directory = path.join(folder, 'runs', name!);
  const found = JSON.parse(
    execFileSync(python, [script, directory], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  );

  const manifest = await readManifest(directory);
  assert.equal(found.manifest, manifest.id);

  const curves: Record<string, [number, string][]> = {};
  for (const [step, tag, value] of found.scalars) {
    curves[tag] = [...(curves[tag] ?? []), [step, value]];
  }
  for await (const { series, problem } of readScalars(directory)) {
    assert.equal(problem, undefined);
    for (const [tag, { steps, values }] of Object.entries(series)) {
      const ours = [...steps].map((step, i) => [step, bits(values.slice(i, i + 1))]);
      assert.deepEqual(curves[tag], ours, tag);
      delete curves[tag];
    }
  }
  assert.deepEqual(curves, {});

  const data = (await readData(directory))!;
  const layout = manifest.preview!;
  const pictures = [];
  // Whether the one between is kept is a matter of time.
  const pictured: number[] = found.images.map(([step]: [number]) => step);
  assert.deepEqual([pictured[0], pictured.at(-1)], [0, 20]);
  for (const step of pictured) {
    const frame = await readPreview(directory, step, layout);
    const { width, height, pixels } = pictureOf(frame, { layout, data })!;
    const colors = Uint8Array.from([...pixels].flatMap((pixel) => palette[pixel]!));
    const sha256 = createHash('sha256').update(colors).digest('hex');
    pictures.push([step, 'samples', width, height, sha256]);
  }
  assert.deepEqual(found.images, pictures);

  const last = await readCheckpoint(directory, 20);
  const names = last.tensors.map(({ name }) => name).filter((name) => /^parameters\//.test(name));
  const tags = ['energies/samples', 'energies/held-out', ...names];
  assert.deepEqual(
    found.histograms.map(([step, tag]: [number, string]) => [step, tag]),
    pictured.flatMap((step) => tags.map((tag) => [step, tag])),
  );
  for (const [step, tag, numbers, limits, cells] of found.histograms) {
    const [min, max, count] = numbers;
    assert.equal(limits.length, cells.length);
    assert.equal(limits.at(-1), max);
    assert.ok(limits[0] > min || cells.length === 1);
    assert.equal(
      cells.reduce((sum: number, cell: number) => sum + cell, 0),
      count,
    );
    if (tag === 'energies/samples') assert.equal(count, 32);
    if (tag === 'energies/held-out') assert.equal(count, 100);
    const tensor = step === 20 && last.tensors.find(({ name }) => name === tag);
    if (!tensor) continue;
    const histogram = histogramOf(tensor.data)!;
    assert.deepEqual(cells, histogram.cells);
    const { sum, sumOfSquares } = histogram;
    assert.deepEqual(numbers, [histogram.min, histogram.max, histogram.count, sum, sumOfSquares]);
  }

  const arrays: Record<string, unknown> = {
    'data.npy': await readData(directory).then((data) => ({
      shape: [data!.count, 2],
      bits: bits(data!.values),
    })),
  };
  for (const step of await listPreviewSteps(directory)) {
    const { samples, count, field } = await readPreview(directory, step, manifest.preview!);
    const file = String(step).padStart(9, '0');
    arrays[`${file}.samples.npy`] = { shape: [count, 2], bits: bits(samples) };
    arrays[`${file}.field.npy`] = { shape: [16, 16], bits: bits(field!) };
  }
  assert.deepEqual(found.arrays, arrays);

  const steps = await listCheckpoints(directory);
  assert.deepEqual(steps, [10, 20]);
  for (const step of steps) {
    const { metadata, tensors } = await readCheckpoint(directory, step);
    assert.deepEqual(found.checkpoints[`${String(step).padStart(9, '0')}.safetensors`], {
      metadata,
      tensors: Object.fromEntries(
        tensors.map(({ name: tensor, shape, data }) => [tensor, { shape, bits: bits(data) }]),
      ),
    });
  }
});
