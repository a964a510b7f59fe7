import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReplayBuffer } from '../../../../trainer-worker/methods/objectives/replay-buffer';

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
      fresh += buffer.draw(step, 100).starts.filter((x) => x !== 5).length;
    }
    // Binomial: 3 standard errors.
    assert.ok(Math.abs(fresh / draws - 0.05) < 3 * Math.sqrt((0.05 * 0.95) / draws), `${fresh}`);
  });

  test('writes chains back to the slots that they were drawn from, and to no others', () => {
    const size = 50;
    const saved = Float32Array.from({ length: size }, (_, i) => 10 + i);
    const buffer = new ReplayBuffer({ size, reinitialize: 0, seed: 1, bounds, saved });
    const drawn = buffer.draw(7, 20).starts;
    assert.equal(new Set(drawn).size, 20);
    buffer.write(
      7,
      drawn.map((x) => x + 1000),
    );
    const expected = saved.map((x) => (drawn.includes(x) ? x + 1000 : x));
    assert.deepEqual(buffer.contents(), expected);
  });

  test('keeps what lies beside chains with them, until they begin anew', () => {
    const options = { size: 40, seed: 1, bounds, saved: undefined, widths: { velocity: 2 } };
    const buffer = new ReplayBuffer({ ...options, reinitialize: 0 });
    const first = buffer.draw(1, 40);
    assert.ok(first.held.every((held) => held === 0));
    // Beside each chain, its own place.
    const beside = (starts: Float32Array) =>
      Float32Array.from({ length: 80 }, (_, i) => starts[i >> 1]! + (i % 2));
    buffer.write(1, first.starts, { velocity: beside(first.starts) });
    const restored = new ReplayBuffer({
      ...options,
      reinitialize: 0.5,
      saved: buffer.contents(),
      savedKept: new Map(Object.entries(buffer.kept())),
    });
    const { starts, kept, held } = restored.draw(2, 40);
    const old = new Set(buffer.contents());
    const expected = beside(starts);
    for (const [row, start] of starts.entries()) {
      assert.equal(held[row], Number(old.has(start)));
      if (held[row] === 0) continue;
      const own = [2 * row, 2 * row + 2] as const;
      assert.deepEqual(kept['velocity']!.slice(...own), expected.slice(...own));
    }
    // Half of 40 begin anew: none or all with a chance of 2e-12.
    assert.ok(held.includes(0) && held.includes(1));
    restored.restore(buffer.contents(), undefined);
    assert.ok(restored.draw(2, 40).held.every((one) => one === 0));
  });

  test('drawing changes nothing, so a step can be tried again', () => {
    const buffer = marked(50, 0.5);
    const first = buffer.draw(3, 20).starts;
    assert.deepEqual(buffer.draw(3, 20).starts, first);
    assert.deepEqual(buffer.contents(), new Float32Array(50).fill(5));
  });

  test('knows how old its chains are, also when it goes on from what was kept', () => {
    const [size, drawn, reinitialize] = [200, 50, 0.2];
    const buffer = new ReplayBuffer({ size, reinitialize, seed: 3, bounds, saved: undefined });
    const run = (of: ReplayBuffer, step: number) => of.write(step, of.draw(step, drawn).starts);
    // A chain begins anew in a step with p = 0.2 · 50/200. All begin before step 1, so that in step s the
    // mean age is (1 - (1 - p)^s)/p: 1 in the first one, and 1/p = 20 in the end.
    const p = (reinitialize * drawn) / size;
    assert.deepEqual(buffer.ages(1), { mean: 1, oldest: 1 });
    const means: number[] = [];
    for (let step = 1; step <= 10_000; step++) {
      run(buffer, step);
      if (step % 100 === 0) means.push(buffer.ages(step + 1).mean);
    }
    // Ages are geometric, of variance (1 - p)/p². After 100 steps all but e⁻⁵ of it is forgotten, so
    // that there are 100 × 200 of them; four standard errors (chance 6e-5).
    const error = Math.sqrt((1 - p) / p ** 2 / (size * means.length));
    const mean = means.reduce((sum, value) => sum + value) / means.length;
    assert.ok(Math.abs(mean - 1 / p) < 4 * error, `${mean} ± ${error}`);

    const births = buffer.births();
    const { mean: mean10001, oldest } = buffer.ages(10_001);
    assert.equal(oldest, 10_001 - Math.min(...births));
    const sum = births.reduce((total, birth) => total + birth);
    assert.ok(Math.abs(mean10001 - (10_001 - sum / size)) < 1e-2);

    const saved = buffer.contents();
    const resumed = new ReplayBuffer({
      size,
      reinitialize,
      seed: 3,
      bounds,
      saved,
      savedBirths: births,
    });
    const older = new ReplayBuffer({ size, reinitialize, seed: 3, bounds, saved });
    assert.deepEqual(older.ages(10_001), { mean: 10_001, oldest: 10_001 });
    older.restore(saved, births);
    for (let step = 10_001; step <= 10_050; step++) {
      for (const each of [buffer, resumed, older]) run(each, step);
      assert.deepEqual(resumed.ages(step + 1), buffer.ages(step + 1));
      assert.deepEqual(older.ages(step + 1), buffer.ages(step + 1));
    }
    assert.deepEqual(resumed.births(), buffer.births());
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
