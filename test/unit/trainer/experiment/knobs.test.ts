import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  data,
  energy,
  experiment,
  objective,
  optimizer,
  sampler,
  schedule,
} from '../../../../trainer-worker/api/index';
import type { ExperimentOptions } from '../../../../trainer-worker/trainer/experiment/experiment';
import { knobsOf } from '../../../../trainer-worker/trainer/experiment/knobs';

const persistent = (of: Parameters<typeof objective.persistentContrastiveDivergence>[0]) =>
  objective.persistentContrastiveDivergence(of);

/** The knobs of an experiment on two moons, each with its range in short. */
function knobs(options: Pick<ExperimentOptions, 'objective' | 'optimizer'>): string[] {
  const spec = experiment({ data: data.twoMoons(), energy: energy.mlp(), ...options });
  return knobsOf(spec).map(
    ({ name, option, above, least, most }) =>
      `${name} ${option} ${above === undefined ? `[${least}` : `(${above}`}, ${most ?? '∞'}]`,
  );
}

test('an experiment has the knobs that its methods have, with the ranges of their options', () => {
  assert.deepEqual(
    knobs({
      objective: persistent({ sampler: sampler.langevin() }),
      optimizer: optimizer.adam({ learningRate: 1e-3 }),
    }),
    [
      'learningRate optimizer.learningRate (0, 10]',
      'stepSize objective.sampler.stepSize (0, 1000]',
      'noise objective.sampler.noise [0, 100]',
    ],
  );
  assert.deepEqual(
    knobs({
      objective: persistent({ sampler: sampler.underdampedLangevin() }),
      optimizer: optimizer.sgd({ learningRate: schedule.cosine({ peak: 1e-2 }) }),
    }).map((knob) => knob.split(' ')[0]),
    ['learningRate.peak', 'stepSize', 'temperature'],
  );
  assert.deepEqual(
    knobs({
      objective: objective.diffusionRecoveryLikelihood(),
      optimizer: optimizer.adam({ learningRate: schedule.constant({ value: 1, warmup: 9 }) }),
    }),
    [
      'learningRate.value optimizer.learningRate.value (0, 1000]',
      'stepSize objective.stepSize (0, 1]',
    ],
  );
});

test('what a number would not say is no knob: rates in a list, steps by iteration, steps that adapt', () => {
  const rates = schedule.piecewise({ boundaries: [100], values: [1e-2, 1e-3] });
  assert.deepEqual(
    knobs({
      objective: persistent({
        sampler: sampler.langevin({ stepSize: [0.2, 0.1], noise: schedule.linear({ peak: 1 }) }),
      }),
      optimizer: optimizer.adam({ learningRate: rates }),
    }),
    [],
  );
  assert.deepEqual(
    knobs({
      objective: persistent({
        sampler: sampler.metropolisAdjustedLangevin({ targetAcceptance: 0.6 }),
      }),
      optimizer: optimizer.adam({ learningRate: rates }),
    }).map((knob) => knob.split(' ')[0]),
    ['temperature'],
  );
  assert.deepEqual(
    knobs({
      objective: objective.denoisingScoreMatching(),
      optimizer: optimizer.adam({ learningRate: rates }),
    }),
    [],
  );
});
