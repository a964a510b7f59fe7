/** Asynchronous successive halving: who is promoted, and what of it run directories tell. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunGroup, RunManifest } from '../../../../protocol/run';
import { isSettled, type MeasuredRun, summarizeGroup } from '../../../../run-directory/run-group';
import {
  type HalvingJob,
  type HalvingRules,
  type HalvingTrial,
  nextJob,
  promotable,
  rungsOf,
} from '../../../../trainer-worker/trainer/sweeps/halving';
import { planOf } from '../../../../trainer-worker/trainer/sweeps/sweep-plan';
import { rungText } from '../../../../vocabulary/rungs';
import { fc } from '../../../support/fast-check';
import { manifest } from '../../../support/manifest';

/** Algorithm 2 of arXiv 1810.05934 as it is printed: rungs are lists of losses, and of what was promoted. */
class PrintedAlgorithm {
  readonly #rungs: { readonly results: Map<number, number>; readonly promoted: Set<number> }[];
  readonly #eta: number;
  #drawn = 0;

  constructor(rungs: number, eta: number) {
    this.#eta = eta;
    this.#rungs = Array.from({ length: rungs }, () => ({
      results: new Map(),
      promoted: new Set(),
    }));
  }

  getJob(trials: number): HalvingJob | undefined {
    for (let k = this.#rungs.length - 2; k >= 0; k--) {
      const { results, promoted } = this.#rungs[k]!;
      const ranked = [...results.keys()].sort((a, b) => results.get(a)! - results.get(b)! || a - b);
      const candidates = ranked.slice(0, Math.floor(results.size / this.#eta));
      for (const t of candidates) {
        if (promoted.has(t) || results.get(t) === Number.POSITIVE_INFINITY) continue;
        promoted.add(t);
        return { index: t, rung: k + 1 };
      }
    }
    if (this.#drawn === trials) return undefined;
    this.#drawn += 1;
    return { index: this.#drawn - 1, rung: 0 };
  }

  report({ index, rung }: HalvingJob, loss: number): void {
    this.#rungs[rung]!.results.set(index, loss);
  }
}

describe('promotions', () => {
  test('are those of the printed algorithm, whatever comes when', () => {
    const schedule = fc.record({
      eta: fc.integer({ min: 2, max: 4 }),
      rungs: fc.integer({ min: 1, max: 4 }),
      workers: fc.integer({ min: 1, max: 6 }),
      isLargeGood: fc.boolean(),
      // Of each trial at each rung; few values, so that some are equal, and some that are none.
      losses: fc.array(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(undefined)), {
          minLength: 4,
          maxLength: 4,
        }),
        { minLength: 1, maxLength: 30 },
      ),
      // Which of those at work is through next.
      order: fc.array(fc.nat(), { minLength: 150, maxLength: 150 }),
    });
    fc.assert(
      fc.property(schedule, ({ eta, rungs, workers, isLargeGood, losses, order }) => {
        const goal = isLargeGood ? 'maximize' : 'minimize';
        const rules: HalvingRules = { eta, rungs, goal };
        const printed = new PrintedAlgorithm(rungs, eta);
        const trials: HalvingTrial[] = losses.map(() => ({ values: [], sent: 0 }));
        const busy: HalvingJob[] = [];
        for (const turn of order) {
          while (busy.length < workers) {
            const job = nextJob(trials, rules);
            assert.deepEqual(job, printed.getJob(trials.length));
            if (job === undefined) break;
            trials[job.index] = { ...trials[job.index]!, sent: job.rung + 1 };
            busy.push(job);
          }
          const [through] = busy.splice(turn % Math.max(1, busy.length), 1);
          if (through === undefined) break;
          const { index, rung } = through;
          const value = losses[index]![rung];
          trials[index] = { ...trials[index]!, values: [...trials[index]!.values, value] };
          const loss = value === undefined ? Number.POSITIVE_INFINITY : value;
          printed.report(through, isLargeGood ? -loss || 0 : loss);
          if (isLargeGood && value === undefined) printed.report(through, Number.POSITIVE_INFINITY);
        }
        assert.deepEqual(busy, [], 'it comes to an end');
        // One in η at most: as many as ever came to a rung decide.
        for (let rung = 1; rung < rungs; rung++) {
          const [came, went] = [rung, rung + 1].map(
            (count) => trials.filter(({ values }) => values.length >= count).length,
          );
          assert.ok(went! <= came!);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('take the highest rung first, and the best there', () => {
    const rules: HalvingRules = { eta: 2, rungs: 3, goal: 'minimize' };
    const trial = (sent: number, ...values: number[]): HalvingTrial => ({ values, sent });
    const trials = [trial(2, 5, 1), trial(2, 4, 2), trial(1, 3), trial(1, 9), trial(0)];
    assert.deepEqual(promotable(trials, rules), { index: 0, rung: 2 });
    trials[0] = trial(3, 5, 1);
    // Of four at the first rung the best two may go on: 3 and 4, and 4 has done so.
    assert.deepEqual(promotable(trials, rules), { index: 2, rung: 1 });
    trials[2] = trial(2, 3);
    assert.equal(promotable(trials, rules), undefined);
    assert.deepEqual(nextJob(trials, rules), { index: 4, rung: 0 });
  });

  test('rungs are η-th parts of the whole, down to the fewest steps', () => {
    assert.deepEqual(rungsOf(2_700, { eta: 3, minSteps: 100 }), [100, 300, 900, 2_700]);
    assert.deepEqual(rungsOf(2_700, { eta: 3, minSteps: 101 }), [300, 900, 2_700]);
    assert.deepEqual(rungsOf(1_000, { eta: 4, minSteps: 10 }), [16, 63, 250, 1_000]);
    assert.deepEqual(rungsOf(10, { eta: 3, minSteps: 4 }), [10]);
  });
});

const halving = { eta: 2, rungs: [10, 20, 40] };
const group = (index: number, of = 4): RunGroup => ({
  ...{ id: 'a', name: 'thinned', index, of },
  ...{ metric: 'loss', goal: 'minimize', halving },
});
/** The record of a run that measured these at its rungs and stands at a step. */
function recordOf(
  index: number,
  status: RunManifest['state']['status'],
  step: number,
  ...values: readonly (number | null)[]
): RunManifest {
  return {
    ...manifest,
    group: group(index),
    rungs: values.map((value, rung) => ({ step: halving.rungs[rung]!, value })),
    state: { status, step, steps: 40 },
  };
}

describe('what run directories tell', () => {
  test('in words: at which rung it waits, and nothing of one that does not', () => {
    assert.equal(rungText(recordOf(0, 'stopped', 10, 1)), 'at rung 1 of 3, not promoted');
    assert.equal(rungText(recordOf(0, 'stopped', 20, 1, 2)), 'at rung 2 of 3, not promoted');
    assert.equal(rungText(recordOf(0, 'stopped', 15, 1)), undefined, 'stopped on its way');
    assert.equal(rungText(recordOf(0, 'running', 10, 1)), undefined);
    assert.equal(rungText(recordOf(0, 'finished', 40, 1, 2, 3)), undefined);
    const { halving: _, ...whole } = group(0);
    assert.equal(rungText({ ...recordOf(0, 'stopped', 10, 1), group: whole }), undefined);
    assert.ok(isSettled(recordOf(0, 'stopped', 10, 1)));
    assert.ok(!isSettled(recordOf(0, 'stopped', 15, 1)));
  });

  test('is all that a plan needs: what was broken off goes on first, then promotions, then new ones', () => {
    const runs = [0, 1, 2, 3].map((index) => ({ overrides: {}, group: group(index) }));
    const begun = new Map([
      [0, recordOf(0, 'stopped', 10, 5)],
      [1, recordOf(1, 'crashed', 15, 3)],
      [2, recordOf(2, 'stopped', 10, 4)],
    ]);
    const plan = planOf(runs, begun);
    const next = () => {
      const assignment = plan.next();
      return assignment && [assignment.run.group.index, assignment.until];
    };
    assert.deepEqual(next(), [1, 20], 'on its way to its second rung');
    // Three came to the first rung: one may go on, and that did.
    assert.deepEqual(next(), [3, 10]);
    assert.equal(next(), undefined, 'until something ends');
    plan.ended(runs[3]!, recordOf(3, 'stopped', 10, 6));
    assert.deepEqual(next(), [2, 20], 'two of four');
    plan.ended(runs[1]!, recordOf(1, 'stopped', 20, 3, 2));
    assert.equal(next(), undefined, 'of one at the second rung none goes on yet');
    plan.ended(runs[2]!, recordOf(2, 'stopped', 20, 4, 1));
    assert.deepEqual(next(), [2, undefined], 'to its end');
    plan.ended(runs[2]!, recordOf(2, 'finished', 40, 4, 1, 1));
    assert.equal(next(), undefined);
  });

  test('one that failed is the worst where it was to come to; one that did not begin counts nowhere', () => {
    const runs = [0, 1, 2, 3].map((index) => ({ overrides: {}, group: group(index) }));
    const failed: RunManifest = {
      ...recordOf(0, 'failed', 4),
      state: {
        ...{ status: 'failed', step: 4, steps: 40 },
        problem: { kind: 'training', message: 'The loss is NaN.' },
      },
    };
    const plan = planOf(runs, new Map([[0, failed]]));
    const [one, two, three] = [plan.next()!, plan.next()!, plan.next()!];
    assert.deepEqual(
      [one, two, three].map(({ run }) => run.group.index),
      [1, 2, 3],
    );
    plan.ended(runs[1]!, undefined);
    plan.ended(runs[2]!, recordOf(2, 'stopped', 10, 7));
    assert.deepEqual(plan.next(), { run: runs[2], until: 20 }, 'the better of two');
  });

  test('ranks those first that came further', () => {
    const measured = (of: RunManifest, loss: number): MeasuredRun => ({
      ...{ directory: '/runs/x', manifest: of, last: { loss } },
    });
    const { rows } = summarizeGroup([
      measured(recordOf(0, 'stopped', 10, 0), 0),
      measured(recordOf(1, 'finished', 40, 1, 2, 2), 2),
      measured(recordOf(2, 'finished', 40, 1, 2, 1), 1),
    ]);
    assert.deepEqual(
      rows.map(({ run }) => run.manifest.group?.index),
      [2, 1, 0],
    );
  });
});
