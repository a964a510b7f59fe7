/** What the extension host and the page that compares runs say to each other over `postMessage`. */
import type { RunClock } from './panel';
import type {
  DataTransform,
  Json,
  KnobChange,
  MetricInfo,
  PreviewFrame,
  PreviewLayout,
  RunStatus,
  SeriesChunks,
} from './run';

/** A run as it is compared with others. */
export interface ComparedRun {
  /** Absolute path of the run directory: what it is known by. */
  readonly directory: string;
  /** What people call it, with what tells it from its namesakes. */
  readonly name: string;
  readonly status: RunStatus;
  /** Where it stands, in words, if its status does not say that: at which rung of its sweep it waits. */
  readonly standing?: string;
  /** Its training failed: what it measured before says nothing of where it led, so it has no rank. */
  readonly hasDiverged: boolean;
  readonly step: number;
  readonly steps: number;
  /** Seconds spent training. */
  readonly seconds: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Its configuration after overrides, by dotted path; `seed` is that which it was trained with. */
  readonly parameters: { readonly [path: string]: Json };
  /** Those of its parameters that were set for it in place of what its experiment says. */
  readonly changed: readonly string[];
  /** What people changed while it trained, in order. */
  readonly byHand: readonly KnobChange[];
  /** SHA-256 of the experiment's file, hex. */
  readonly source: string;
  /** What was checked out where it was launched, and whether anything was changed since. */
  readonly git?: { readonly commit: string; readonly dirty: boolean };
  readonly metrics: readonly MetricInfo[];
  readonly isStarred: boolean;
  readonly tags: readonly string[];
  /** Steps that have a preview on disk, ascending. */
  readonly previewSteps: readonly number[];
  readonly preview?: PreviewLayout;
  readonly transform?: DataTransform;
}

/** A point of a curve. */
export interface CurvePoint {
  readonly step: number;
  readonly value: number;
}

/** The points of a curve that a table tells. */
export interface CurveEnds {
  readonly last: CurvePoint;
  /** The smallest and the largest finite value, where there is one. */
  readonly lowest?: CurvePoint;
  readonly highest?: CurvePoint;
}

/** The curves of a run, in place of what was told of them before. */
export interface RunCurves {
  readonly directory: string;
  /** Points of each curve; all of them, or the smallest and largest of stretches. */
  readonly series: SeriesChunks;
  /** Names of the curves of which not all points are in `series`. */
  readonly thinned: readonly string[];
  readonly ends: { readonly [metric: string]: CurveEnds };
  /** Why they are not all there. */
  readonly problem?: string;
}

/** By what runs are ranked. */
export interface Ranking {
  readonly metric: string;
  readonly goal: 'minimize' | 'maximize';
}

/** Everything the page shows, but for the curves, which follow. */
export interface CompareSnapshot {
  /** Grows with each snapshot; updates of an older generation are to be ignored. */
  readonly generation: number;
  readonly title: string;
  /** Absolute paths of all runs asked for, those that are gone among them. */
  readonly directories: readonly string[];
  readonly runs: readonly ComparedRun[];
  /** What their sweep says about it, where they are of one. */
  readonly ranking?: Ranking;
}

/** What changed since the last message of this generation. */
export interface CompareUpdate {
  readonly generation: number;
  readonly runs?: readonly ComparedRun[];
  readonly curves?: readonly RunCurves[];
  /** The curves of all runs have been told as they were. */
  readonly isComplete?: true;
}

/** What the page may ask for about some of its runs. */
export type CompareAction =
  | 'open'
  | 'rename'
  | 'star'
  | 'unstar'
  | 'diffSource'
  | 'diffConfiguration';

/** The page answers these and emits these. Each reply is the credit for the next message. */
export interface ComparePageSide {
  methods: {
    snapshot(params: CompareSnapshot): null;
    update(params: CompareUpdate): null;
  };
  events: {
    /** The page's script runs and wants a snapshot. */
    ready: Record<string, never>;
    /** Something threw in the page; goes to the log. */
    pageError: { readonly message: string; readonly stack?: string };
  };
}

/** The host answers these. */
export interface CompareHostSide {
  methods: {
    /** A kept preview of one of the runs; rejects if that file is missing or broken. */
    preview(params: { readonly directory: string; readonly step: number }): PreviewFrame;
    /** When the steps of one of the runs were recorded; rejects where that cannot be read. */
    clock(params: { readonly directory: string }): RunClock;
    /** Does something with one run, or with the first two; rejects with the problem if that fails. */
    act(params: { readonly action: CompareAction; readonly directories: readonly string[] }): null;
  };
  events: Record<never, never>;
}

/** What the page keeps across reloads: which runs it compares, and how its table is arranged. */
export interface ComparePersistedState {
  readonly version: 1;
  readonly title: string;
  /** Absolute paths of run directories. */
  readonly directories: readonly string[];
  /** Columns of the table that were shown or hidden, by their keys. */
  readonly columns?: { readonly [key: string]: boolean };
  /** The directories of runs that stay above the others. */
  readonly pinned?: readonly string[];
}
