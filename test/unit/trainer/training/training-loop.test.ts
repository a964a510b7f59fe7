import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProblemError } from '../../../../protocol/problem';
import type { RunState } from '../../../../protocol/run';
import { prepareDiagnostics } from '../../../../trainer-worker/methods/diagnostics/prepare';
import {
  type GuardOptions,
  guardSchema,
} from '../../../../trainer-worker/trainer/experiment/guard-options';
import { bestIn } from '../../../../trainer-worker/trainer/training/best-checkpoint';
import { Guard } from '../../../../trainer-worker/trainer/training/guard';
import { TrainingLoop } from '../../../../trainer-worker/trainer/training/loop';
import type {
  Checkpoint,
  RunObserver,
} from '../../../../trainer-worker/trainer/training/run-observer';
import type { TrainingStep } from '../../../../trainer-worker/trainer/training/training-step';

/** A step that does nothing but count; `before` may fail or ask the loop for something. */
function countingStep(before: (step: number) => void | Promise<void> = () => undefined) {
  const ran: number[] = [];
  let disposed = false;
  const step: TrainingStep = {
    async run(number) {
      await before(number);
      ran.push(number);
      return { loss: number / 2 };
    },
    sample: async () => new Float32Array(3 * 2),
    chainAges: () => undefined,
    energy: async (points) => new Float32Array(points.length / 2),
    score: async (points) => new Float32Array(points.length),
    record: () => Promise.reject(new Error('Nobody asks for it.')),
    logPartition: async () => undefined,
    anneal: async () => undefined,
    classEnergies: () => Promise.reject(new Error('Nobody asks for it.')),
    flowLogDensity: () => Promise.reject(new Error('Nobody asks for it.')),
    parameters: async () => ({ 'parameters/w': Float32Array.of(1, 2) }),
    checkpoint: async (number) => ({ step: number, tensors: [], metadata: {} }),
    restore: () => undefined,
    async dispose() {
      disposed = true;
    },
  };
  return { step, ran, isDisposed: () => disposed };
}

const bounds = [
  [0, 2],
  [0, 3],
] as const;
const measures = prepareDiagnostics(['likelihood'], {
  dataset: {
    dimensions: 2,
    axes: ['x1', 'x2'],
    domain: 'real',
    training: new Float32Array(4),
    heldOut: new Float32Array(4),
  },
  bounds,
  resolution: 8,
  seed: 0,
});

function loopOf(
  step: TrainingStep,
  observer: RunObserver = {},
  steps = 10,
  checkpoint: ConstructorParameters<typeof TrainingLoop>[0]['checkpoint'] = {
    every: null,
    everySeconds: null,
  },
  guard: GuardOptions = {},
  best?: ConstructorParameters<typeof TrainingLoop>[0]['best'],
  turn: ConstructorParameters<typeof TrainingLoop>[0]['turn'] = () =>
    Promise.reject(new Error('Nobody asks for it.')),
) {
  return new TrainingLoop(
    {
      step,
      completed: 0,
      heldOut: new Float32Array(4),
      steps,
      preview: {
        every: 4,
        layout: {
          dimensions: 2,
          axes: ['x1', 'x2'],
          bounds,
          resolution: 8,
        },
      },
      checkpoint,
      guard: guardSchema.parse(guard),
      ...(best ? { best } : {}),
      turn,
      ...measures,
    },
    [observer],
  );
}

const diskFull = new ProblemError({ kind: 'storage', message: 'The disk is full.' });
const notFinite = new ProblemError({ kind: 'training', message: 'The loss became NaN.' });

/** Resolves when the loop has told a state that fits. */
function stateThat(fits: (state: RunState) => boolean) {
  let found: (state: RunState) => void;
  const reached = new Promise<RunState>((resolve) => {
    found = resolve;
  });
  const observer: RunObserver = {
    state(state) {
      if (fits(state)) found(state);
    },
  };
  return { observer, reached };
}

