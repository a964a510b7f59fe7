import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseValue, UnfitValueError } from '../../../../extension/runs/parameters';
import type { Json } from '../../../../protocol/run';
import { formatValue, parametersOf } from '../../../../vocabulary/parameters';
import { fc } from '../../../support/fast-check';

test('every value of a configuration is listed by its dotted path, kinds aside', () => {
  const config = {
    name: 'moons',
    energy: { type: 'mlp', hidden: [64, 64], activation: 'swish' },
    objective: { type: 'cd', sampler: { type: 'langevin', steps: 20, noise: null } },
    steps: 100,
    shuffle: true,
  };
  assert.deepEqual(parametersOf(config), [
    { path: 'name', value: 'moons' },
    { path: 'energy.hidden', value: [64, 64] },
    { path: 'energy.activation', value: 'swish' },
    { path: 'objective.sampler.steps', value: 20 },
    { path: 'objective.sampler.noise', value: null },
    { path: 'steps', value: 100 },
    { path: 'shuffle', value: true },
  ]);
});

test('a value that is shown and typed again is the same value', () => {
  const values: fc.Arbitrary<Json> = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (Object.is(x, -0) ? 0 : x)),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer()),
  );
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(parseValue(formatValue(value), value), value);
    }),
  );
});

test('a value of another kind is refused with what is wanted; null is an option that is off', () => {
  const refused = (text: string, present: Json, wanted: RegExp) =>
    assert.throws(
      () => parseValue(text, present),
      (error) => error instanceof UnfitValueError && wanted.test(error.message),
    );
  refused('fast', 0.1, /^Write a number/);
  refused('"1"', 0.1, /^Write a number/);
  refused('1', true, /^Write true or false\.$/);
  refused('64', [64, 64], /^Write a list, for example \[64,64\]\.$/);
  refused('', null, /^Write a number, true, false, null, or text/);
  assert.equal(parseValue('null', 0.1), null);
  assert.equal(parseValue(' 3e-4 ', 0.1), 3e-4);
  assert.equal(parseValue('5', null), 5);
  assert.equal(parseValue('5', 'five'), '5');
});
