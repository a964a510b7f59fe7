/**
 * Asynchronous successive halving: `get_job` of Algorithm 2 in Li et al., “A System for Massively
 * Parallel Hyperparameter Tuning” (MLSys 2020, arXiv 1810.05934), with s = 0.
 */
import type { Halving } from '../../../protocol/run';

/** What is known of one configuration. */
export interface HalvingTrial {
  /** Of each rung that it has come to, what it measured there; `undefined` counts as the worst there is. */
  readonly values: readonly (number | undefined)[];
  /** How many rungs it was sent to: 0 of one that has not begun. */
  readonly sent: number;
}

/** What is to be trained next. */
export interface HalvingJob {
  /** Place of the trial. */
  readonly index: number;
  /** The rung to train it to, from 0. */
  readonly rung: number;
}

/** By which rules. */
export interface HalvingRules extends Pick<Halving, 'eta'> {
  /** How many rungs there are. */
  readonly rungs: number;
  readonly goal: 'minimize' | 'maximize';
}

/**
 * Steps of the rungs of runs of `steps` steps: the whole run, and before it each time the η-th part of
 * the one above, as long as that is at least `minSteps`.
 */
export function rungsOf(steps: number, { eta, minSteps }: { eta: number; minSteps: number }) {
  const rungs = [steps];
  for (let part = eta; steps / part >= minSteps; part *= eta)
    rungs.unshift(Math.ceil(steps / part));
  return rungs;
}

/**
 * Which trial may go to its next rung, highest rungs first: of n that have come to a rung, the best
 * ⌊n/η⌋ may, of equals those that come first.
 *
 * @returns nothing where none may
 */
export function promotable(
  trials: readonly HalvingTrial[],
  { eta, rungs, goal }: HalvingRules,
): HalvingJob | undefined {
  const sign = goal === 'minimize' ? 1 : -1;
  for (let rung = rungs - 2; rung >= 0; rung--) {
    const there = trials.flatMap(({ values, sent }, index) =>
      values.length > rung ? [{ index, value: values[rung], sent }] : [],
    );
    const best = there
      .flatMap(({ value, ...trial }) => (value === undefined ? [] : [{ ...trial, value }]))
      .sort((a, b) => sign * (a.value - b.value) || a.index - b.index)
      .slice(0, Math.floor(there.length / eta));
    const first = best.find(({ sent }) => sent === rung + 1);
    if (first) return { index: first.index, rung: rung + 1 };
  }
  return undefined;
}

/**
 * What a free worker is to train: a trial that may be promoted, else the first that has not begun.
 *
 * @returns nothing where neither is there, until a trial comes to a rung
 */
export function nextJob(
  trials: readonly HalvingTrial[],
  rules: HalvingRules,
): HalvingJob | undefined {
  const promoted = promotable(trials, rules);
  if (promoted) return promoted;
  const index = trials.findIndex(({ sent }) => sent === 0);
  return index === -1 ? undefined : { index, rung: 0 };
}
