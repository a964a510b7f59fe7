/** What the form of the model asks, and how its answers are told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askedCheckpoint, checkpointNote } from '../../../../webview/store/asked-checkpoint';
import {
  countOf,
  drawWish,
  settingText,
  type TypedDraw,
} from '../../../../webview/store/draw-form';
import {
  drawnFactsText,
  drawnText,
  frameAt,
  type HandDrawn,
  withDrawing,
  withStop,
} from '../../../../webview/store/hand-drawn';
import { pointFacts } from '../../../../webview/store/point-text';
import { fakeDrawing, fakeOffer, fakeStops } from '../../../fixtures/fake-model';

const [langevin, hamiltonian] = fakeOffer.samplers as [TypedDraw['sampler'], TypedDraw['sampler']];
const untouched: TypedDraw = {
  ...{ sampler: langevin, settings: {}, start: 'noise', steps: '500', count: '256', seed: '7' },
};
const wish = (typed: Partial<TypedDraw>) => drawWish(fakeOffer, { ...untouched, ...typed }, 9);

describe('the form of a drawing', () => {
  test('asks for what differs from the run, and leaves the rest to it', () => {
    const as = { checkpoint: 9, start: 'noise', count: 256 };
    assert.deepEqual(wish({}), { request: as });
    assert.deepEqual(wish({ seed: '8', steps: '20' }), { request: { ...as, seed: 8, steps: 20 } });
    const settings = { stepSize: '1e-3', noise: '1', clip: '', domain: '{"low":0,"high":1}' };
    assert.deepEqual(wish({ settings }), {
      request: { ...as, settings: { stepSize: 1e-3, domain: { low: 0, high: 1 } } },
    });
    assert.deepEqual(wish({ settings: { stepSize: '[0.3, 0.1]' } }), {
      request: { ...as, settings: { stepSize: [0.3, 0.1] } },
    });
    const other = wish({ sampler: hamiltonian, settings: { targetAcceptance: '0.8' } });
    assert.deepEqual(other, {
      request: { ...as, sampler: 'hamiltonian', settings: { targetAcceptance: 0.8 } },
    });
  });

  test('names the field in which something stands that it does not take', () => {
    const fields = (typed: Partial<TypedDraw>) => (wish(typed) as { field?: string }).field;
    assert.equal(fields({ settings: { stepSize: 'fast' } }), 'stepSize');
    assert.equal(fields({ steps: '1.5' }), 'steps');
    assert.equal(fields({ steps: '100001' }), 'steps');
    assert.equal(fields({ count: '' }), 'count');
    assert.equal(fields({ count: '20000' }), undefined);
    assert.equal(fields({ count: '20000', start: 'buffer' }), 'count');
    assert.equal(fields({ seed: '-1' }), 'seed');
    const scan = { name: 'scan', value: 'random', choices: ['random', 'sweep'] };
    const gibbs = { ...langevin, type: 'gibbs', settings: [scan] };
    assert.equal(fields({ sampler: gibbs, settings: { scan: 'swept' } }), 'scan');
    assert.equal(fields({ sampler: gibbs, settings: { scan: 'sweep' } }), undefined);
  });

  test('suggests no more chains than a buffer has', () => {
    assert.equal(countOf({ ...fakeOffer, buffered: 100 }, 'buffer'), 100);
    assert.equal(countOf({ ...fakeOffer, buffered: 100 }, 'noise'), 256);
    assert.equal(settingText(null), '');
    assert.equal(settingText([1, 2]), '[1,2]');
  });
});

describe('chains that were drawn', () => {
  const begun: HandDrawn = { request: { checkpoint: 1000, count: 4 }, stops: [] };
  const moved = fakeStops(4).reduce(withStop, begun);
  const drawing = fakeDrawing(4);

  test('are pictures at the step of their checkpoint, with energies and landscape at their end', () => {
    assert.equal(frameAt(begun, 0, 2), undefined);
    const onTheWay = frameAt(moved, 1, 2)!;
    assert.deepEqual([onTheWay.step, onTheWay.count, onTheWay.energies], [1000, 4, undefined]);
    const done = withDrawing(moved, drawing);
    const frame = frameAt(done, 2, 2)!;
    assert.deepEqual(frame.samples, fakeStops(4)[2]!.samples);
    // A half less at each stop, from 1.
    assert.deepEqual(frame.energies?.samples, new Float32Array(4).fill(0));
    assert.equal(frame.field, drawing.field);
    assert.equal(drawnText(moved), 'checkpoint at step 1,000');
    assert.equal(
      drawnText(done),
      '4 chains from the buffer, 60 iterations of langevin, checkpoint at step 1,000',
    );
    assert.equal(drawnFactsText(moved, 0), '');
    assert.equal(drawnFactsText(done, 0), 'mean energy 1.000 · acceptance 0.8250');
  });

  test('end in their samples also where stops were missed, each with its own energies', () => {
    const missed = withDrawing(fakeStops(4).slice(3, 5).reduce(withStop, begun), drawing);
    assert.deepEqual(
      missed.stops.map(({ done }) => done),
      [36, 48, 60],
    );
    assert.equal(missed.stops.at(-1)?.samples, drawing.drawn.samples);
    const means = missed.stops.map((_, at) => frameAt(missed, at, 2)!.energies?.samples[0]);
    assert.deepEqual(means, [-0.5, -1, -1.5]);
  });
});

test('the checkpoint that is asked is the chosen one, or the last at the step shown', () => {
  const steps = [500, 1000, 2000];
  assert.equal(askedCheckpoint(steps, undefined, undefined), 2000);
  assert.equal(askedCheckpoint(steps, 1500, undefined), 1000);
  assert.equal(askedCheckpoint(steps, 10, undefined), 500);
  assert.equal(askedCheckpoint(steps, 10, 2000), 2000);
  assert.equal(askedCheckpoint(steps, 2000, 7), 2000, 'one that was deleted');
  assert.equal(askedCheckpoint([], 5, undefined), undefined);
  assert.equal(checkpointNote(1000, 1000), '');
  assert.match(checkpointNote(1000, 1500), /^The step shown, 1,500, has no checkpoint/);
});

test('a point of many columns is told by the length of its score alone', () => {
  const axes = Array.from({ length: 9 }, (_, at) => `x${at + 1}`);
  const nine = new Array<number>(9).fill(1);
  const told = { axes, point: nine, score: nine, energy: -2, scoreNorm: 3, checkpoint: 10 };
  assert.deepEqual(pointFacts(told, true), [
    ['Energy', '−2.000 nats'],
    ['Length of the standardised score', '3.000'],
    ['Checkpoint', 'step 10'],
  ]);
  const level = { axes: ['colour'], point: ['red'], energy: 1, checkpoint: 10 };
  assert.deepEqual(pointFacts(level, false)[0], ['Point', 'colour red']);
});
