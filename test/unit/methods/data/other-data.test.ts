/** Data that held-out rows are told from. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../../trainer-worker/trainer/training/prepare';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { idxOf } from '../../../support/idx';
import { problemFrom } from '../../../support/problem';

/** Numbers around 100, and far from them on both sides. */
const near = `x\n${Array.from({ length: 60 }, (_, i) => `${90 + (i % 20)}\n`).join('')}`;
const far = `x\n${Array.from({ length: 60 }, (_, i) => `${i % 2 === 0 ? 20 + i : 180 + i}\n`).join('')}`;

function experimentOf(data: string, other: string, diagnostics = "['outOfDistribution']") {
  return smallExperiment({
    data,
    energy:
      'energy.custom({ init: () => ({ a: tf.scalar(1) }), energy: ({ a }, x) => tf.mul(tf.sum(tf.square(x), 1), a!) })',
    optimizer: 'optimizer.sgd({ learningRate: 1e-6 })',
    steps: '1',
    preview: `{ every: 1, samples: 8, diagnostics: ${diagnostics}, outOfDistribution: ${other} }`,
  });
}

async function prepared(t: TestContext, text: string) {
  const folder = await experimentFolder(t, {
    'a.ebm.ts': text,
    'near.csv': near,
    'far.csv': far,
    images: idxOf([20, 2, 2], new Uint8Array(80).fill(9)),
  });
  return prepareTraining(await loadExperiment(path.join(folder, 'a.ebm.ts')));
}

test('rows of other data are scaled as those to train on, and told from held-out ones', async (t) => {
  const training = await prepared(
    t,
    experimentOf("data.csv('near.csv', { heldOut: 0.3 })", "data.csv('far.csv')"),
  );
  assert.deepEqual(
    training.dataFiles.map(({ file }) => file),
    ['near.csv', 'far.csv'],
  );
  const seen = new Map<string, number>();
  const loop = training.createLoop([
    {
      metrics(_, metrics) {
        for (const [name, value] of Object.entries(metrics)) seen.set(name, value);
      },
    },
  ]);
  assert.equal(await loop.run(), 'finished');
  // |x - 100| is at most 10 of one, and above 20 of all of the other: by their own scale they would be mixed.
  assert.equal(seen.get('auroc/other data'), 1);
  assert.ok(seen.has('auroc/uniform'));
});

test('an energy of images of another shape than the data have is refused', async (t) => {
  const text = (shape: string) =>
    smallExperiment({
      data: "data.idx('images')",
      energy: `energy.convolutional({ shape: ${shape}, channels: [2] })`,
      steps: '1',
    });
  // As many numbers, in another order.
  const { message, remedy, location } = await problemFrom(prepared(t, text('[4, 1, 1]')));
  assert.equal(
    message,
    'energy.convolutional: the images of the data are 2 × 2 × 1, not 4 × 1 × 1.',
  );
  assert.equal(remedy, 'Set shape: [2, 2, 1].');
  assert.equal(location?.line, 5);
  const { preview } = (await prepared(t, text('[2, 2, 1]'))).description;
  assert.deepEqual(preview.image, {
    ...{ height: 2, width: 2, channels: 1 },
    ...{ from: [0, 255], to: [-1, 1] },
  });
});

test('other data that do not fit, or are not looked at, are refused where they are named', async (t) => {
  const near = "data.csv('near.csv')";
  const toy = await problemFrom(prepared(t, experimentOf(near, 'data.twoMoons()')));
  assert.match(
    toy.message,
    /^The other data, data.twoMoons, have rows of 2 real numbers, but those/,
  );
  assert.match(toy.location?.file ?? '', /a\.ebm\.ts$/);
  const pixels = await problemFrom(
    prepared(t, experimentOf("data.idx('images')", "data.idx('images', { range: [0, 1] })")),
  );
  assert.match(pixels.message, /are images whose pixels mean something else/);
  const unseen = await problemFrom(prepared(t, experimentOf(near, near, "['energyGap']")));
  assert.match(unseen.message, /names data that no diagnostic looks at/);
});
