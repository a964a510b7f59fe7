import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointCadence } from '../../../../trainer-worker/trainer/training/checkpoint-cadence';

test('a checkpoint is due after so many steps', () => {
  const cadence = new CheckpointCadence({ every: 4, everySeconds: null }, () => 0);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 8].filter((step) => cadence.isDue(step)),
    [4, 8],
  );
  const never = new CheckpointCadence({ every: null, everySeconds: null }, () => 1e12);
  assert.equal(never.isDue(4), false);
});

test('or so long after the last one, whatever that was for', async () => {
  let now = 0;
  const cadence = new CheckpointCadence({ every: 100, everySeconds: 2 }, () => now);
  now = 1999;
  assert.equal(cadence.isDue(1), false);
  now = 2000;
  assert.equal(cadence.isDue(1), true);
  await cadence.around(async () => undefined);
  assert.equal(cadence.isDue(1), false);
  assert.equal(cadence.isDue(200), true);
  now = 4000;
  assert.equal(cadence.isDue(1), true);
});

test('but rarely where one takes long, so that training has nearly all of the time', async () => {
  let now = 0;
  const cadence = new CheckpointCadence({ every: null, everySeconds: 2 }, () => now);
  now = 5000;
  await cadence.around(async () => {
    now += 3000;
  });
  now = 8000 + 99_000;
  assert.equal(cadence.isDue(1), false);
  now = 8000 + 100_000;
  assert.equal(cadence.isDue(1), true);
  // One that fails is tried again by whoever asked for it, and is no measure.
  await assert.rejects(cadence.around(async () => Promise.reject(new Error('full'))));
  assert.equal(cadence.isDue(1), true);
});
