import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';
import {
  rateCautions,
  type ScheduleSpec,
  scheduleMethod,
} from '../../../../trainer-worker/methods/schedules';

/** The rate that an experiment of so many steps has in each of them. */
function ratesOf(learningRate: ScheduleSpec, steps: number) {
  const made = experiment({
    data: data.twoMoons(),
    energy: energy.mlp(),
    objective: objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 1 }) }),
    optimizer: optimizer.adam({ learningRate }),
    steps,
  });
  const spec = made.optimizer.learningRate as ScheduleSpec;
  const rate = scheduleMethod(spec).build(spec);
  const rates = Array.from({ length: steps }, (_, i) => rate(tf.scalar(i + 1)).dataSync()[0]!);
  return { rates, cautions: rateCautions(spec, steps) };
}

describe('a schedule and the length of its run', () => {
  test('a schedule without a length has that of the run, however short', () => {
    for (const make of [schedule.cosine, schedule.linear]) {
      for (const steps of [2, 3, 50, 151]) {
        const { rates, cautions } = ratesOf(make({ peak: 0.5, final: 0.125 }), steps);
        assert.equal(rates[0], 0.5);
        assert.equal(rates.at(-1), 0.125);
        assert.deepEqual(cautions, []);
      }
      assert.deepEqual(ratesOf(make({ peak: 0.5 }), 1).rates, [0.5]);
    }
  });

  test("a schedule without a length ends with the model's updates, not with its critic's", () => {
    const made = experiment({
      data: data.twoMoons(),
      energy: energy.mlp(),
      objective: objective.learnedSteinDiscrepancy({ criticSteps: 4 }),
      optimizer: optimizer.adam({ learningRate: schedule.cosine({ peak: 0.5 }) }),
      steps: 103,
    });
    // It moves in steps 4, 8, … 100.
    const expected = schedule.cosine({ peak: 0.5, steps: 25 });
    assert.deepEqual(made.optimizer.learningRate, expected);
  });

  const cases: readonly (readonly [string, ScheduleSpec, number, RegExp | undefined])[] = [
    ['ends with the run', schedule.cosine({ peak: 1, steps: 150 }), 150, undefined],
    [
      'ends before it, at rate 0',
      schedule.cosine({ peak: 1, steps: 100 }),
      150,
      /^schedule\.cosine ends at update 100, but the run has 150: the last 50 are taken at rate 0/,
    ],
    [
      'ends before it, at a rate',
      schedule.linear({ peak: 1, steps: 100, final: 0.1 }),
      150,
      undefined,
    ],
    [
      'ends after it',
      schedule.linear({ peak: 1, steps: 100 }),
      60,
      /^schedule\.linear takes 100 updates, but the run has 60/,
    ],
    [
      'warms up for longer',
      schedule.constant({ value: 1, warmup: 100 }),
      60,
      /^The warm-up of schedule\.constant takes 100 updates, but the run has 60/,
    ],
    [
      'has rates that are never used',
      schedule.piecewise({ boundaries: [10, 60, 90], values: [1, 0.5, 0.25, 0.125] }),
      60,
      /changes the rate after update 60, but the run has 60: 0\.25, 0\.125 is never used/,
    ],
    [
      'uses all its rates',
      schedule.piecewise({ boundaries: [10, 59], values: [1, 0.5, 0.25] }),
      60,
      undefined,
    ],
    [
      'falls to nothing',
      schedule.exponential({ peak: 1, decay: 0.5, every: 1 }),
      60,
      /^schedule\.exponential falls to 1\.7e-18 by the end/,
    ],
    ['falls slowly', schedule.exponential({ peak: 1, decay: 0.5, every: 10 }), 60, undefined],
  ];
  for (const [name, spec, steps, caution] of cases) {
    test(`one that ${name} is ${caution ? 'warned of' : 'as it is meant'}`, () => {
      const { rates, cautions } = ratesOf(spec, steps);
      if (caution === undefined) assert.deepEqual(cautions, []);
      else {
        assert.equal(cautions.length, 1);
        assert.match(cautions[0]!, caution);
      }
      assert.ok(rates.every((rate) => rate >= 0 && Number.isFinite(rate)));
    });
  }
});
