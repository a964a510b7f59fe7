import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricInfo } from '../../../protocol/run';
import { valuesText } from '../../../trainer-worker/cli/run-reporter';
import { formatWithError } from '../../../vocabulary/with-error';

test('a value has the digits that its error leaves', () => {
  const shown = (value: number, error?: number) => formatWithError(value, error, String);
  assert.equal(shown(-1.40612, 0.0123), '-1.406 ± 0.012');
  assert.equal(shown(5.969, 0.6), '5.97 ± 0.60');
  assert.equal(shown(1234.5, 230), '1235 ± 230');
  assert.equal(shown(0.5, 3e-9), '0.500000 ± < 0.000001');
  // What has no error, or none that says anything, is written as it is.
  assert.equal(shown(0.25), '0.25');
  for (const error of [0, Number.NaN, Number.POSITIVE_INFINITY]) assert.equal(shown(2, error), '2');
  assert.equal(shown(Number.NaN, 0.1), 'NaN');
});

test('the shell shows errors beside their values, units, and what is not known', () => {
  const metrics: MetricInfo[] = [
    { name: 'loss', label: 'Loss', group: 'Loss' },
    { name: 'log Z', label: 'log Z', group: 'log Z', unit: 'nats' },
    {
      name: 'log Z/error',
      label: 'Error of: log Z',
      group: 'log Z',
      unit: 'nats',
      errorOf: 'log Z',
    },
    { name: 'kl', label: 'KL', group: 'KL', unit: 'nats' },
    { name: 'kl/error', label: 'Error of: KL', group: 'KL', unit: 'nats', errorOf: 'kl' },
  ];
  const last = { loss: 1 / 3, 'log Z': 2.5, 'log Z/error': 0.01, kl: Number.NaN, 'kl/error': 0.2 };
  assert.equal(
    valuesText(metrics, last),
    ['  loss   0.33333', '  log Z  2.500 ± 0.010 nats', '  kl     not known', ''].join('\n'),
  );
});
