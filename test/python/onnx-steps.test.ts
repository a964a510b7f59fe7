/** Exported training steps: checked by ONNX itself, and run by ONNX Runtime for Python. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { writeNpy } from '../../run-directory/npy';
import { programAsOnnx } from '../../trainer-worker/compiler/run/program-as-onnx';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { numbersFrom } from '../graph-numbers';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { askPython, withoutReaders } from '../support/python-readers';
import { recordedStep, writeTensors } from '../support/recorded-step';
import { ebm, start } from '../support/trainer';

const examples = path.resolve('examples');

/** What run-steps.py tells of a step. */
interface Checked {
  readonly operations: readonly string[];
  /** Inputs that it was given and does not have. */
  readonly unused: readonly string[];
  /** Of each output: the largest difference from ours, and the largest number of ours. */
  readonly differences: Readonly<Record<string, readonly [difference: number, largest: number]>>;
}

/**
 * How far a number may be off, as a share of the largest of its tensor. Both sides are ONNX Runtime, of
 * different versions: the bits are the same unless a kernel sums in another order. Sums of n numbers in
 * single precision then differ by some √n · 2⁻²⁴ of their size, 6e-6 for the ten thousand that the
 * largest here have; what a few dozen iterations of a chain make of that stays below this. A noise input
 * in another's place, or a sign, is off by the tensor's own size.
 */
const tolerance = 1e-4;

test('exported steps are sound ONNX and give elsewhere what they give here', {
  skip: withoutReaders,
}, async (t) => {
  const folder = await experimentFolder(t, {
    'images.npy': Buffer.concat(writeNpy(Float32Array.from(numbersFrom(3)([128, 64])), [128, 64])),
    'convolutional.ebm.ts': smallExperiment({
      data: "data.npy('images.npy')",
      energy: 'energy.convolutional({ shape: [8, 8, 1], channels: [8, 16] })',
      batchSize: '32',
    }),
    'bounded.ebm.ts': smallExperiment({
      data: "data.npy('images.npy')",
      energy:
        'energy.residualConvolutional({ shape: [8, 8, 1], channels: [4, 6], spectralNorm: 1 })',
      batchSize: '32',
    }),
    'noisy.ebm.ts': smallExperiment({
      data: "data.npy('images.npy')",
      energy:
        'energy.noiseConditionalConvolutional({ shape: [8, 8, 1], channels: [4, 6], blocks: 1 })',
      objective: 'objective.multiNoiseScoreMatching()',
      batchSize: '32',
    }),
    'field.ebm.ts': smallExperiment({
      data: "data.npy('images.npy')",
      energy: 'energy.scoreUNet({ shape: [8, 8, 1], channels: [4, 6] })',
      objective: 'objective.multiNoiseScoreMatching()',
      batchSize: '32',
    }),
  });
  const files = [
    ...(await readdir(folder))
      .filter((name) => name.endsWith('.ebm.ts'))
      .map((name) => path.join(folder, name)),
    ...(await readdir(examples))
      .filter((name) => name.endsWith('.ebm.ts'))
      .map((name) => path.join(examples, name)),
  ];
  const stem = (file: string) => path.join(folder, path.basename(file, '.ebm.ts'));
  for (const file of files) {
    const { program, feeds, inputs, state, key } = await recordedStep(file);
    await writeFile(`${stem(file)}.onnx`, programAsOnnx(program));
    const execution = await runOnOnnx(program, state);
    const outputs = await execution.run(inputs, key);
    const next = await execution.readState();
    await execution.dispose();
    await writeTensors(`${stem(file)}.in`, feeds);
    await writeTensors(`${stem(file)}.out`, [
      ...Object.entries(program.outputs).map(([name, { shape }]) => ({
        ...{ name, shape, values: outputs[name]! },
      })),
      ...program.state.map(({ shape, params }) => ({
        name: `next ${params.name}`,
        ...{ shape, values: next[params.name!]! },
      })),
    ]);
  }
  const checked = (await askPython('run-steps.py', folder)) as Record<string, Checked>;
  assert.deepEqual(
    Object.keys(checked).toSorted(),
    files.map((file) => path.basename(file, '.ebm.ts')).toSorted(),
  );

  for (const [name, { unused, differences }] of Object.entries(checked)) {
    await t.test(`${name}: every input is used, every output is ours`, () => {
      assert.deepEqual(unused, []);
      for (const [output, [difference, largest]] of Object.entries(differences)) {
        assert.ok(difference <= tolerance * largest, `${output}: ${difference} of ${largest}`);
      }
    });
  }

  await t.test('chains are loops of the file', () => {
    const loops = ['two-moons', 'bars-and-stripes', 'penguin-species'];
    for (const name of loops) assert.ok(checked[name]!.operations.includes('Loop'), name);
    assert.ok(!checked['noise-contrastive']!.operations.includes('Loop'));
  });

  await t.test('the command writes the same files', async () => {
    const both = [
      path.join(folder, 'convolutional.ebm.ts'),
      path.join(examples, 'bars-and-stripes.ebm.ts'),
    ];
    for (const file of both) {
      const output = path.join(folder, 'exported.onnx');
      const args = ['export-onnx', file, '--output', output];
      const program = start(t, [process.execPath, ebm, ...args]);
      assert.equal(await program.exited, 0, program.errors());
      assert.ok((await readFile(output)).equals(await readFile(`${stem(file)}.onnx`)), file);
    }
  });
});
