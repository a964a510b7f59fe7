import type { ComparedRun } from '../../protocol/compare';
import { parameterPaths, parameterText } from './compare-rows';
import { Series } from './series';

/** Runs that differ in their seeds only. */
export interface SeedGroup {
  /** What tells it from the others; all runs are alike where empty. */
  readonly label: string;
  readonly runs: readonly ComparedRun[];
}

/** Runs that are alike but for the seed, in the order of their first. */
export function seedGroups(runs: readonly ComparedRun[]): readonly SeedGroup[] {
  const told = parameterPaths(runs, true).filter((path) => path !== 'seed');
  const groups = new Map<string, { label: string; runs: ComparedRun[] }>();
  for (const run of runs) {
    const label = told.map((path) => `${path}=${parameterText(run.parameters[path])}`).join(', ');
    const key = JSON.stringify(told.map((path) => run.parameters[path] ?? null));
    const group = groups.get(key) ?? { label, runs: [] };
    groups.set(key, group);
    group.runs.push(run);
  }
  return [...groups.values()];
}

/** A mean over runs with its spread, at ascending steps. */
export interface Band {
  readonly steps: readonly number[];
  readonly mean: readonly number[];
  /** One sample deviation below and above; the mean where there is one run. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Of how many runs, at each step. */
  readonly counts: readonly number[];
}

/**
 * Mean and deviation of curves at `count` steps from `from` to `to`. Between two of its points a curve is
 * a straight line; where it has none on both sides it does not count, and neither where it is not finite.
 */
export function bandOf(curves: readonly Series[], from: number, to: number, count: number): Band {
  const steps: number[] = [];
  const [mean, low, high, counts]: number[][] = [[], [], [], []];
  for (let k = 0; k < count; k++) {
    const step = count === 1 ? from : from + (k / (count - 1)) * (to - from);
    const values = curves.map((curve) => valueAt(curve, step)).filter(Number.isFinite);
    if (values.length === 0) continue;
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
    const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
    steps.push(step);
    mean!.push(average);
    low!.push(average - deviation);
    high!.push(average + deviation);
    counts!.push(values.length);
  }
  return { steps, mean: mean!, low: low!, high: high!, counts: counts! };
}

/** A curve less another, at its own steps; what lies beyond the other's ends is left out. */
export function differenceTo(baseline: Series, curve: Series): Series {
  const difference = new Series();
  const steps = Array.from({ length: curve.length }, (_, at) => curve.stepAt(at));
  const known = steps.map((step, at) => ({
    step,
    value: curve.values.at(at) - valueAt(baseline, step),
  }));
  const told = known.filter(({ value }) => !Number.isNaN(value));
  difference.append({
    steps: Float64Array.from(told, ({ step }) => step),
    values: Float32Array.from(told, ({ value }) => value),
  });
  return difference;
}

/** The value of a curve at a step, on the line between its neighbours; NaN beyond its ends. */
export function valueAt(curve: Series, step: number): number {
  const before = curve.indexUpTo(step);
  if (before < 0) return Number.NaN;
  const [left, value] = [curve.stepAt(before), curve.values.at(before)];
  if (left === step) return value;
  if (before + 1 >= curve.length) return Number.NaN;
  const share = (step - left) / (curve.stepAt(before + 1) - left);
  return value + share * (curve.values.at(before + 1) - value);
}
