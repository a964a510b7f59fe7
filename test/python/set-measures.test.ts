/** Measures of sets of images against NumPy, written from the papers. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { writeNpy } from '../../run-directory/npy';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { toldApart } from '../../trainer-worker/methods/diagnostics/classifier-two-sample';
import { densityCoverage } from '../../trainer-worker/methods/diagnostics/density-and-coverage';
import { frechetDistance } from '../../trainer-worker/methods/diagnostics/frechet-distance';
import {
  featureCount,
  randomFeatures,
} from '../../trainer-worker/methods/diagnostics/random-features';
import { askPython, withoutReaders } from '../support/python-readers';
import { temporaryFolder } from '../support/temporary';

const image = { height: 7, width: 10, channels: 3 };

interface Answer {
  readonly features: readonly number[];
  readonly frechet: number;
  readonly density: number;
  readonly coverage: number;
  readonly accuracy: number;
}

test('random features and what is measured in them are those of NumPy', {
  skip: withoutReaders,
}, async (context) => {
  const folder = await temporaryFolder(context);
  const random = new Random(8, streams.trainingData);
  const size = image.height * image.width * image.channels;
  /** Noise around shades that differ from image to image. */
  const draw = (count: number, contrast: number) =>
    Float32Array.from({ length: count * size }, () => contrast * random.normal());
  const [first, second] = [draw(150, 0.45), draw(120, 0.4)];
  const { network, of } = randomFeatures({ ...image, from: [0, 255], to: [-1, 1] });
  const shape = (images: Float32Array) => [
    images.length / size,
    image.height,
    image.width,
    image.channels,
  ];
  await writeFile(path.join(folder, 'first.npy'), writeNpy(first, shape(first)));
  await writeFile(path.join(folder, 'second.npy'), writeNpy(second, shape(second)));
  const plain = {
    layers: network.layers.map((layer) => ({
      ...layer,
      filters: [...layer.filters],
      biases: [...layer.biases],
    })),
    projection: [...network.projection],
  };
  await writeFile(path.join(folder, 'network.json'), JSON.stringify(plain));
  const theirs = (await askPython('set-measures.py', folder)) as Answer;

  const [ofFirst, ofSecond] = [of(first), of(second)];
  assert.equal(theirs.features.length, 150 * featureCount);
  for (const [i, value] of theirs.features.entries()) {
    // Ours are rounded to single precision.
    assert.ok(Math.abs(ofFirst[i]! - value) <= 1e-6 * Math.max(1, Math.abs(value)), `${i}`);
  }
  const near = (ours: number, value: number, tolerance: number) =>
    assert.ok(Math.abs(ours - value) <= tolerance, `${ours}, not ${value} ± ${tolerance}`);
  near(frechetDistance(ofFirst, ofSecond, featureCount).value, theirs.frechet, 1e-4);
  const { density, coverage } = densityCoverage(ofFirst, ofSecond, featureCount);
  // Counts, of which rounding changes none but by a tie.
  near(density.value, theirs.density, 1e-9);
  near(coverage.value, theirs.coverage, 1e-9);
  assert.ok(coverage.value > 0.2 && coverage.value < 1);
  near(toldApart(ofFirst, ofSecond, featureCount).value, theirs.accuracy, 1e-9);
});