describe('the training loop', () => {
  test('changes what is asked for between two steps, each for itself, also while it stands still', async () => {
    const made: string[] = [];
    const { step, ran } = countingStep();
    const loop = loopOf(step, {}, 10, undefined, {}, undefined, async ({ option }, completed) => {
      if (option === 'no')
        throw new ProblemError({ kind: 'experiment', message: 'There is none.' });
      made.push(`${option} after ${completed}`);
    });
    const early = loop.change({ option: 'a', value: 1 });
    const paused = loop.pause();
    const ended = loop.run();
    await paused;
    assert.equal((await early).status, 'paused');
    const several = ['b', 'no', 'c'].map((option) => loop.change({ option, value: 1 }));
    const outcomes = await Promise.allSettled(several);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    await loop.step();
    await loop.change({ option: 'd', value: 1 });
    assert.deepEqual(made, ['a after 0', 'b after 0', 'c after 0', 'd after 1']);
    assert.deepEqual(ran, [1], 'a change is no step');
    await loop.resume();
    assert.equal(await ended, 'finished');
    await assert.rejects(loop.change({ option: 'e', value: 1 }), /has ended/);
  });

  test('runs every step once, in order, and tells each; previews at 0, at its cadence and at the end', async () => {
    const { step, ran, isDisposed } = countingStep();
    const metrics: [number, number | undefined][] = [];
    const previews: number[] = [];
    const checkpoints: number[] = [];
    const statuses: string[] = [];
    const loop = loopOf(step, {
      state: ({ status }) => statuses.push(status),
      metrics: (number, { loss }) => metrics.push([number, loss]),
      async preview(frame) {
        previews.push(frame.step);
        assert.equal(frame.count, 3);
        assert.equal(frame.field?.length, 64);
      },
      async checkpoint({ step: number }) {
        checkpoints.push(number);
      },
    });
    assert.equal(loop.state.status, 'starting');
    assert.equal(await loop.run(), 'finished');
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(metrics, [[0, undefined], ...ran.map((number) => [number, number / 2])]);
    assert.deepEqual(previews, [0, 4, 8, 10]);
    assert.deepEqual(checkpoints, [10]);
    assert.deepEqual([...new Set(statuses)], ['running', 'finished']);
    assert.ok(isDisposed());
    await assert.rejects(loop.run(), /only once/);
  });

  test('a flat energy has no integral: said once, and recorded as not known; in an area of 6 it is -log 6', async () => {
    const measured: number[][] = [];
    const notices: string[] = [];
    const loop = loopOf(countingStep().step, {
      metrics(_step, values) {
        const name = 'log-likelihood/held-out';
        if (name in values) measured.push([values[name]!, values[`${name}, in the window`]!]);
      },
      notice: (text) => notices.push(text),
    });
    await loop.run();
    assert.equal(measured.length, 4);
    for (const [whole, inWindow] of measured) {
      assert.ok(Number.isNaN(whole));
      assert.ok(Math.abs(inWindow! + Math.log(6)) < 1e-6);
    }
    assert.equal(notices.length, 1);
    assert.match(
      notices[0]!,
      /^Held-out log-likelihood: not known at step 10: the model cannot be normalised: /,
    );
  });

  test('pauses between two steps, stands still, and resumes', async () => {
    let asked: Promise<RunState> | undefined;
    const { step, ran } = countingStep((number) => {
      if (number === 3) asked = loop.pause();
    });
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const loop = loopOf(step, observer);
    const run = loop.run();
    await reached;
    const state = await asked;
    assert.equal(state?.status, 'paused');
    assert.equal(state?.step, 3);
    assert.equal(state?.stepsPerSecond, undefined);
    assert.equal((await loop.pause()).step, 3);
    assert.deepEqual(ran, [1, 2, 3]);
    assert.equal((await loop.resume()).status, 'running');
    assert.equal(await run, 'finished');
    assert.equal(ran.length, 10);
  });

  test('takes one step of a paused run each time, then stands still; of a running one after one more', async () => {
    const { step, ran } = countingStep();
    const loop = loopOf(step, {});
    const paused = loop.pause();
    const run = loop.run();
    await paused;
    for (const number of [1, 2, 3]) {
      const state = await loop.step();
      assert.deepEqual([state.status, state.step], ['paused', number]);
      assert.deepEqual(ran.at(-1), number);
    }
    await loop.resume();
    // Whatever it is at by now, it does one step more at least, and stands still.
    const state = await loop.step();
    assert.ok(state.status === 'paused' || state.status === 'finished');
    assert.equal(ran.length, state.step);
    await loop.resume();
    assert.equal(await run, 'finished');
    // A run that has ended has no step left.
    assert.equal((await loop.step()).status, 'finished');
    assert.equal(ran.length, 10);
  });

  test('serves the event loop while it trains without end', async () => {
    // No step ever waits, so only the loop's own yielding lets the immediate run.
    const loop = loopOf(countingStep().step, {}, 1_000_000_000);
    const run = loop.run();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await loop.stop()).status, 'stopped');
    assert.equal(await run, 'stopped');
  });

  test('stops with a checkpoint of the step it is at, and stop resolves after that', async () => {
    const saved: number[] = [];
    let asked: Promise<RunState> | undefined;
    const { step } = countingStep((number) => {
      if (number === 5) asked = loop.stop();
    });
    const loop = loopOf(step, {
      async checkpoint({ step: number }) {
        await new Promise((resolve) => setImmediate(resolve));
        saved.push(number);
      },
    });
    assert.equal(await loop.run(), 'stopped');
    assert.equal((await asked)?.status, 'stopped');
    assert.deepEqual(saved, [5]);
    assert.equal((await loop.stop()).status, 'stopped');
  });

  test('writes checkpoints at its cadence in steps and in time, and at the end', async () => {
    const at = async (checkpoint: { every: number | null; everySeconds: number | null }) => {
      const steps: number[] = [];
      const observer: RunObserver = {
        async checkpoint({ step }) {
          steps.push(step);
        },
      };
      await loopOf(countingStep().step, observer, 10, checkpoint).run();
      return steps;
    };
    assert.deepEqual(await at({ every: 4, everySeconds: null }), [4, 8, 10]);
    assert.deepEqual(await at({ every: null, everySeconds: 1e6 }), [10]);
    // Any step takes longer than this; how often it is written then depends on what writing takes.
    const often = await at({ every: null, everySeconds: 1e-9 });
    assert.deepEqual([often[0], often.at(-1)], [1, 10]);
  });

  /** An observer that notes the steps of checkpoints; `failing` of them, from the first, fail. */
  function savingObserver(failing = 0): { saved: Checkpoint[]; observer: RunObserver } {
    const saved: Checkpoint[] = [];
    let left = failing;
    const observer: RunObserver = {
      async checkpoint(checkpoint) {
        await new Promise((resolve) => setImmediate(resolve));
        if (left-- > 0) throw diskFull;
        saved.push(checkpoint);
      },
    };
    return { saved, observer };
  }

  test('writes a checkpoint when asked, between two steps, and trains on', async () => {
    let asked: Promise<RunState> | undefined;
    const { step, ran } = countingStep((number) => {
      if (number === 3) asked = loop.checkpoint();
    });
    const { saved, observer } = savingObserver();
    const loop = loopOf(step, observer);
    assert.equal(await loop.run(), 'finished');
    assert.equal((await asked!).step, 3);
    assert.deepEqual(
      saved.map((checkpoint) => checkpoint.step),
      [3, 10],
    );
    assert.equal(ran.length, 10);
    assert.equal((await loop.checkpoint()).status, 'finished');
  });

  test('writes a checkpoint of a paused run, which stays paused until it is resumed', async () => {
    const { saved, observer } = savingObserver();
    const loop = loopOf(countingStep().step, observer);
    const run = loop.run();
    const { step: at } = await loop.pause();
    assert.equal((await loop.checkpoint()).status, 'paused');
    assert.deepEqual(
      saved.map((checkpoint) => checkpoint.step),
      [at],
    );
    // Asked to go on while it is being written, and to stand again: the last wish holds.
    const second = loop.checkpoint();
    await loop.resume();
    assert.equal((await loop.pause()).status, 'paused');
    assert.equal((await second).step, at);
    await loop.resume();
    assert.equal(await run, 'finished');
  });

  test('a checkpoint that was asked for and cannot be written is told, and training goes on', async () => {
    let asked: Promise<RunState> | undefined;
    const { step, ran } = countingStep((number) => {
      if (number !== 3) return;
      asked = loop.checkpoint();
      asked.catch(() => undefined);
    });
    const { saved, observer } = savingObserver(1);
    const loop = loopOf(step, observer);
    assert.equal(await loop.run(), 'finished');
    await assert.rejects(asked!, diskFull);
    assert.deepEqual(
      saved.map((checkpoint) => checkpoint.step),
      [10],
    );
    assert.equal(ran.length, 10);
  });

  test('writes a checkpoint where a metric is better than ever at a preview, and names the best', async () => {
    // Previews come at 4, 8, 12, … and the last step.
    const losses: Record<number, number> = { 4: 3, 8: 5, 12: 2, 13: 1, 16: Number.NaN, 20: 2 };
    const bestOf = async (mode: 'min' | 'max', before?: { step: number; value: number }) => {
      const { step } = countingStep();
      const { saved, observer } = savingObserver();
      const guarded: TrainingStep = {
        ...step,
        run: async (number) => ({ loss: losses[number] ?? 0 }),
      };
      const none = { every: null, everySeconds: null };
      const best = { metric: 'loss', mode, ...(before ? { before } : {}) };
      assert.equal(await loopOf(guarded, observer, 21, none, {}, best).run(), 'finished');
      return saved.map((checkpoint) => [checkpoint.step, bestIn(checkpoint)?.step]);
    };
    // The last preview's loss is 0: the best where little is good, and no better where much is.
    assert.deepEqual(await bestOf('min'), [
      [4, 4],
      [12, 12],
      [21, 21],
    ]);
    assert.deepEqual(await bestOf('max'), [
      [4, 4],
      [8, 8],
      [21, 8],
    ]);
    assert.deepEqual(await bestOf('max', { step: 2, value: 4 }), [
      [8, 8],
      [21, 8],
    ]);
  });

  test('stops while paused', async () => {
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const loop = loopOf(countingStep().step, observer);
    const run = loop.run();
    await Promise.all([loop.pause(), reached]);
    assert.equal((await loop.stop()).status, 'stopped');
    assert.equal(await run, 'stopped');
  });

  test('a step that is not finite pauses it with the problem; resume tries that step again', async () => {
    let failures = 0;
    const { step, ran } = countingStep((number) => {
      if (number === 4 && failures++ === 0) throw notFinite;
    });
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const loop = loopOf(step, observer);
    const run = loop.run();
    const paused = await reached;
    assert.equal(paused.step, 3);
    assert.deepEqual(paused.problem, notFinite.problem);
    assert.equal((await loop.resume()).problem, undefined);
    assert.equal(await run, 'finished');
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('a preview that cannot be kept pauses it; resume keeps that same frame', async () => {
    let failures = 0;
    const kept: number[] = [];
    const told: number[] = [];
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const loop = loopOf(countingStep().step, {
      ...observer,
      metrics: (number) => told.push(number),
      async preview(frame) {
        if (frame.step === 4 && failures++ === 0) throw diskFull;
        kept.push(frame.step);
      },
    });
    const run = loop.run();
    assert.deepEqual((await reached).problem, diskFull.problem);
    await loop.resume();
    assert.equal(await run, 'finished');
    assert.deepEqual(kept, [0, 4, 8, 10]);
    assert.deepEqual(told, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('a stop whose checkpoint cannot be written rejects, pauses, and may be tried again', async () => {
    let failures = 0;
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const loop = loopOf(
      countingStep().step,
      {
        ...observer,
        async checkpoint() {
          if (failures++ === 0) throw diskFull;
        },
      },
      1_000_000_000,
    );
    const run = loop.run();
    await assert.rejects(loop.stop(), diskFull);
    assert.deepEqual((await reached).problem, diskFull.problem);
    assert.equal((await loop.stop()).status, 'stopped');
    assert.equal(await run, 'stopped');
  });

  test('anything else ends it as failed, for all who wait', async () => {
    const defect = new TypeError('A defect.');
    let asked: Promise<RunState> | undefined;
    const { step, isDisposed } = countingStep((number) => {
      if (number !== 2) return;
      asked = loop.stop();
      throw defect;
    });
    const loop = loopOf(step);
    const run = loop.run();
    await assert.rejects(run, defect);
    await assert.rejects(asked ?? Promise.resolve(), defect);
    assert.equal(loop.state.status, 'failed');
    assert.equal(loop.state.problem?.message, 'A defect.');
    assert.ok(isDisposed());
  });

  test('tells the speed and the time left while it runs', async () => {
    const { observer, reached } = stateThat(({ stepsPerSecond }) => stepsPerSecond !== undefined);
    const loop = loopOf(countingStep().step, observer, 1_000_000_000);
    const run = loop.run();
    const { stepsPerSecond = 0, secondsLeft = 0, step, steps } = await reached;
    assert.ok(stepsPerSecond > 0);
    assert.ok(Math.abs(secondsLeft * stepsPerSecond - (steps - step)) < 1);
    await loop.stop();
    await run;
  });
});

describe('the divergence guard', () => {
  test('names what is beyond its limit with its number, once until all is well again', () => {
    const guard = new Guard(guardSchema.parse({ energy: 10, energyGap: 5, gradientNorm: 3 }));
    assert.equal(
      guard.check({ 'energy/data': 9, 'energy/samples': 6, 'gradient norm': 3 }),
      undefined,
    );
    assert.equal(
      guard.check({ 'gradient norm': 3.456 }),
      'The gradient norm is 3.46, beyond the limit of 3.',
    );
    assert.equal(guard.check({ 'gradient norm': 4 }), undefined);
    assert.equal(guard.check({ 'gradient norm': 1 }), undefined);
    assert.match(guard.check({ 'energy/data': -11 })!, /^The mean energy of the data is -11, /);
    guard.check({});
    assert.match(guard.check({ 'energy/samples': 1e3 })!, /of the samples is 1000/);
    guard.check({});
    const apart = { 'energy/data': -3, 'energy/samples': 3 };
    assert.match(guard.check(apart)!, /^The gap .* is -6, beyond the limit of 5\.$/);
    assert.equal(new Guard(guardSchema.parse({ energyGap: null })).check(apart), undefined);
    // A deep Boltzmann machine tells the energies of its samples with their upper units.
    guard.check({});
    const deep = (energy: number) => ({
      'energy/data': 8,
      'energy/samples with hidden units': energy,
    });
    assert.match(guard.check(deep(-1e3))!, /of the samples with their hidden units is -1000/);
    guard.check({});
    assert.match(guard.check(deep(2))!, /^The gap .* hidden units is 6, beyond the limit of 5\.$/);
    guard.check({});
    assert.equal(guard.check(deep(4)), undefined);
  });

  /** A step whose gradient is too long at some steps, or that is not finite at others. */
  function diverging(at: { long?: readonly number[]; infinite?: readonly number[] }) {
    const { step, ran } = countingStep();
    const restored: [number, number][] = [];
    const failed = new Set<number>();
    const guarded: TrainingStep = {
      ...step,
      async run(number) {
        if (at.infinite?.includes(number) && !failed.has(number)) {
          failed.add(number);
          throw notFinite;
        }
        const metrics = await step.run(number);
        return { ...metrics, 'gradient norm': at.long?.includes(number) ? 1e9 : 1 };
      },
      restore: (checkpoint, factor) => restored.push([checkpoint.step, factor]),
    };
    return { step: guarded, ran, restored };
  }
  const never = { every: null, everySeconds: null };

  test('pauses with the reason; who resumes goes on all the same, with a way back', async () => {
    const { step, ran } = diverging({ long: [3, 4] });
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const checkpoints: number[] = [];
    const noting: RunObserver = {
      ...observer,
      async checkpoint({ step: number }) {
        checkpoints.push(number);
      },
    };
    const loop = loopOf(step, noting, 10, never);
    const running = loop.run();
    const { problem, step: at } = await reached;
    assert.equal(at, 3);
    assert.match(problem!.message, /^The gradient norm is 1000000000, beyond the limit/);
    assert.equal((await loop.resume()).problem, undefined);
    assert.equal(await running, 'finished');
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(checkpoints, [3, 10]);
  });

  test('rolls back to the last checkpoint with a lower rate, says so, and keeps that', async () => {
    const { step, ran, restored } = diverging({ long: [6], infinite: [9] });
    const notices: string[] = [];
    const checkpoints: number[] = [];
    const observer: RunObserver = {
      notice: (text) => notices.push(text),
      async checkpoint({ step: number }) {
        checkpoints.push(number);
      },
    };
    const guard = { action: 'rollBack', factor: 0.1 } as const;
    const loop = loopOf(step, observer, 10, { every: 4, everySeconds: null }, guard);
    assert.equal(await loop.run(), 'finished');
    // From 6 to 4; the checkpoint that follows is one of step 6, and 8 has one at its cadence.
    assert.deepEqual(restored, [
      [4, 0.1],
      [8, 0.1],
    ]);
    assert.deepEqual(checkpoints, [4, 6, 8, 8, 10]);
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // In the end it is told that the flat energy has no integral.
    assert.deepEqual(notices.slice(0, -1), [
      'Step 6: The gradient norm is 1000000000, beyond the limit of 100000000. Rolled back to step 4; learning rate × 0.1 from here on.',
      'Step 8: The loss became NaN. Rolled back to step 8; learning rate × 0.01 from here on.',
    ]);
  });

  test('rolls back so many times and pauses then', async () => {
    const { step, restored } = diverging({ long: [2, 3, 6] });
    const { observer, reached } = stateThat(({ status }) => status === 'paused');
    const loop = loopOf(step, observer, 10, never, { action: 'rollBack', most: 2 });
    const running = loop.run();
    assert.equal((await reached).step, 6);
    // The beginning first, then the state that the first roll-back kept.
    assert.deepEqual(
      restored.map(([at]) => at),
      [0, 2],
    );
    await loop.stop();
    assert.equal(await running, 'stopped');
  });
});
