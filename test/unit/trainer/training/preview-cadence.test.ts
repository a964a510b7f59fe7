import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LookingTime } from '../../../../trainer-worker/trainer/training/looking-time';
import { PreviewCadence } from '../../../../trainer-worker/trainer/training/preview-cadence';
import { fc } from '../../../support/fast-check';

/** A preview of a simulated run; times in seconds. */
interface Shown {
  readonly step: number;
  readonly begun: number;
  readonly cost: number;
}

interface Simulated {
  readonly steps: number;
  readonly every?: number | null;
  readonly completed?: number;
  /** Seconds of one training step. */
  readonly perStep: number;
  /** Seconds of the n-th preview of the process, counted from 0. */
  readonly cost: (preview: number) => number;
}

/** The previews of a run whose clock is this function's own. */
async function previewsOf({ steps, every = null, completed = 0, perStep, cost }: Simulated) {
  let now = 0;
  const time = new LookingTime(() => now);
  const cadence = new PreviewCadence({ steps, whole: new Set([steps]), every, completed }, time);
  const shown: Shown[] = [];
  const show = (step: number) =>
    cadence.around(step, async () => {
      const taken = cost(shown.length);
      shown.push({ step, begun: now, cost: taken });
      now += taken;
    });
  if (completed === 0) await show(0);
  for (let step = completed + 1; step <= steps; step++) {
    now += perStep;
    if (cadence.isDue(step)) await show(step);
  }
  return { shown, seconds: now };
}

const total = (shown: readonly Shown[]) => shown.reduce((sum, { cost }) => sum + cost, 0);

describe('previews as time allows', () => {
  test('take a tenth of the time and half a second, whatever they cost, apart from the first, the latest and the last', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 1e-4, max: 2, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 1, maxLength: 12 }),
        async (steps, perStep, costs) => {
          const cost = (preview: number) => costs[preview % costs.length]!;
          const { shown } = await previewsOf({ steps, perStep, cost });
          assert.deepEqual([shown[0]!.step, shown.at(-1)!.step], [0, steps]);
          const counted = shown.slice(1, -1);
          for (const [index, { begun }] of counted.entries()) {
            // What the latest will cost is not known when it is decided on.
            const elapsed = begun - shown[0]!.cost;
            assert.ok(total(counted.slice(0, index)) <= 0.5 + 0.1 * elapsed + 1e-9);
          }
        },
      ),
    );
  });

  test('cost a tenth of a long run, not much less', async () => {
    const { shown, seconds } = await previewsOf({ steps: 50_000, perStep: 0.01, cost: () => 0.7 });
    // Waiting for a round number loses no time: what is not used is there for the next one.
    assert.ok(total(shown) / seconds <= 0.1 + (0.5 + 2 * 0.7) / seconds);
    assert.ok(total(shown) / seconds > 0.08, `${total(shown)} s of ${seconds} s`);
  });

  test('are some two hundred at most, at round numbers, thick at first, however cheap they are', async () => {
    for (const steps of [10, 1_000, 123_456, 2_000_000]) {
      const { shown } = await previewsOf({ steps, perStep: 1e-3, cost: () => 0 });
      assert.ok(shown.length <= 210, `${shown.length} of ${steps} steps`);
      const gaps = shown.slice(1, -1).map(({ step }, index) => [step, step - shown[index]!.step]);
      for (const [step, gap] of gaps as [number, number][]) {
        // A multiple of the largest of 1, 2, 5, 10, … that half of the gap holds.
        const half = Math.max(1, gap / 2);
        const scale = 10 ** Math.floor(Math.log10(half));
        const round = [5, 2, 1].find((digit) => digit * scale <= half)! * scale;
        assert.equal(step % round, 0, `${step}, ${gap} after the one before`);
      }
    }
    const { shown } = await previewsOf({ steps: 4_000, perStep: 1e-3, cost: () => 0 });
    assert.deepEqual(
      shown.map(({ step }) => step).slice(0, 12),
      [0, 1, 2, 3, 4, 6, 8, 11, 16, 22, 30, 40],
    );
  });

  // Previews of 0.1 s; the first one takes 1 s.
  const runs = [
    { name: '3 s', steps: 3_000, perStep: 1e-3, within3: 6, most: 12 },
    { name: '30 s', steps: 10_000, perStep: 3e-3, within3: 6, most: 40 },
    { name: '30 min', steps: 300_000, perStep: 6e-3, within3: 6, most: 210 },
    { name: '10 h', steps: 3_600_000, perStep: 1e-2, within3: 6, most: 210 },
  ];
  for (const { name, within3, most, ...run } of runs) {
    test(`a run of ${name} has ${within3} or more pictures in its first 3 s, and ${most} at most`, async () => {
      const { shown } = await previewsOf({ ...run, cost: (preview) => (preview === 0 ? 1 : 0.1) });
      const early = shown.filter(({ step }) => step * run.perStep <= 3);
      assert.ok(early.length >= within3, `${early.length} early ones`);
      assert.ok(shown.length <= most, `${shown.length} in all`);
      const longest = shown.slice(1).map(({ step }, index) => step - shown[index]!.step);
      // A tenth of the run at most passes without a picture.
      assert.ok(Math.max(...longest) <= run.steps / (name === '3 s' ? 2 : 10));
    });
  }

  test('the first one, which makes all ready, does not delay the second', async () => {
    const { shown } = await previewsOf({
      steps: 100_000,
      perStep: 1e-3,
      cost: (preview) => (preview === 0 ? 20 : 0.05),
    });
    const [first, second] = shown as [Shown, Shown];
    // 0.2 s are expected of it, and have to be half of the time: 0.4 s, and a round number after it.
    assert.ok(second.begun - (first.begun + first.cost) <= 0.5 + 1e-9);
  });

  test('a run that is resumed shows something soon, and goes on as before', async () => {
    const { shown } = await previewsOf({
      steps: 20_000,
      completed: 10_007,
      perStep: 1e-3,
      cost: () => 0.1,
    });
    assert.ok(shown[0]!.step > 10_007 && shown[0]!.step <= 10_007 + 2 * (20_000 / 150));
    assert.equal(shown.at(-1)!.step, 20_000);
    assert.ok(total(shown.slice(1, -1)) <= 0.5 + 0.1 * 11.2);
  });
});

test('previews every so many steps, as the user wishes, whatever they cost', async () => {
  const { shown } = await previewsOf({ steps: 10, every: 4, perStep: 1e-3, cost: () => 9 });
  assert.deepEqual(
    shown.map(({ step }) => step),
    [0, 4, 8, 10],
  );
});
