import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { loadExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../../trainer-worker/trainer/training/prepare';
import type { Checkpoint } from '../../../../trainer-worker/trainer/training/run-observer';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

async function prepare(t: TestContext, text: string, files: Record<string, string> = {}) {
  const folder = await experimentFolder(t, { 'moons.ebm.ts': text, ...files });
  return prepareTraining(await loadExperiment(path.join(folder, 'moons.ebm.ts')));
}

describe('a prepared training', () => {
  test('says how it is drawn and measured, and trains', async (t) => {
    const prepared = await prepare(t, smallExperiment());
    const { preview, metrics } = prepared.description;
    assert.equal(prepared.backend.name, 'onnx-cpu');
    assert.equal(preview.dimensions, 2);
    assert.equal(preview.resolution, 16);
    assert.equal(prepared.shownData.count, 500);
    assert.equal(prepared.shownData.values.buffer.byteLength, 4000);
    for (let i = 0; i < 1000; i++) {
      const [low, high] = preview.bounds[i % 2]!;
      const value = prepared.shownData.values[i]!;
      assert.ok(value > low && value < high);
    }
    const seen = new Map<number, string[]>();
    const frames: number[] = [];
    const loop = prepared.createLoop([
      {
        metrics: (step, values) => seen.set(step, Object.keys(values)),
        async preview(frame) {
          frames.push(frame.step);
          assert.equal(frame.samples.length, 64);
          assert.equal(frame.field?.length, 256);
          assert.ok(frame.field.every(Number.isFinite));
        },
      },
    ]);
    assert.equal(await loop.run(), 'finished');
    assert.deepEqual(frames, [0, 10, 20]);
    // An estimate that is not known has no error either.
    const values = metrics.filter(({ errorOf }) => errorOf === undefined).map(({ name }) => name);
    assert.deepEqual(
      seen.get(10)?.filter((name) => values.includes(name)),
      values,
    );
    // The likelihood and the divergence, both also in the window, are measured at previews only.
    assert.deepEqual(seen.get(11), values.slice(0, -4));
  });

  test('says where its schedule and its data are not what they seem', async (t) => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 11},${(i * 3) % 5}`);
    const prepared = await prepare(
      t,
      smallExperiment({
        data: "data.csv('rows.csv')",
        optimizer: 'optimizer.adam({ learningRate: schedule.linear({ peak: 0.01, steps: 15 }) })',
      }),
      { 'rows.csv': ['id,b,c', ...rows].join('\n') },
    );
    assert.match(prepared.warnings[0] ?? '', /the last 5 are taken at rate 0 and change nothing/);
    assert.match(prepared.warnings[1] ?? '', /The column 'id' of .* only counts its rows/);
  });

  test('of data of another dimension has no field and no likelihood', async (t) => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 11},${(i * 3) % 5}`);
    const prepared = await prepare(t, smallExperiment({ data: "data.csv('rows.csv')" }), {
      'rows.csv': ['a,b,c', ...rows].join('\n'),
    });
    assert.deepEqual(prepared.description.preview.axes, ['a', 'b', 'c']);
    assert.equal(prepared.description.preview.resolution, 0);
    assert.ok(prepared.description.metrics.every(({ unit }) => unit !== 'nats'));
    assert.equal(prepared.transform?.mean.length, 3);
    const loop = prepared.createLoop([
      {
        async preview(frame) {
          assert.equal(frame.field, undefined);
          assert.equal(frame.samples.length, frame.count * 3);
        },
      },
    ]);
    assert.equal(await loop.run(), 'finished');
  });

  test('shows chains from noise for contrastive divergence', async (t) => {
    const prepared = await prepare(
      t,
      smallExperiment({
        objective: 'objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 1 }) })',
        preview: '{ every: 10, samples: 40, resolution: 8, chainSteps: 5 }',
      }),
    );
    const counts: number[] = [];
    const loop = prepared.createLoop([
      {
        async preview({ count, samples }) {
          counts.push(count);
          assert.ok(samples.every(Number.isFinite));
        },
      },
    ]);
    await loop.run();
    assert.deepEqual(counts, [40, 40, 40]);
  });

  const objectives = {
    'persistent chains, which are shown as they are':
      'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 3 }), bufferSize: 128 })',
    'persistent chains that previews move on':
      'objective.persistentContrastiveDivergence({ sampler: sampler.langevin({ steps: 3 }), bufferSize: 128, reinitialize: 0.1 })',
    'no chains': 'objective.denoisingScoreMatching()',
  };
  for (const [name, objective] of Object.entries(objectives)) {
    test(`trains the same to the bit, whichever steps are shown: ${name}`, async (t) => {
      const chainSteps = name.includes('move') ? ', chainSteps: 5' : '';
      const trainedWith = async (every: string) => {
        const preview = `{ every: ${every}, samples: 32, resolution: 16${chainSteps}, diagnostics: ['likelihood', 'chains'] }`;
        const prepared = await prepare(t, smallExperiment({ objective, preview }));
        const shown: number[] = [];
        const losses: (number | undefined)[] = [];
        let last: Checkpoint | undefined;
        const loop = prepared.createLoop([
          {
            metrics(step, values) {
              if (step > 0) losses.push(values['loss']);
            },
            async preview(frame) {
              shown.push(frame.step);
            },
            async checkpoint(checkpoint) {
              last = checkpoint;
            },
          },
        ]);
        await loop.run();
        return { shown, trained: { losses, last } };
      };
      const never = await trainedWith('1_000_000');
      const always = await trainedWith('1');
      const asTimeAllows = await trainedWith('null');
      assert.deepEqual(never.shown, [0, 20]);
      assert.equal(always.shown.length, 21);
      assert.deepEqual([asTimeAllows.shown[0], asTimeAllows.shown.at(-1)], [0, 20]);
      assert.equal(never.trained.losses.length, 20);
      assert.deepEqual(always.trained, never.trained);
      assert.deepEqual(asTimeAllows.trained, never.trained);
    });
  }
});

