import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostSobolDimensions, sobolPoint } from '../../../../trainer-worker/trainer/sweeps/sobol';

const fractions = (index: number, dimensions: number) =>
  [...sobolPoint(index, dimensions)].map((value) => value / 2 ** 32);

test('the first points are those of SciPy 1.17, qmc.Sobol(d, scramble=False)', () => {
  assert.deepEqual(
    Array.from({ length: 8 }, (_, index) => fractions(index, 5)),
    [
      [0, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5, 0.5],
      [0.75, 0.25, 0.25, 0.25, 0.75],
      [0.25, 0.75, 0.75, 0.75, 0.25],
      [0.375, 0.375, 0.625, 0.875, 0.375],
      [0.875, 0.875, 0.125, 0.375, 0.875],
      [0.625, 0.125, 0.875, 0.625, 0.625],
      [0.125, 0.625, 0.375, 0.125, 0.125],
    ],
  );
  // Later ones, in all dimensions, which every direction number up to the tenth takes part in.
  assert.deepEqual(
    fractions(700, 21),
    [
      0.2802734375, 0.0986328125, 0.1376953125, 0.4716796875, 0.0556640625, 0.3505859375,
      0.0791015625, 0.7021484375, 0.9365234375, 0.9345703125, 0.4189453125, 0.5498046875,
      0.7021484375, 0.7451171875, 0.3173828125, 0.0791015625, 0.1044921875, 0.3701171875,
      0.8251953125, 0.0126953125, 0.3251953125,
    ],
  );
  assert.deepEqual(
    fractions(1023, 21),
    [
      0.0009765625, 0.7529296875, 0.6123046875, 0.1455078125, 0.1865234375, 0.4384765625,
      0.1396484375, 0.6181640625, 0.3447265625, 0.8505859375, 0.6787109375, 0.0361328125,
      0.1298828125, 0.6650390625, 0.3623046875, 0.4638671875, 0.3134765625, 0.8759765625,
      0.5849609375, 0.3193359375, 0.8662109375,
    ],
  );
});

test('2^k points have one in each of 2^k intervals, in every dimension and every aligned block', () => {
  for (const size of [2, 16, 256]) {
    for (const block of [0, 1, 5]) {
      const points = Array.from({ length: size }, (_, i) =>
        fractions(block * size + i, mostSobolDimensions),
      );
      for (let dimension = 0; dimension < mostSobolDimensions; dimension++) {
        const cells = new Set(points.map((point) => Math.floor(point[dimension]! * size)));
        assert.equal(cells.size, size, `dimension ${dimension}, block ${block} of ${size}`);
      }
    }
  }
});

test('property A: the first 2^d points have one in each orthant of the d-dimensional cube', () => {
  for (let dimensions = 1; dimensions <= 14; dimensions++) {
    const orthants = new Set<number>();
    for (let index = 0; index < 2 ** dimensions; index++) {
      let orthant = 0;
      for (const value of sobolPoint(index, dimensions)) orthant = 2 * orthant + (value >>> 31);
      orthants.add(orthant);
    }
    assert.equal(orthants.size, 2 ** dimensions, `${dimensions} dimensions`);
  }
});
