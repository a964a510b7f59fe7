import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Knob, KnobChange } from '../../../protocol/run';
import {
  changeText,
  formatKnob,
  knobFault,
  knobNamed,
  knobValue,
  rangeText,
  valueAt,
  valuesAfter,
  withChange,
} from '../../../vocabulary/knobs';

const rate: Knob = {
  ...{ name: 'learningRate', option: 'optimizer.learningRate', label: 'learning rate' },
  ...{ above: 0, most: 10 },
};
const noise: Knob = { name: 'noise', option: 'sampler.noise', label: 'noise', least: 0 };
const change = (step: number, from: number, to: number): KnobChange => ({
  ...{ at: '2026-02-03T04:05:06.789Z', option: rate.option, step, from, to },
});
const config = { optimizer: { learningRate: 1e-3, betas: [0.9] }, sampler: null };

test('a knob stands at what the run began with, and after each change at that', () => {
  const run = { config, changes: [change(10, 1e-3, 1e-2), change(20, 1e-2, 1e-4)] };
  const at = (completed: number) => knobValue(run, rate, completed);
  assert.deepEqual([0, 9, 10, 19, 20, 99].map(at), [1e-3, 1e-3, 1e-2, 1e-2, 1e-4, 1e-4]);
  assert.equal(knobValue(run, noise, 0), undefined);
  assert.equal(valueAt(config, 'optimizer.betas.0'), undefined);
  assert.deepEqual(valuesAfter(run.changes, 9), {});
});

test('changes stay in the order of their steps, and of when they came within one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (steps) => {
      const all = steps.map((step, index) => change(step, index, index + 1));
      const kept = all.reduce<readonly KnobChange[]>(withChange, []);
      const expected = [...all].sort((a, b) => a.step - b.step || a.from - b.from);
      assert.deepEqual(kept, expected);
    }),
    { seed: 5 },
  );
});

test('a knob is found by name and by path, and says in words what it takes', () => {
  assert.equal(knobNamed([noise, rate], 'learningRate'), rate);
  assert.equal(knobNamed([noise, rate], 'sampler.noise'), noise);
  assert.equal(knobNamed([noise, rate], 'stepSize'), undefined);
  assert.equal(rangeText(rate), 'above 0, at most 10');
  assert.equal(rangeText(noise), 'at least 0');
  for (const value of [0, 10.1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.match(knobFault(rate, value) ?? '', /above 0, at most 10/);
  for (const value of [10, 1e-9]) assert.equal(knobFault(rate, value), undefined);
  assert.equal(knobFault(noise, 0), undefined);
  assert.equal(changeText([rate], change(3, 1e-3, 1e-7)), 'learning rate 0.001 → 1e-7');
  assert.equal(changeText([], change(3, 1, 2)), 'optimizer.learningRate 1 → 2');
  assert.equal(formatKnob(0.1 + 0.2), '0.3');
});
