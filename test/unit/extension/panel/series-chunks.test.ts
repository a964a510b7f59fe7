import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  concatChunks,
  countPoints,
  exactArrays,
  splitChunks,
  unseenPoints,
} from '../../../../extension/panel/series-chunks';
import type { SeriesChunks } from '../../../../protocol/run';

/** A chunk whose value at a step is a tenth of it. */
const chunk = (...steps: number[]) => ({
  steps: Float64Array.from(steps),
  values: Float32Array.from(steps, (step) => step / 10),
});

const curves = fc
  .dictionary(
    fc.constantFrom('loss', 'energy/data', 'gradient norm'),
    fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }),
  )
  .map(
    (steps): SeriesChunks =>
      Object.fromEntries(
        Object.entries(steps).map(([name, unsorted]) => [
          name,
          chunk(...new Set(unsorted.sort((a, b) => a - b))),
        ]),
      ),
  );

describe('splitChunks', () => {
  test('cuts into full pieces that put together are the whole again', () => {
    void fc.assert(
      fc.property(curves, fc.integer({ min: 1, max: 40 }), (series, limit) => {
        const pieces = splitChunks(series, limit);
        for (const piece of pieces.slice(0, -1)) assert.equal(countPoints(piece), limit);
        const last = pieces.at(-1);
        if (last) assert.ok(countPoints(last) <= limit && countPoints(last) > 0);
        assert.deepEqual({ ...concatChunks(pieces) }, { ...series });
      }),
    );
  });

  test('makes pieces that share no buffer', () => {
    const [first] = splitChunks({ loss: chunk(1, 2, 3, 4) }, 2);
    assert.equal(first?.['loss']?.steps.buffer.byteLength, 16);
    assert.equal(first?.['loss']?.values.buffer.byteLength, 8);
  });
});

describe('unseenPoints', () => {
  test('lets each point through once, per curve', () => {
    const seen = new Map<string, number>();
    assert.deepEqual(unseenPoints({ loss: chunk(1, 2, 3) }, seen), { loss: chunk(1, 2, 3) });
    const next = { loss: chunk(2, 3, 4), energy: chunk(1) };
    assert.deepEqual(unseenPoints(next, seen), { loss: chunk(4), energy: chunk(1) });
    assert.deepEqual(unseenPoints(next, seen), {});
  });
});

test('exactArrays copies views and keeps wholes, at any depth', () => {
  const whole = Float32Array.of(1, 2, 3);
  const message = { step: 3, whole, steps: [1, 2], within: { view: whole.subarray(1, 2) } };
  const exact = exactArrays(message);
  assert.deepEqual(exact, { ...message, within: { view: Float32Array.of(2) } });
  assert.equal(exact.whole, whole);
  assert.equal(exact.within.view.buffer.byteLength, 4);
});
