import type { ComparedRun } from '../../protocol/compare';
import type { RunClock } from '../../protocol/panel';
import { formatCount, formatDuration } from '../../vocabulary/quantities';
import { interpolated } from './curve-axis';
import { formatValue } from './number-format';
import type { Series } from './series';

/** By what previews of several runs are taken to belong together. */
export type MatchBy = 'step' | 'time' | 'value';

/** A run, as far as its previews are concerned. */
export type PreviewedRun = Pick<ComparedRun, 'directory' | 'previewSteps'>;

/** Which previews of several runs belong together. */
export interface PreviewMatch {
  /** Where the scrubber can stand, from its beginning to its end. */
  readonly places: readonly number[];
  /** Where it stands while nobody has moved it, by its index; -1 where there is no place. */
  readonly usual: number;
  /** What that is called. */
  readonly usualName: string;
  /** A place in words. */
  text(place: number): string;
  /** The step of a run's preview at a place; none where the run has none there. */
  previewAt(run: PreviewedRun, place: number): number | undefined;
  /** Why a run has none there. */
  readonly missing: string;
}

/** Each run's newest preview up to a step. */
export function matchByStep(runs: readonly PreviewedRun[]): PreviewMatch {
  const places = ascending(runs.flatMap(({ previewSteps }) => previewSteps));
  return {
    places,
    usual: places.length - 1,
    usualName: 'Newest',
    text: formatCount,
    previewAt: ({ previewSteps }, step) => previewSteps.findLast((known) => known <= step),
    missing: 'No preview yet at this step.',
  };
}

/**
 * Each run's newest preview up to a time since its first step, pauses included.
 *
 * @param clockOf when a run's steps were recorded, where that is known
 */
export function matchByTime(
  runs: readonly PreviewedRun[],
  clockOf: (directory: string) => RunClock | undefined,
): PreviewMatch {
  const times = new Map(
    runs.map(({ directory, previewSteps }) => {
      const clock = clockOf(directory);
      return [directory, previewSteps.map((step) => secondsAt(clock, step))] as const;
    }),
  );
  const places = ascending([...times.values()].flat().filter(Number.isFinite));
  return {
    places,
    usual: places.length - 1,
    usualName: 'Newest',
    text: formatDuration,
    previewAt: ({ directory, previewSteps }, seconds) => {
      const at = times.get(directory)?.findLastIndex((time) => time <= seconds) ?? -1;
      return previewSteps[at];
    },
    missing: 'No preview yet at this time.',
  };
}

/**
 * Each run's preview nearest to the step at which the best of a metric up to there first was as good as
 * a value. Places go from bad to good. A curve of which only the extremes of stretches are known tells
 * that step to such a stretch.
 *
 * @param curveOf a run's curve of the metric, where it has one
 */
export function matchByValue(
  runs: readonly PreviewedRun[],
  curveOf: (directory: string) => Series | undefined,
  goal: 'minimize' | 'maximize',
): PreviewMatch {
  const bests = new Map(
    runs.map(({ directory }) => [directory, runningBest(curveOf(directory), goal)] as const),
  );
  const sign = goal === 'minimize' ? -1 : 1;
  const atPreviews = runs.flatMap(({ directory, previewSteps }) => {
    const best = bests.get(directory) ?? [];
    return previewSteps.flatMap((step) => best.findLast((each) => each.step <= step)?.value ?? []);
  });
  const places = [...new Set(atPreviews)].sort((a, b) => sign * (a - b));
  const ends = runs.flatMap(({ directory }) => bests.get(directory)?.at(-1)?.value ?? []);
  const reachedByAll = places.findLastIndex((place) =>
    ends.every((end) => sign * (end - place) >= 0),
  );
  return {
    places,
    usual: places.length === 0 ? -1 : Math.max(0, reachedByAll),
    usualName: 'Reached by all',
    text: formatValue,
    previewAt: ({ directory, previewSteps }, value) => {
      const reached = bests.get(directory)?.find((each) => sign * (each.value - value) >= 0);
      return reached && nearest(previewSteps, reached.step);
    },
    missing: 'Did not come to this value.',
  };
}

/** A point at which a curve was better than ever before. */
interface BestPoint {
  readonly step: number;
  readonly value: number;
}

/** The points at which a curve was better than at all before; what is not finite is none. */
export function runningBest(
  curve: Series | undefined,
  goal: 'minimize' | 'maximize',
): readonly BestPoint[] {
  const sign = goal === 'minimize' ? -1 : 1;
  const points: BestPoint[] = [];
  let best = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < (curve?.length ?? 0); at++) {
    const value = curve!.values.at(at);
    if (!Number.isFinite(value) || sign * value <= best) continue;
    best = sign * value;
    points.push({ step: curve!.stepAt(at), value });
  }
  return points;
}

/** Of ascending steps that which is nearest to another; of two the earlier. */
function nearest(steps: readonly number[], wanted: number): number | undefined {
  const after = steps.findIndex((step) => step >= wanted);
  if (after <= 0) return after === 0 ? steps[0] : steps.at(-1);
  const [before, next] = [steps[after - 1]!, steps[after]!];
  return wanted - before <= next - wanted ? before : next;
}

/** Seconds from a run's first recorded step to another; NaN where the clock does not reach so far. */
function secondsAt(clock: RunClock | undefined, step: number): number {
  const last = clock?.steps.at(-1);
  if (!clock || last === undefined || step > last) return Number.NaN;
  // A preview of what training begins from is older than its first step.
  if (step <= clock.steps[0]!) return 0;
  return interpolated(clock.steps, clock.seconds, step);
}

function ascending(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
