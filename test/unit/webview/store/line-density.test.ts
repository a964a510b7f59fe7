import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alongLine, lineDensity } from '../../../../webview/store/line-density';

const cells = 768;
const window = [-6, 6] as const;
const at = (cell: number) => -6 + ((cell + 0.5) / cells) * 12;
const gaussian = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

describe('the density on a line', () => {
  test('of a square is the normal one, wherever its energies begin', () => {
    for (const offset of [0, 1000, -1000]) {
      const energies = Float32Array.from(
        { length: cells },
        (_, cell) => offset + 0.5 * at(cell) ** 2,
      );
      const density = lineDensity(energies, window)!;
      // Energies near 1000 are kept to 2^-14 in single precision; 2e-9 of the mass lies outside.
      for (const [cell, value] of density.entries()) {
        assert.ok(Math.abs(value - gaussian(at(cell))) < 4e-5, `${offset}: ${at(cell)}`);
      }
    }
  });

  test('is of the mass in the window alone', () => {
    const density = lineDensity(new Float32Array(8), [2, 4])!;
    assert.deepEqual([...density], new Array(8).fill(0.5));
  });

  test('is nothing where energies are without end, and unknown where they are no numbers', () => {
    const density = lineDensity(Float32Array.of(0, Number.POSITIVE_INFINITY), [0, 2])!;
    assert.deepEqual([...density], [1, 0]);
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      assert.equal(lineDensity(Float32Array.of(0, bad), [0, 2]), undefined);
    }
    assert.equal(lineDensity(Float32Array.of(Number.POSITIVE_INFINITY), [0, 2]), undefined);
  });

  test('is read between the middles of cells', () => {
    assert.deepEqual(
      [0, 0.25, 0.5, 0.75, 1].map((u) => alongLine([1, 3], u)),
      [1, 1, 2, 3, 3],
    );
  });
});
