import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  gridPoints,
  logPartition,
  meanLogLikelihood,
} from '../../trainer-worker/diagnostics/grid-likelihood';

/** Energies of points of the plane. */
function energies(points: Float32Array, energy: (x: number, y: number) => number): Float32Array {
  return Float32Array.from({ length: points.length / 2 }, (_, i) =>
    energy(points[2 * i]!, points[2 * i + 1]!),
  );
}

describe('grid likelihood', () => {
  test('the first coordinate of the grid changes fastest, and points are cell centres', () => {
    const bounds = [
      [0, 2],
      [10, 14],
    ] as const;
    assert.deepEqual([...gridPoints(bounds, 2)], [0.5, 11, 1.5, 11, 0.5, 13, 1.5, 13]);
  });

  test('log Z of a Gaussian energy is that of the closed form', () => {
    const bounds = [
      [-6, 7],
      [-8, 8],
    ] as const;
    // Precision [[2, 0.6], [0.6, 1]] around (0.5, -0.3): Z = 2π / √det, raised by the constant 40.
    const energy = (x: number, y: number) => {
      const [u, v] = [x - 0.5, y + 0.3];
      return u * u + 0.6 * u * v + (v * v) / 2 + 40;
    };
    const field = energies(gridPoints(bounds, 96), energy);
    const exact = Math.log(2 * Math.PI) - 0.5 * Math.log(2 - 0.36) - 40;
    // The midpoint rule is exact on it to 1e-9 at this resolution; float32 energies of 40 are not.
    assert.ok(Math.abs(logPartition(field, bounds, 96) - exact) < 1e-5);
  });

  test('the mean log-likelihood of points is their mean negative energy less log Z', () => {
    assert.ok(Math.abs(meanLogLikelihood(Float32Array.of(1, 2, 6), 0.5) + 3.5) < 1e-12);
  });

  test('the landscape of another number of dimensions is refused', () => {
    assert.throws(() => gridPoints([[0, 1]], 8), /2 dimensions, not 1/);
  });
});
