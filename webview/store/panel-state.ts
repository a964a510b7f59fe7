import type { PanelSnapshot, PanelUpdate } from '../../protocol/panel';
import type {
  Contact,
  PreviewFrame,
  RunManifest,
  RunState,
  SeriesChunks,
  ShownRows,
} from '../../protocol/run';
import { Series } from './series';

/** All that the page knows of its run. Replaced on each change, but for the curves, which grow. */
export interface PanelState {
  readonly generation: number;
  readonly runDirectory: string;
  readonly manifest: RunManifest;
  /** What tells the run from others of its name; empty where there is none. */
  readonly distinction: string;
  readonly state: RunState;
  /** Whether another window controls the run. */
  readonly isWatchedOnly: boolean;
  readonly data: ShownRows | undefined;
  /** How much the extension hears of the trainer. */
  readonly contact: Contact;
  /** Steps that have a checkpoint, ascending. */
  readonly checkpointSteps: readonly number[];
  /** Steps that have a preview, ascending. */
  readonly previewSteps: readonly number[];
  readonly latest: PreviewFrame | undefined;
  /** What is to be drawn, by metric name: the points told so far, or an overview that reaches further. */
  readonly series: ReadonlyMap<string, Series>;
  /** Metrics of which only an overview is drawn: their points are on their way. */
  readonly overviews: ReadonlyMap<string, Series>;
  /** Whether all that was recorded before the page came has been told. */
  readonly isComplete: boolean;
  /** All points told so far. The same series for one generation: they grow in place. */
  readonly points: ReadonlyMap<string, Series>;
}

/** The state that a snapshot describes. Its curves are empty: they follow as updates. */
export function fromSnapshot(snapshot: PanelSnapshot): PanelState {
  return {
    generation: snapshot.generation,
    runDirectory: snapshot.runDirectory,
    manifest: snapshot.manifest,
    distinction: snapshot.distinction,
    state: snapshot.state,
    isWatchedOnly: snapshot.isWatchedOnly,
    contact: snapshot.contact,
    data: snapshot.data,
    checkpointSteps: snapshot.checkpointSteps ?? [],
    previewSteps: snapshot.preview
      ? withStep(snapshot.previewSteps, snapshot.preview.step)
      : snapshot.previewSteps,
    latest: snapshot.preview,
    series: new Map(),
    overviews: new Map(),
    isComplete: false,
    points: new Map(),
  };
}

/** The state after an update; the same object if the update belongs to another generation. */
export function withUpdate(state: PanelState, update: PanelUpdate): PanelState {
  if (update.generation !== state.generation) return state;
  for (const [metric, step] of Object.entries(update.restarts ?? {})) {
    state.points.get(metric)?.cut(step);
  }
  const points = withPoints(state.points, update.series);
  const told = withPoints(state.overviews, update.overview);
  const overviews = told.size === 0 ? told : stillAhead(told, points, update.isComplete === true);
  const { preview, previewSteps = state.previewSteps } = update;
  const isNewest = preview !== undefined && preview.step >= (state.latest?.step ?? 0);
  return {
    ...state,
    state: update.state ?? state.state,
    isWatchedOnly: update.isWatchedOnly ?? state.isWatchedOnly,
    contact: update.contact ?? state.contact,
    checkpointSteps: update.checkpointSteps ?? state.checkpointSteps,
    previewSteps: preview ? withStep(previewSteps, preview.step) : previewSteps,
    latest: isNewest ? preview : state.latest,
    points,
    overviews,
    isComplete: state.isComplete || update.isComplete === true,
    series: overviews.size === 0 ? points : new Map([...points, ...overviews]),
  };
}

/** Curves with more points; the same map where no curve is new. */
function withPoints(
  curves: ReadonlyMap<string, Series>,
  chunks: SeriesChunks = {},
): ReadonlyMap<string, Series> {
  let all = curves;
  for (const [metric, chunk] of Object.entries(chunks)) {
    let known = all.get(metric);
    if (known === undefined) {
      known = new Series();
      all = new Map([...all, [metric, known]]);
    }
    known.append(chunk);
  }
  return all;
}

/** The overviews that show more than the points do. */
function stillAhead(
  overviews: ReadonlyMap<string, Series>,
  points: ReadonlyMap<string, Series>,
  isComplete: boolean,
): ReadonlyMap<string, Series> {
  const isAhead = ([metric, { lastStep = -1 }]: readonly [string, Series]) =>
    lastStep > (points.get(metric)?.lastStep ?? -1);
  return new Map(isComplete ? [] : [...overviews].filter(isAhead));
}

/** `steps` with `step` in its place, unchanged if it is there. */
function withStep(steps: readonly number[], step: number): readonly number[] {
  const at = steps.findLastIndex((known) => known <= step);
  if (steps[at] === step) return steps;
  return [...steps.slice(0, at + 1), step, ...steps.slice(at + 1)];
}

/** The index of the newest preview step at or before `step`, else the first; -1 if there is none. */
export function previewIndex(steps: readonly number[], step: number): number {
  if (steps.length === 0) return -1;
  return Math.max(
    0,
    steps.findLastIndex((known) => known <= step),
  );
}
