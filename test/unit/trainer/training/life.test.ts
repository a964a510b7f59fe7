import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Problem } from '../../../../protocol/problem';
import {
  type Ask,
  type Life,
  type LifeEffect,
  type LifeEvent,
  live,
  newLife,
  stateOf,
  type Work,
} from '../../../../trainer-worker/trainer/training/life';
import { isLiving } from '../../../../vocabulary/run-status';

const full: Problem = { kind: 'storage', message: 'The disk is full.' };
const infinite: Problem = { kind: 'training', message: 'The loss became NaN.' };
const defect: Problem = { kind: 'internal', message: 'A defect.' };

/** What may happen to a run; the last three only where something is under way that it can end. */
const moves = [
  'pause',
  'resume',
  'step',
  'checkpoint',
  'change',
  'stop',
  'retry',
  'trouble',
  'recorded',
  'unrecorded',
  'done',
  'doneWithMore',
  'rolledBack',
  'doubted',
  'failed',
  'broke',
] as const;
type Move = (typeof moves)[number];
/** Most of what happens is that work gets done. */
const move = fc.oneof(
  { weight: 60, arbitrary: fc.constant<Move>('done') },
  { weight: 40, arbitrary: fc.constantFrom<Move>(...moves.filter((one) => one !== 'broke')) },
  { weight: 4, arbitrary: fc.constant<Move>('broke') },
);

