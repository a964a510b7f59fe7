import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BeatWatch,
  isSameHost,
  lateAfter,
  leaseOf,
  lostAfter,
  presenceOf,
  standingOf,
} from '../../../vocabulary/presence';

const here = { name: 'login', boot: 'b1', processes: 'pid:[1]' };
const beatMs = 4_000;

test('a process id counts only where host, boot and table of processes are the same', () => {
  assert.ok(isSameHost(here, { ...here }));
  assert.ok(isSameHost(undefined, here), 'older runs name no host');
  for (const other of [
    { ...here, name: 'node7' },
    { ...here, boot: 'b2' },
    { ...here, processes: 'pid:[2]' },
    { name: 'login' },
  ]) {
    assert.ok(!isSameHost(other, here));
    // Whatever the process of that number here does.
    for (const isAlive of [true, false]) {
      const seen = { there: other, here, isAlive, beatMs };
      assert.equal(presenceOf({ ...seen, silentMs: 0 }), 'fresh');
      assert.equal(presenceOf({ ...seen, silentMs: lateAfter(beatMs) }), 'late');
      assert.equal(presenceOf({ ...seen, silentMs: lostAfter(beatMs) }), 'lost');
    }
  }
});

test('of a trainer of this host its process decides, however long it has not beaten', () => {
  const seen = { there: here, here, beatMs, silentMs: 1e9 };
  assert.equal(presenceOf({ ...seen, isAlive: true }), 'present');
  assert.equal(presenceOf({ ...seen, isAlive: false }), 'gone');
});

test('who writes without looking has stopped long before others may begin', () => {
  assert.ok(lateAfter(beatMs) < leaseOf(beatMs));
  assert.ok(2 * leaseOf(beatMs) <= lostAfter(beatMs));
});

test('only a beat that was not seen before is news', () => {
  const watch = new BeatWatch();
  const beat = (count: number, token = 'a') => ({ token, count });
  assert.equal(watch.see(beat(5), 1_000), 0);
  assert.equal(watch.see(beat(5), 3_000), 2_000);
  assert.equal(watch.see(undefined, 4_000), 3_000, 'what is hidden says nothing');
  assert.equal(watch.see(beat(4), 5_000), 4_000, 'an old one shown once more');
  assert.equal(watch.see(beat(6), 6_000), 0);
  assert.equal(watch.see(beat(0, 'b'), 9_000), 0, 'another trainer');
});

test('at first sight a heartbeat is old only where clocks cannot explain it', () => {
  assert.equal(standingOf(-1_000), 0);
  assert.equal(standingOf(299_000), 0);
  assert.equal(standingOf(400_000), 100_000);
  assert.equal(new BeatWatch().see({ token: 'a', count: 1 }, 50, standingOf(400_000)), 100_000);
});
