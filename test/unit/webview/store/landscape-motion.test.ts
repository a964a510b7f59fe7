/** Scores of a field and ways of chains are what they are of known energies. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chainTracks, countMoves, trackUpTo } from '../../../../webview/store/chain-tracks';
import { scoreArrows, scoreAt } from '../../../../webview/store/score-field';
import { fc } from '../../../support/fast-check';

const [width, height] = [6, 4] as const;

/** Energies in the middles of cells of a window around 0. */
function gridOf(resolution: number, energy: (x: number, y: number) => number) {
  const values = Float32Array.from({ length: resolution ** 2 }, (_, cell) => {
    const [column, row] = [cell % resolution, Math.floor(cell / resolution)];
    return energy(
      width * ((column + 0.5) / resolution - 0.5),
      height * ((row + 0.5) / resolution - 0.5),
    );
  });
  return { values, resolution };
}

describe('the score of a field', () => {
  test('is that of the closed form within the error that is told with it', () => {
    const energy = (x: number, y: number) => Math.sin(1.7 * x) + 0.5 * x * y + Math.exp(0.6 * y);
    const grid = gridOf(96, energy);
    let told = 0;
    fc.assert(
      fc.property(
        // Two cells from the edge on differences are central.
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (u, v) => {
          const [x, y] = [width * (u - 0.5), height * (v - 0.5)];
          const score = scoreAt(grid, [width, height], u, v)!;
          const known = [
            -1.7 * Math.cos(1.7 * x) - 0.5 * y,
            -0.5 * x - 0.6 * Math.exp(0.6 * y),
          ] as const;
          // Where the third derivative is 0 the next term is left: of h⁴/30 · 1.7⁵ for a sine.
          const cell = width / 96;
          const slack = 1.7 ** 5 * cell ** 4;
          assert.ok(Math.abs(score.x - known[0]) <= score.xError + slack, `x at ${x}, ${y}`);
          assert.ok(Math.abs(score.y - known[1]) <= score.yError + slack, `y at ${x}, ${y}`);
          told = Math.max(told, score.xError, score.yError);
        },
      ),
    );
    // And the error says something: the third derivative is 4.9 at most, and three times a sixth of it tells.
    assert.ok(told < 0.03, String(told));
  });

  test('tells at the edge how wrong a one-sided difference may be', () => {
    const grid = gridOf(64, (x, y) => 0.5 * x * x + y);
    for (const u of [0, 1]) {
      const score = scoreAt(grid, [width, height], u, 0.5)!;
      const exact = -width * (u - 0.5);
      assert.ok(Math.abs(score.x - exact) <= score.xError, `${score.x} for ${exact}`);
      assert.ok(score.xError > 0.02);
    }
  });

  test('is not told where the energy is no number', () => {
    const grid = gridOf(32, (x) => (x > 0 ? Number.NaN : x));
    assert.equal(scoreAt(grid, [width, height], 0.9, 0.5), undefined);
    assert.equal(scoreArrows(grid, [width, height], 4, 4).values.length, 4 * 4 * 2);
    const nothing = gridOf(16, () => Number.POSITIVE_INFINITY);
    assert.deepEqual(scoreArrows(nothing, [width, height], 4, 4), {
      values: new Float32Array(0),
      scale: 0,
    });
  });

  test('is an arrow in the middle of each part, downhill', () => {
    const { values, scale } = scoreArrows(
      gridOf(64, (x, y) => 2 * x - 3 * y),
      [width, height],
      3,
      2,
    );
    assert.equal(values.length, 4 * 6);
    assert.deepEqual([...values.subarray(0, 2)], [Math.fround(0.5 / 3), 0.25]);
    for (let k = 0; k < values.length; k += 4) {
      assert.ok(Math.abs(values[k + 2]! + 2) < 1e-3 && Math.abs(values[k + 3]! - 3) < 1e-3);
    }
    assert.ok(Math.abs(scale - Math.hypot(2, 3)) < 1e-3);
  });
});

describe('ways of chains', () => {
  // Two chains in three dimensions: the second moves only in the one that is not seen.
  const paths = {
    chains: 2,
    iterations: [0, 1, 2, 6],
    values: Float32Array.of(
      ...[0, 0, 0, 5, 5, 0],
      ...[1, 2, 0, 5, 5, 1],
      ...[1, 2, 0, 5, 5, 2],
      ...[3, 2, 0, 5, 5, 2],
    ),
  };
  const tracks = chainTracks(paths, (rows) => rows.filter((_value, at) => at % 3 < 2));

  test('stand still where no number has changed', () => {
    assert.deepEqual([...tracks.stood], [0, 0, 0, 0, 1, 0, 0, 1]);
    assert.deepEqual([...tracks.points.subarray(0, 4)], [0, 0, 5, 5]);
    // From iteration 2 to 6 there may have been several moves.
    assert.deepEqual(countMoves(tracks), { moves: 3, stood: 1 });
  });

  test('grow from stop to stop', () => {
    assert.deepEqual(trackUpTo(tracks, 0, 0), [0, 0]);
    assert.deepEqual(trackUpTo(tracks, 0, 0.5 / 3), [0, 0, 0.5, 1]);
    assert.deepEqual(trackUpTo(tracks, 0, 2.5 / 3), [0, 0, 1, 2, 1, 2, 2, 2]);
    assert.deepEqual(trackUpTo(tracks, 1, 1), [5, 5, 5, 5, 5, 5, 5, 5]);
    assert.deepEqual(trackUpTo(tracks, 0, 7), trackUpTo(tracks, 0, 1));
  });
});