/** Lives a life by the effects alone, as whoever carries them out does, and checks each turn of it. */
class Witness {
  life: Life;
  /** Works that were begun, in order. */
  readonly begun: Work[] = [];
  readonly #waiting: Record<Ask, number> = {
    pause: 0,
    resume: 0,
    step: 0,
    checkpoint: 0,
    change: 0,
    stop: 0,
  };
  #doing: Work | undefined;
  #records = false;
  #isHeld = false;
  /** Of what stands still, one step is wanted. */
  #isStepWanted = false;
  #lastDone: Work | undefined;
  /** It went back, and that is not durable yet. */
  #isBack = false;
  #told: unknown;

  constructor(completed: number, steps: number, until = steps) {
    this.life = newLife(completed, steps, until);
    this.#told = undefined;
  }

  get waiting(): number {
    return Object.values(this.#waiting).reduce((sum, count) => sum + count, 0);
  }

  happen(event: LifeEvent): void {
    const before = this.life;
    const finished = ['done', 'rolledBack', 'doubted', 'failed', 'broke'].includes(event.type)
      ? this.#doing
      : undefined;
    if (finished !== undefined) this.#doing = undefined;
    if (event.type === 'done') this.#lastDone = finished;
    if (event.type === 'rolledBack') this.#isBack = true;
    if (event.type === 'done' && finished === 'checkpoint') this.#isBack = false;
    if (event.type === 'recorded' || event.type === 'unrecorded') this.#records = false;
    if (event.type === 'pause') this.#isHeld = true;
    if (event.type === 'resume') this.#isHeld = false;
    if (event.type === 'pause' || event.type === 'resume') this.#isStepWanted = false;
    if (event.type === 'step' && isLiving(before.status) && before.trouble === undefined) {
      this.#isHeld = true;
      this.#isStepWanted = true;
    }
    // Who does the changes tells those who asked for them.
    if (event.type === 'done' && finished === 'change') this.#waiting.change = 0;
    if (event.type in this.#waiting) this.#waiting[event.type as Ask] += 1;
    const { life, effects } = live(before, event);
    this.life = life;
    for (const effect of effects) this.#carryOut(effect, event, before);
    if (event.type === 'failed' && finished === 'last checkpoint' && before.isStopping) {
      this.#isHeld = true;
    }
    // Nobody follows a run whose news are not told.
    const { status, problem } = stateOf(life);
    const was = stateOf(before);
    if (status !== was.status || problem !== was.problem) {
      assert.deepEqual(this.#told, { status, problem });
    }
    const steps = finished === 'step' && event.type === 'done' ? 1 : 0;
    assert.equal(life.completed, before.completed + steps, 'a step is counted when it is done');
    if (isLiving(before.status) && !isLiving(status) && event.type !== 'broke') {
      assert.equal(finished, 'last checkpoint', 'no end before the last state is durable');
      assert.equal(event.type, 'done');
      assert.equal(status, life.completed === life.steps ? 'finished' : 'stopped');
    }
    if (isLiving(status) && life.hasBegun && this.#doing === undefined) {
      assert.equal(status, 'paused', 'what does nothing says so');
      assert.equal(this.#waiting.pause, 0, 'and whoever waits for that hears it');
    }
    assert.equal(life.doing, this.#doing);
  }

  /** A move as an event; `undefined` where it cannot happen now. */
  eventOf(one: Move): LifeEvent | undefined {
    switch (one) {
      case 'trouble':
        return { type: 'trouble', problem: full };
      case 'recorded':
        return this.#records ? { type: 'recorded' } : undefined;
      case 'unrecorded':
        return this.#records ? { type: 'unrecorded', problem: full, error: full } : undefined;
      case 'done':
        return this.#doing && { type: 'done', next: followUp(this.#doing) };
      case 'doneWithMore':
        return this.#doing === 'judge' ? { type: 'done', next: ['checkpoint'] } : undefined;
      case 'rolledBack':
        return this.#doing === 'step' || this.#doing === 'judge' ? { type: one } : undefined;
      case 'doubted':
        return this.#doing === 'judge' ? { type: one, problem: infinite } : undefined;
      case 'failed': {
        if (this.#doing === undefined || this.#doing === 'judge') return undefined;
        if (this.#doing === 'change') return undefined;
        const problem = this.#doing === 'step' ? infinite : full;
        return { type: 'failed', problem, error: problem };
      }
      case 'broke':
        return this.#doing && { type: 'broke', problem: defect, error: defect };
      default:
        return { type: one };
    }
  }

  /** Everything goes well from here on, and who paused goes on: it comes to an end. */
  drain(): void {
    for (let turn = 0; isLiving(this.life.status); turn += 1) {
      assert.ok(turn < 1000, 'it comes to its end');
      const next = this.eventOf('recorded') ?? this.eventOf('done') ?? { type: 'resume' };
      this.happen(next);
    }
    const last = this.eventOf('recorded');
    if (last) this.happen(last);
  }

  #carryOut(effect: LifeEffect, event: LifeEvent, before: Life): void {
    const { status, problem } = stateOf(this.life);
    switch (effect.type) {
      case 'tell':
        this.#told = { status, problem };
        break;
      case 'answer':
        if (this.#waiting[effect.ask] > 0) this.#requireTrue(effect.ask, event);
        this.#waiting[effect.ask] = 0;
        break;
      case 'refuse':
        assert.ok(effect.ask !== 'pause', 'a pause can always be had');
        this.#waiting[effect.ask] = 0;
        break;
      case 'record':
        assert.ok(!this.#records, 'one record is written at a time');
        this.#records = true;
        break;
      case 'do':
        this.#begin(effect.work, event, before);
        break;
    }
  }

  /** What somebody is told is so. */
  #requireTrue(ask: Ask, event: LifeEvent): void {
    const { status } = this.life;
    if (!isLiving(status)) return;
    if (ask === 'pause') assert.ok(status === 'paused' || this.life.doing || event.type !== 'done');
    if (ask === 'checkpoint') assert.equal(this.#lastDone, 'asked checkpoint');
    assert.ok(ask !== 'change', 'whoever makes a change answers for it');
    assert.ok(ask !== 'stop', 'nobody hears that it has stopped before it has');
  }

  #begin(work: Work, event: LifeEvent, before: Life): void {
    assert.equal(this.#doing, undefined, 'one thing is done at a time');
    this.#doing = work;
    this.begun.push(work);
    const { life } = this;
    if (work === 'step') {
      assert.equal(life.status, 'running');
      assert.ok(!this.#isHeld || this.#isStepWanted, 'no step while it is to stand still');
      this.#isStepWanted = false;
      assert.ok(!life.isStopping, 'no step once somebody wants it to end');
      assert.equal(life.trouble, undefined, 'no step that cannot be recorded');
      assert.equal(life.problem, undefined);
      assert.ok(life.completed < life.until);
      assert.ok(!this.#isBack, 'no step before the state that it went back to is durable');
    }
    if (work === 'last checkpoint') {
      assert.ok(life.isStopping || life.completed === life.until);
    }
    const stood = before.status === 'paused' && this.#isHeld && !life.isStopping;
    if (stood && before.doing === undefined && event.type !== 'resume' && event.type !== 'step') {
      const asked = work === 'asked checkpoint' || work === 'change';
      assert.ok(asked || event.type === 'recorded' || work === 'keep');
    }
  }
}

/** A step is judged, every other one looked at. */
function followUp(work: Work): Work[] {
  return work === 'step' ? ['look', 'keep', 'judge'] : [];
}

describe('the life of a run', () => {
  test('whatever happens, whenever: steps are counted once, nobody waits for ever, nothing ends before it is durable', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.array(move, { maxLength: 60 }),
        fc.array(fc.constantFrom<Ask>('pause', 'stop', 'checkpoint', 'change', 'resume'), {
          maxLength: 2,
        }),
        (completed, more, later, happening, early) => {
          const witness = new Witness(completed, completed + more + later, completed + more);
          for (const type of early) witness.happen({ type });
          witness.happen({ type: 'begin', looks: completed === 0 });
          for (const one of happening) {
            const event = witness.eventOf(one);
            if (event) witness.happen(event);
          }
          witness.drain();
          assert.equal(witness.waiting, 0, 'everybody who asked has an answer');
        },
      ),
      { numRuns: 20_000, seed: 19 },
    );
  });

  /** Lets a run of three steps begin, and these things happen to it. */
  function lived(...events: readonly LifeEvent[]): Witness {
    const witness = new Witness(0, 3);
    for (const event of [{ type: 'begin', looks: false } as const, ...events])
      witness.happen(event);
    return witness;
  }
  const done: LifeEvent = { type: 'done', next: [] };
  const failed: LifeEvent = { type: 'failed', problem: full, error: full };

  test('undisturbed it is steps and what follows them, and a last checkpoint', () => {
    const witness = lived();
    witness.drain();
    const each = ['step', 'look', 'keep', 'judge'];
    assert.deepEqual(witness.begun, [...each, ...each, ...each, 'last checkpoint']);
  });

  test('what a disk refused is tried again by the clock, but not while somebody wants it to stand still', () => {
    const looked: LifeEvent[] = [{ type: 'done', next: ['look', 'keep', 'judge'] }, done, failed];
    const refused = lived(...looked);
    assert.deepEqual(stateOf(refused.life).problem, full);
    refused.happen({ type: 'retry' });
    assert.equal(refused.begun.at(-1), 'keep');
    assert.equal(refused.life.status, 'paused', 'until it is known to have gone well');
    refused.happen(done);
    assert.equal(refused.life.status, 'running');
    const held = lived(...looked, { type: 'pause' }, { type: 'retry' });
    assert.equal(held.life.doing, undefined);
    held.happen({ type: 'resume' });
    assert.equal(held.begun.at(-1), 'keep');
  });

  test('what cannot be recorded is recorded before anything goes on', () => {
    const { life } = lived({ type: 'trouble', problem: full }, done);
    assert.equal(life.status, 'paused');
    const resumed = live(life, { type: 'resume' });
    assert.deepEqual(
      resumed.effects.filter(({ type }) => type !== 'answer'),
      [{ type: 'record' }],
    );
    const still = live(resumed.life, { type: 'unrecorded', problem: full, error: full });
    assert.deepEqual(
      still.effects.filter(({ type }) => type === 'refuse'),
      [{ type: 'refuse', ask: 'resume', error: full }],
    );
    const again = live(live(still.life, { type: 'retry' }).life, { type: 'recorded' });
    assert.equal(again.life.doing, 'step');
  });

  test('who wants it to stop hears why it cannot be, and decides; what is through is tried again', () => {
    const stopped = lived({ type: 'stop' }, done, failed);
    assert.equal(stopped.life.status, 'paused');
    stopped.happen({ type: 'retry' });
    assert.equal(stopped.life.doing, undefined);
    stopped.happen({ type: 'resume' });
    stopped.happen(done);
    assert.deepEqual(stopped.begun.slice(-2), ['checkpoint', 'step']);
    const through = lived(done, done, done, failed);
    through.happen({ type: 'retry' });
    through.happen(done);
    assert.equal(through.life.status, 'finished');
  });
});
