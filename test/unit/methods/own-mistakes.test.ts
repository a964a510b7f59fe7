/** Mistakes in methods of one's own: one message each, at the user's line. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadExperiment } from '../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../trainer-worker/trainer/training/prepare';
import { experimentFolder } from '../../support/experiment-folder';
import { problemFrom } from '../../support/problem';

interface Mistake {
  readonly name: string;
  /** Which part of the experiment it is in, and its text, in which `/*here*\/` marks the line that is told. */
  readonly part: string;
  readonly text: string;
  readonly message: RegExp;
}

const mistakes: readonly Mistake[] = [
  {
    name: 'a loss for each row',
    part: 'objective',
    text: `objective.custom({
      /*here*/ loss: ({ data, energy }) => energy(data),
    })`,
    message: /loss returned float32 of shape \[16\]; it must be a float32 scalar/,
  },
  {
    name: 'a loss that is a JavaScript number',
    part: 'objective',
    text: `objective.custom({
      /*here*/ loss: () => 0.5 as never,
    })`,
    message: /loss returned something that is no tensor/,
  },
  {
    name: 'a loss that throws',
    part: 'objective',
    text: `objective.custom({
      loss: ({ data, own }) =>
        /*here*/ tf.mean(own['critic']!.reshape([-1])),
    })`,
    message: /Cannot read properties of undefined/,
  },
  {
    name: 'shapes that do not fit',
    part: 'objective',
    text: `objective.custom({
      loss({ data, energy }) {
        /*here*/ return tf.mean(tf.add(energy(data), tf.zeros([3])));
      },
    })`,
    message: /the shapes \[16\] and \[3\] do not broadcast|could not be broadcast/,
  },
  {
    name: 'a loss that reads a value',
    part: 'objective',
    text: `objective.custom({
      loss({ data, energy }) {
        /*here*/ const [first] = energy(data).dataSync();
        return tf.mul(tf.mean(energy(data)), first!);
      },
    })`,
    message: /read|dataSync|value/i,
  },
  {
    name: 'an asynchronous loss',
    part: 'objective',
    text: `objective.custom({
      /*here*/ loss: (async ({ data, energy }: any) => tf.mean(energy(data))) as never,
    })`,
    message: /loss returned a promise/,
  },
  {
    name: 'a build without a loss',
    part: 'objective',
    text: `objective.custom({
      /*here*/ build: () => ({}) as never,
    })`,
    message: /what build returned has no function 'loss'/,
  },
  {
    name: 'an input that is never fed',
    part: 'objective',
    text: `objective.custom({
      /*here*/ build: () => ({
        inputs: { weight: { shape: [] } },
        loss: ({ data, energy, inputs }) => tf.mul(tf.mean(energy(data)), inputs['weight']!),
      }),
    })`,
    message: /has inputs, but no function 'feed'/,
  },
  {
    name: 'an input of another length than its shape',
    part: 'objective',
    text: `objective.custom({
      /*here*/ build: () => ({
        inputs: { weight: { shape: [2] } },
        feed: () => ({ weight: Float32Array.of(1) }),
        loss: ({ data, energy, inputs }) => tf.mul(tf.mean(energy(data)), tf.sum(inputs['weight']!)),
      }),
    })`,
    message: /feed gave 1 numbers for the input 'weight' of shape/,
  },
  {
    name: 'a feed that throws',
    part: 'objective',
    text: `objective.custom({
      build: () => ({
        inputs: { weight: { shape: [] } },
        feed() {
          /*here*/ throw new Error('no weights today');
        },
        loss: ({ data, energy, inputs }) => tf.mul(tf.mean(energy(data)), inputs['weight']!),
      }),
    })`,
    message: /feed throws: no weights today/,
  },
  {
    name: 'parameters that are no tensors',
    part: 'objective',
    text: `objective.custom({
      /*here*/ parameters: () => ({ logZ: 0 as never }),
      loss: ({ data, energy, own }) => tf.add(tf.mean(energy(data)), own['logZ']!),
    })`,
    message: /logZ/,
  },
  {
    name: 'options that are no data',
    part: 'objective',
    text: `objective.custom({
      /*here*/ options: { beta: Number.NaN },
      loss: ({ data, energy }) => tf.mean(energy(data)),
    })`,
    message: /'options' is not an object of data/,
  },
  {
    name: 'a sampler that loses a dimension',
    part: 'objective',
    text: `objective.contrastiveDivergence({ sampler: sampler.custom({
      /*here*/ step: (x, { score }) =>
        tf.sum(tf.add(x, score(x)), 1),
    }) })`,
    message:
      /step returned float32 of shape \[(\d+)\]; it must be a float32 tensor of shape \[\1, 2\]/,
  },
  {
    name: 'a sampler that forgets what it carries',
    part: 'objective',
    text: `objective.contrastiveDivergence({ sampler: sampler.custom({
      init: (x) => ({ velocity: tf.zerosLike(x) }),
      /*here*/ advance: (x) => ({ x, carried: {} }),
    }) })`,
    message: /'velocity' of advance returned nothing/,
  },
  {
    name: 'an optimizer that forgets a slot',
    part: 'optimizer',
    text: `optimizer.custom({
      slots: ['velocity'],
      /*here*/ update: ({ gradient }) => ({ change: gradient, slots: {} }),
    })`,
    message: /slot 'velocity' of update returned nothing/,
  },
  {
    name: 'a schedule that is a JavaScript number',
    part: 'optimizer',
    text: `optimizer.adam({ learningRate: schedule.custom({
      /*here*/ rate: () => 0.1 as never,
    }) })`,
    message: /rate returned something that is no tensor/,
  },
  {
    name: 'rows of different lengths',
    part: 'data',
    text: `data.custom({
      /*here*/ load: () => [[0, 1], [1]],
    })`,
    message: /gave 1 numbers as training row 2, where the rows before have 2/,
  },
  {
    name: 'a row with NaN',
    part: 'data',
    text: `data.custom({
      /*here*/ draw: (rng) => [rng.normal(), Number.NaN],
    })`,
    message: /gave NaN as number 2 of training row 1/,
  },
  {
    name: 'a row without its class',
    part: 'data',
    text: `data.custom({
      classes: ['a', 'b'],
      /*here*/ draw: (rng) => [rng.normal(), rng.normal()],
    })`,
    message: /gave no class for training row 1/,
  },
  {
    name: 'a load that throws later',
    part: 'data',
    text: `data.custom({
      async load() {
        await null;
        /*here*/ throw new Error('the server is down');
      },
    })`,
    message: /load throws: the server is down/,
  },
  {
    name: 'a measure that throws',
    part: 'preview',
    text: `{ diagnostics: [diagnostic.custom({
      name: 'mine',
      measure: ({ samples }) =>
        /*here*/ (samples as any).average(),
    })] }`,
    message: /measure throws: .*average is not a function/,
  },
  {
    name: 'a measure that gives nothing',
    part: 'preview',
    text: `{ diagnostics: [diagnostic.custom({ name: 'mine', measure: () => undefined as never })] }`,
    message: /measure gave nothing for 'mine', where a number is needed/,
  },
  {
    name: 'neither a loss nor a build',
    part: 'objective',
    text: `/*here*/ objective.custom({} as never)`,
    message: /one of 'loss' and 'build' is needed/,
  },
];

