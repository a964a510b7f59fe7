import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReplayBuffer } from '../../trainer-worker/objectives/replay-buffer';

const bounds = [[0, 1]] as const;

/** A buffer whose old chains are all at 5, outside the window that new ones begin in. */
function marked(size: number, reinitialize: number) {
  return new ReplayBuffer({
    size,
    reinitialize,
    seed: 0,
    bounds,
    saved: new Float32Array(size).fill(5),
  });
}

describe('replay buffer', () => {
  test('begins a share of the chains anew', () => {
    const buffer = marked(200, 0.05);
    let fresh = 0;
    const draws = 10_000;
    for (let step = 1; step <= draws / 100; step++) {
      fresh += buffer.draw(step, 100).filter((x) => x !== 5).length;
    }
    // Binomial: 3 standard errors.
    assert.ok(Math.abs(fresh / draws - 0.05) < 3 * Math.sqrt((0.05 * 0.95) / draws), `${fresh}`);
  });

  test('writes chains back to the slots that they were drawn from, and to no others', () => {
    const size = 50;
    const saved = Float32Array.from({ length: size }, (_, i) => 10 + i);
    const buffer = new ReplayBuffer({ size, reinitialize: 0, seed: 1, bounds, saved });
    const drawn = buffer.draw(7, 20);
    assert.equal(new Set(drawn).size, 20);
    buffer.write(
      7,
      drawn.map((x) => x + 1000),
    );
    const expected = saved.map((x) => (drawn.includes(x) ? x + 1000 : x));
    assert.deepEqual(buffer.contents(), expected);
  });

  test('drawing changes nothing, so a step can be tried again', () => {
    const buffer = marked(50, 0.5);
    const first = buffer.draw(3, 20);
    assert.deepEqual(buffer.draw(3, 20), first);
    assert.deepEqual(buffer.contents(), new Float32Array(50).fill(5));
  });

  test('starts uniformly in the window', () => {
    const buffer = new ReplayBuffer({
      size: 1000,
      reinitialize: 0,
      seed: 2,
      bounds: [[-2, 4]],
      saved: undefined,
    });
    const chains = buffer.contents();
    assert.ok(chains.every((x) => x >= -2 && x <= 4));
    // Mean of a uniform on a width of 6: 4 standard errors.
    const mean = chains.reduce((sum, x) => sum + x, 0) / 1000;
    assert.ok(Math.abs(mean - 1) < (4 * 6) / Math.sqrt(12 * 1000));
  });
});
