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