describe('an energy that is wrong', () => {
  const custom = (energy: string, init = '() => ({ w: tf.ones([2, 1]) })') =>
    `energy.custom({\n    init: ${init},\n    energy: (p, x) => ${energy},\n  })`;
  const wrong: readonly [
    name: string,
    energy: string,
    message: RegExp,
    remedy: RegExp,
    line: number,
  ][] = [
    [
      'keeps a last dimension',
      custom('tf.matMul(x, p.w)'),
      /shape \[16, 1\] for a batch of 16 points; it must be \[16\]/,
      /tf\.squeeze\(energies, \[1\]\)/,
      5,
    ],
    [
      'sums over the batch too',
      custom('tf.sum(tf.matMul(x, p.w))'),
      /shape \[\] for a batch/,
      /one energy per point/,
      5,
    ],
    [
      'returns nothing',
      custom('undefined as never'),
      /returned nothing instead of a tensor/,
      /shape \[batch\]/,
      5,
    ],
    [
      'is asynchronous',
      custom('(async () => tf.sum(x, 1))() as never'),
      /asynchronous/,
      /without async/,
      5,
    ],
    [
      'throws',
      custom('tf.sum((p as never as { a: { b: typeof x } }).a.b, 1)'),
      /The energy throws: Cannot read properties of undefined/,
      /Correct the energy function/,
      7,
    ],
    [
      'has a shape error inside',
      custom('tf.sum(tf.matMul(x, tf.ones([3, 1])), 1)'),
      /matMul\(float32 \[16, 2\], float32 \[3, 1\]\) cannot be computed: the inner sizes 2 and 3 differ/,
      /Correct the shapes/,
      7,
    ],
    [
      'does not depend on x',
      custom('tf.mul(tf.sum(p.w), tf.ones([16]))'),
      /does not depend on the point x/,
      /with tfjs operations/,
      5,
    ],
    [
      'uses none of its parameters',
      custom('tf.sum(x, 1)', '() => ({ w: tf.ones([2, 1]), unused: tf.ones([1]) })'),
      /depends on none of its parameters: there is nothing to train/,
      /what init returns/,
      5,
    ],
    [
      'has no parameter',
      custom('tf.sum(x, 1)', '() => ({})'),
      /no parameters/,
      /Return an object/,
      5,
    ],
    [
      'promises its parameters',
      custom('tf.sum(tf.matMul(x, p.w), 1)', 'async () => ({ w: tf.ones([2, 1]) })'),
      /init of the energy returned a promise/,
      /without async/,
      5,
    ],
    [
      'has integer parameters',
      custom('tf.sum(tf.matMul(x, p.w), 1)', "() => ({ w: tf.ones([2, 1], 'int32') })"),
      /'w' is not a float32 tensor/,
      /float32/,
      5,
    ],
    [
      'begins with NaN',
      custom('tf.sum(tf.matMul(x, p.w), 1)', '() => ({ w: tf.fill([2, 1], NaN) })'),
      /'w' has initial values that are not finite/,
      /init/,
      5,
    ],
    [
      'reads values',
      custom('tf.mul(tf.sum(p.w), tf.sum(x, 1).dataSync()[0] as number)'),
      /values of a tensor are read/,
      /tensors only/,
      7,
    ],
    [
      'uses what cannot be compiled',
      custom('tf.sum(tf.mul(tf.real(tf.complex(x, x)), tf.sum(p.w)), 1)'),
      /Complex cannot be compiled/,
      /as two tensors/,
      7,
    ],
  ];
  test('is told of a parameter that it does not use, and trains', async (t) => {
    const energy = custom(
      'tf.sum(tf.matMul(x, p.w), 1)',
      '() => ({ w: tf.ones([2, 1]), unused: tf.ones([1]) })',
    );
    const prepared = await prepare(t, smallExperiment({ energy }));
    assert.deepEqual(prepared.warnings, [
      "The loss does not depend on the parameter 'unused': it is not trained.",
    ]);
    assert.equal(await prepared.createLoop([]).run(), 'finished');
  });

  for (const [name, energy, message, remedy, line] of wrong) {
    test(`because it ${name} is told at its line`, async (t) => {
      const problem = await problemFrom(prepare(t, smallExperiment({ energy })));
      assert.equal(problem.kind, 'experiment');
      assert.match(problem.message, message);
      assert.match(problem.remedy ?? '', remedy);
      assert.equal(problem.location?.line, line);
      assert.ok(problem.location.file.endsWith('moons.ebm.ts'));
    });
  }
});
