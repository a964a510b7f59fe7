import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  matchByStep,
  matchByTime,
  matchByValue,
  runningBest,
} from '../../../../webview/store/compare-match';
import { Series } from '../../../../webview/store/series';

function series(...points: readonly (readonly [step: number, value: number])[]): Series {
  const made = new Series();
  made.append({
    steps: Float64Array.from(points, ([step]) => step),
    values: Float32Array.from(points, ([, value]) => value),
  });
  return made;
}

const a = { directory: 'a', previewSteps: [0, 10, 30] };
const b = { directory: 'b', previewSteps: [20, 30] };

describe('previews of several runs', () => {
  test('are matched by the newest step up to that which is looked at', () => {
    const match = matchByStep([a, b, { directory: 'c', previewSteps: [] }]);
    assert.deepEqual(match.places, [0, 10, 20, 30]);
    assert.equal(match.usual, 3);
    assert.deepEqual(
      [29, 30, 9].map((step) => [match.previewAt(a, step), match.previewAt(b, step)]),
      [
        [10, 20],
        [30, 30],
        [0, undefined],
      ],
    );
  });

  test('are matched by the newest that there was at a time', () => {
    // Steps 1 to 31: a takes a second for each, b is four times as fast.
    const clock = (pace: number) => ({
      steps: Float64Array.of(1, 31),
      seconds: Float64Array.of(0, 30 * pace),
    });
    const clocks = new Map([
      ['a', clock(1)],
      ['b', clock(0.25)],
    ]);
    const match = matchByTime([a, b], (directory) => clocks.get(directory));
    // What a began from was there at once.
    assert.deepEqual(match.places, [0, 4.75, 7.25, 9, 29]);
    assert.deepEqual(
      [4, 5, 8].map((time) => [match.previewAt(a, time), match.previewAt(b, time)]),
      [
        [0, undefined],
        [0, 20],
        [0, 30],
      ],
    );
    assert.equal(match.previewAt(a, 9), 10);
  });

  test('have no time where the clock is not known or does not reach', () => {
    const clock = { steps: Float64Array.of(1, 15), seconds: Float64Array.of(0, 7) };
    const match = matchByTime([a, b], (directory) => (directory === 'a' ? clock : undefined));
    assert.deepEqual(match.places, [0, 4.5]);
    assert.equal(match.previewAt(b, 100), undefined);
    assert.equal(match.previewAt(a, 100), 10);
    assert.equal(matchByTime([b], () => undefined).usual, -1);
  });

  test('are matched by where they first were as good as a value', () => {
    const curves = new Map([
      ['a', series([1, 8], [9, 4], [12, 6], [28, 2])],
      ['b', series([1, 9], [21, 4], [30, 3])],
    ]);
    const match = matchByValue([a, b], (directory) => curves.get(directory), 'minimize');
    // The best up to each preview, the worst first; of a at 10 and 30, of b at 20 and 30.
    assert.deepEqual(match.places, [9, 4, 3, 2]);
    // Both came to 3, a alone to 2.
    assert.equal(match.places[match.usual], 3);
    assert.equal(match.previewAt(a, 4), 10);
    assert.equal(match.previewAt(b, 4), 20);
    assert.equal(match.previewAt(a, 3), 30);
    assert.equal(match.previewAt(b, 2), undefined);
  });

  test('are matched by a value that is to be large, too', () => {
    const curves = new Map([
      ['a', series([10, 1], [30, 5])],
      ['b', series([20, 3], [30, Number.NaN])],
    ]);
    const match = matchByValue([a, b], (directory) => curves.get(directory), 'maximize');
    assert.deepEqual(match.places, [1, 3, 5]);
    assert.equal(match.places[match.usual], 3);
    assert.deepEqual([match.previewAt(a, 3), match.previewAt(b, 3)], [30, 20]);
  });

  test('of which none has the metric have no place', () => {
    const match = matchByValue([a, b], () => undefined, 'minimize');
    assert.deepEqual([match.places, match.usual], [[], -1]);
    assert.equal(match.previewAt(a, 0), undefined);
  });

  test('of two equally near is the earlier', () => {
    const match = matchByValue([a], () => series([20, 1]), 'minimize');
    assert.equal(match.previewAt(a, 1), 10);
  });
});

test('the best of a curve falls, or rises, and is finite', () => {
  const curve = series([1, Number.NaN], [2, 3], [3, 3], [4, Number.NEGATIVE_INFINITY], [5, 1]);
  assert.deepEqual(runningBest(curve, 'minimize'), [
    { step: 2, value: 3 },
    { step: 5, value: 1 },
  ]);
  assert.deepEqual(runningBest(curve, 'maximize'), [{ step: 2, value: 3 }]);
});
