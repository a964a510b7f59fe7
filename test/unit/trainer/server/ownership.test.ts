import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProblemError } from '../../../../protocol/problem';
import type { Control, OwnerWish } from '../../../../protocol/trainer';
import { Ownership, tickMs } from '../../../../trainer-worker/trainer/server/ownership';

const train: OwnerWish = { whenGone: 'train', graceMs: 3 * tickMs };
const stop: OwnerWish = { whenGone: 'stop', graceMs: 3 * tickMs };

/** Clients `a`, `b`, … and what each was told last. */
function owned() {
  const told = new Map<string, Control>();
  const ownership = new Ownership<string>((client, control) => told.set(client, control));
  const ticks = (count: number) => Array.from({ length: count }, () => ownership.tick());
  return { ownership, told, ticks };
}

describe('ownership of a run', () => {
  test('belongs to the first that asks; another one watches until it takes over', () => {
    const { ownership, told } = owned();
    assert.equal(ownership.ask('a', train, false), 'mine');
    assert.equal(ownership.ask('b', train, false), 'others');
    assert.throws(() => ownership.require('b'), ProblemError);
    ownership.require('a');
    assert.equal(ownership.ask('b', train, true), 'mine');
    assert.deepEqual(Object.fromEntries(told), { a: 'others', b: 'mine' });
    assert.throws(() => ownership.require('a'), /Another window controls this run/);
  });

  test('is nobody’s when its owner leaves, and whoever wants to control the run then gets it', () => {
    const { ownership, told } = owned();
    ownership.ask('a', train, false);
    ownership.ask('b', train, false);
    ownership.leave('a');
    assert.equal(told.get('b'), 'free');
    ownership.require('b');
    assert.equal(ownership.of('b'), 'mine');
  });

  test('waits for an owner that is reloaded, then passes to who has waited longest', () => {
    const { ownership, told, ticks } = owned();
    for (const client of ['a', 'b', 'c']) ownership.ask(client, stop, false);
    ownership.leave('a');
    ticks(2);
    assert.equal(ownership.ask('a again', stop, false), 'mine');
    ownership.leave('a again');
    assert.deepEqual(ticks(3), [false, false, false]);
    assert.equal(told.get('b'), 'mine');
    assert.equal(told.get('c'), 'others');
  });

  test('of a run whose owner is gone for good ends it where that was wished, once', () => {
    const { ownership, ticks } = owned();
    ownership.ask('a', stop, false);
    ownership.leave('a');
    assert.deepEqual(ticks(6), [false, false, true, false, false, false]);
  });

  test('of a run that is to train on ends nothing', () => {
    const { ownership, ticks } = owned();
    ownership.ask('a', stop, false);
    // The setting was changed.
    ownership.ask('a', train, false);
    ownership.leave('a');
    assert.ok(ticks(100).every((end) => !end));
  });

  test('of a run that nobody ever asked for ends nothing, and everybody may control it', () => {
    const { ownership, ticks } = owned();
    assert.ok(ticks(100).every((end) => !end));
    ownership.require('a');
    assert.equal(ownership.of('a'), 'free');
  });

  test('is lost by silence and comes back with a word', () => {
    const { ownership, told, ticks } = owned();
    ownership.ask('a', stop, false);
    for (let word = 0; word < 10; word++) {
      ticks(10);
      ownership.alive('a');
    }
    assert.equal(ownership.of('a'), 'mine');
    ticks(16);
    assert.equal(told.get('a'), 'free');
    ownership.alive('a');
    assert.equal(told.get('a'), 'mine');
    ticks(16);
    assert.deepEqual(ticks(3), [false, false, true]);
  });

  test('that passed on does not come back with a word', () => {
    const { ownership, ticks } = owned();
    ownership.ask('a', train, false);
    ownership.ask('b', train, false);
    for (let tick = 0; tick < 16; tick++) {
      ticks(1);
      ownership.alive('b');
    }
    ticks(3);
    assert.equal(ownership.of('b'), 'mine');
    ownership.alive('a');
    assert.equal(ownership.of('a'), 'others');
  });
});