describe('a mistake in a method of one’s own is told once, where it is', () => {
  for (const { name, part, text, message } of mistakes) {
    test(name, async (t) => {
      const parts = {
        data: 'data.twoMoons({ samples: 100, heldOut: 50 })',
        energy: 'energy.mlp({ hidden: [4] })',
        objective: 'objective.denoisingScoreMatching()',
        optimizer: 'optimizer.adam()',
        preview: '{ diagnostics: [] }',
        [part]: text,
      };
      const lines = Object.entries(parts).map(([key, value]) => `  ${key}: ${value},`);
      const source = [
        "import * as tf from '@tensorflow/tfjs';",
        "import { data, diagnostic, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';",
        'void [tf, diagnostic, sampler, schedule];',
        'export default experiment({ batchSize: 16, steps: 2,',
        ...lines,
        '});',
      ].join('\n');
      const folder = await experimentFolder(t, { 'own.ebm.ts': source });
      const { kind, location, ...problem } = await problemFrom(
        (async () => {
          const loaded = await loadExperiment(path.join(folder, 'own.ebm.ts'));
          const prepared = await prepareTraining(loaded, { backend: 'onnx-cpu' });
          await prepared.createLoop([]).run();
        })(),
      );
      assert.equal(kind, 'experiment', problem.message);
      assert.match(problem.message, message);
      assert.ok((problem.remedy ?? '').length > 0);
      const marked = source.split('\n').findIndex((line) => line.includes('/*here*/')) + 1;
      if (marked > 0) assert.equal(location?.line, marked, problem.message);
    });
  }
});
