/** Shares of classes and the boundary between them, against closed forms. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FieldStack } from '../../../../protocol/run';
import {
  classesAt,
  classShares,
  classTint,
  decisionBoundary,
  fieldCount,
  fieldOf,
} from '../../../../webview/store/class-fields';

/** Fields of energies over the unit square. */
function stackOf(
  resolution: number,
  ...energies: readonly ((u: number, v: number) => number)[]
): FieldStack {
  const values = energies.flatMap((energy) =>
    Array.from({ length: resolution ** 2 }, (_, cell) =>
      energy(
        ((cell % resolution) + 0.5) / resolution,
        (Math.floor(cell / resolution) + 0.5) / resolution,
      ),
    ),
  );
  return { values: Float32Array.from(values), resolution };
}

const centres = [
  [0.2, 0.3],
  [0.8, 0.25],
  [0.45, 0.8],
] as const;
const bowls = centres.map(
  ([x, y]) =>
    (u: number, v: number) =>
      20 * ((u - x) ** 2 + (v - y) ** 2),
);

describe('shares of classes', () => {
  test('are the softmax of negative energies, whatever their size', () => {
    const [first, second] = classShares([0, Math.log(3)]);
    assert.ok(Math.abs(first! - 0.75) < 1e-12 && Math.abs(second! - 0.25) < 1e-12);
    assert.deepEqual(classShares([1e30, Number.POSITIVE_INFINITY]), [1, 0]);
    assert.deepEqual(classShares([-5000, -5000]), [0.5, 0.5]);
    assert.ok(classShares([1, Number.NaN]).every(Number.isNaN));
    assert.ok(classShares([Number.POSITIVE_INFINITY]).every(Number.isNaN));
  });

  test('at a place are off by no more than they say, the likeliest first', () => {
    const stack = stackOf(12, ...bowls);
    assert.equal(fieldCount(stack), 3);
    for (let k = 0; k < 400; k++) {
      const [u, v] = [((k % 20) + 0.5) / 20, (Math.floor(k / 20) + 0.5) / 20];
      const exact = classShares(bowls.map((bowl) => bowl(u, v)));
      const found = classesAt(stack, u, v);
      assert.equal(found.length, 3);
      const all = found.map(({ probability }) => probability);
      assert.deepEqual(
        all,
        [...all].sort((a, b) => b - a),
      );
      for (const { label, probability, error } of found) {
        const off = Math.abs(probability - exact[label]!);
        assert.ok(off <= error + 1e-6, `${u}, ${v}: off by ${off}, not ${error}`);
      }
    }
  });

  test('at a place where an energy is not a number are not known', () => {
    assert.deepEqual(
      classesAt(
        stackOf(
          4,
          () => Number.NaN,
          () => 1,
        ),
        0.5,
        0.5,
      ),
      [],
    );
  });
});

test('a tint mixes the colours by the shares, with its rows downwards', () => {
  // Low in the first row (v small) of the first class.
  const stack = stackOf(
    2,
    (_u, v) => (v < 0.5 ? 0 : Number.POSITIVE_INFINITY),
    (u, v) => (v < 0.5 && u < 0.5 ? Math.log(3) : 0),
  );
  stack.values[7] = Number.NaN;
  const tint = classTint(
    stack,
    [
      [1, 0, 0, 1],
      [0, 0, 1, 1],
    ],
    0.4,
  );
  const pixels = Array.from({ length: 4 }, (_, k) => [...tint.subarray(4 * k, 4 * k + 4)]);
  assert.deepEqual(pixels, [
    [0, 0, 255, 102],
    [0, 0, 0, 0],
    [191, 0, 64, 102],
    [128, 0, 128, 102],
  ]);
});

describe('the decision boundary', () => {
  test('of three bowls is their bisectors, which end where all three are equally likely', () => {
    const stack = stackOf(24, ...bowls);
    const segments = decisionBoundary(stack);
    assert.ok(segments.length > 4 * 40, String(segments.length));
    // The centre of the circle through the three: 2 c_k · x - |c_k|² is the same of all.
    const [[ax, ay], [bx, by], [cx, cy]] = centres;
    const det = 4 * ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay));
    const [p, q] = [bx ** 2 + by ** 2 - ax ** 2 - ay ** 2, cx ** 2 + cy ** 2 - ax ** 2 - ay ** 2];
    const meet = [
      (2 * (cy - ay) * p - 2 * (by - ay) * q) / det,
      (2 * (bx - ax) * q - 2 * (cx - ax) * p) / det,
    ] as const;
    const nearest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const energiesAt = (u: number, v: number) => bowls.map((bowl) => bowl(u, v));
    for (let at = 0; at < segments.length; at += 4) {
      const [x0, y0, x1, y1] = segments.slice(at, at + 4) as [number, number, number, number];
      // Which class has no part in it is told in its middle: where all three meet, any may be the last.
      const between = energiesAt((x0 + x1) / 2, (y0 + y1) / 2);
      const third = between.indexOf(Math.max(...between));
      for (const [u, v] of [
        [x0, y0],
        [x1, y1],
      ] as const) {
        const [least, next, last] = energiesAt(u, v).sort((a, b) => a - b);
        // Differences of these bowls are straight, and so what is interpolated of them is exact, up to
        // rounding; a third is left out as soon as it is likelier.
        assert.ok(next! - least! < 1e-4, `${u}, ${v}: ${next! - least!} apart`);
        assert.ok(last! >= next! - 1e-4);
        nearest[third] = Math.min(nearest[third]!, Math.hypot(u - meet[0], v - meet[1]));
      }
    }
    // Each of the three lines comes to where they meet.
    for (const distance of nearest) assert.ok(distance < 1e-3, nearest.join());
  });

  test('is nowhere where one class is likelier all over, or nothing is known', () => {
    const flat = (energy: number) => () => energy;
    assert.deepEqual(decisionBoundary(stackOf(8, flat(0), flat(1), flat(2))), []);
    assert.deepEqual(decisionBoundary(stackOf(8, flat(Number.NaN), flat(1))), []);
    assert.deepEqual(fieldOf(stackOf(2, flat(0), flat(3)), 1), Float32Array.of(3, 3, 3, 3));
  });
});
