/**
 * The same seed on the same backend gives the same bits: over 200 steps, through a checkpoint in the
 * middle, and when the process that wrote it was killed.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readSafetensors } from '../../run-directory/safetensors';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import type { Checkpoint } from '../../trainer-worker/trainer/training/run-observer';
import { until } from '../support/condition';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { idxOf } from '../support/idx';
import { ebm, start } from '../support/trainer';

const source = smallExperiment({
  energy: 'energy.mlp({ hidden: [32, 32] })',
  optimizer: 'optimizer.adamW({ average: 0.99, clipNorm: 10 })',
  steps: '200',
  checkpoint: '{ every: 80 }',
});

/** Trains in this process to the end; the last checkpoint. */
async function trained(file: string, saved?: Checkpoint): Promise<Checkpoint> {
  const prepared = await prepareTraining(await loadExperiment(file), saved ? { saved } : {});
  let last: Checkpoint | undefined;
  const steps: number[] = [];
  const loop = prepared.createLoop([
    {
      metrics: (step) => steps.push(step),
      async checkpoint(checkpoint) {
        last = checkpoint;
      },
    },
  ]);
  assert.equal(await loop.run(), 'finished');
  // A preview comes first, at step 0; then each step that is left, once.
  const first = saved ? saved.step + 1 : 0;
  assert.deepEqual(
    steps,
    Array.from({ length: 201 - first }, (_, i) => first + i),
  );
  return last!;
}

function bitsOf({ tensors }: Pick<Checkpoint, 'tensors'>): Map<string, string> {
  return new Map(
    tensors.map(({ name, data }) => [
      name,
      Buffer.from(new Uint8Array(data.buffer)).toString('hex'),
    ]),
  );
}

test('a run that was killed goes on from its checkpoint bit for bit', async (t) => {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': source });
  const file = path.join(folder, 'moons.ebm.ts');
  const whole = bitsOf(await trained(file));
  assert.deepEqual(bitsOf(await trained(file)), whole, 'twice the same run');

  const program = start(
    t,
    [process.execPath, ebm, 'run', 'moons.ebm.ts', '--steps', '100000', '--runs', 'runs'],
    { cwd: folder },
  );
  const saved = await until('a checkpoint is written', async () => {
    const names = await readdir(path.join(folder, 'runs'), { recursive: true }).catch(() => []);
    return names.find((name) => name.endsWith('000000080.safetensors'));
  });
  program.process.kill('SIGKILL');
  assert.equal(await program.exited, 'SIGKILL');

  const { tensors } = readSafetensors(await readFile(path.join(folder, 'runs', saved)));
  const resumed = await trained(file, { step: 80, tensors, metadata: {} });
  assert.deepEqual(bitsOf(resumed), whole);
});

/** Images of 3 × 2 pixels. */
const images = idxOf(
  [60, 3, 2],
  Array.from({ length: 360 }, (_, i) => (i * 97) % 256),
);

for (const [name, changes] of [
  [
    'noise for each batch, mirrored by chance',
    { data: "data.idx('images', { dequantize: true, flip: true })" },
  ],
  [
    'noise for each batch, as logits',
    { data: "data.idx('images', { dequantize: true, logit: 0.05 })" },
  ],
  [
    'bits drawn for each batch',
    {
      data: "data.idx('images', { binarize: 'drawn' })",
      objective:
        'objective.persistentContrastiveDivergence({ sampler: sampler.gibbsWithGradients({ steps: 3 }), bufferSize: 128 })',
    },
  ],
] as const) {
  test(`images with ${name} are trained on alike after a resume, bit for bit`, async (t) => {
    const text = smallExperiment({
      ...changes,
      preview: '{ every: 10, samples: 32 }',
      checkpoint: '{ every: 7, everySeconds: null }',
    });
    const folder = await experimentFolder(t, { 'images.ebm.ts': text, images });
    const loaded = await loadExperiment(path.join(folder, 'images.ebm.ts'));
    const train = async (saved?: Checkpoint) => {
      const prepared = await prepareTraining(loaded, saved ? { saved } : {});
      const { image } = prepared.description.preview;
      assert.deepEqual([image?.height, image?.width, image?.channels], [3, 2, 1]);
      const checkpoints = new Map<number, Checkpoint>();
      const loop = prepared.createLoop([
        {
          async checkpoint(checkpoint) {
            const tensors = checkpoint.tensors.map((one) => ({ ...one, data: one.data.slice() }));
            checkpoints.set(checkpoint.step, { ...checkpoint, tensors });
          },
        },
      ]);
      assert.equal(await loop.run(), 'finished');
      return checkpoints;
    };
    const whole = await train();
    const resumed = await train(whole.get(7));
    assert.deepEqual(bitsOf(resumed.get(20)!), bitsOf(whole.get(20)!));
    assert.notDeepEqual(bitsOf(whole.get(7)!), bitsOf(whole.get(20)!));
  });
}
