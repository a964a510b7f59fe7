/** What the extension host and the run panel's page say to each other over `postMessage`. */
import type { EnergyRange } from './energy-range';
import type { ChainsPassed, DrawnFormat, LookingSide } from './looking';
import type { Contact, PreviewFrame, RunManifest, RunState, SeriesChunks, ShownRows } from './run';

/** Sections of the page that can be folded. */
export const foldableSections = ['landscape', 'curves', 'columns', 'energies', 'health'] as const;
export type FoldableSection = (typeof foldableSections)[number];

/** Those of them that can be moved, in the order that they have at first. */
export const movableSections = ['curves', 'columns', 'energies', 'health'] as const;
export type MovableSection = (typeof movableSections)[number];

/** How the sections of the page lie. */
export interface PanelArrangement {
  readonly folded: readonly FoldableSection[];
  /** Each of them once. */
  readonly order: readonly MovableSection[];
}

/** What a button of the page may ask for. Each is one command of the palette. */
export type PanelAction =
  | 'pause'
  | 'resume'
  | 'step'
  | 'stop'
  | 'takeOver'
  | 'rerun'
  | 'rerunWithChanges'
  | 'openSource'
  | 'openFolder'
  | 'showLog';

/** Everything the page shows, from nothing. Curves follow in `update`s of bounded size. */
export interface PanelSnapshot {
  /** Grows with each snapshot; updates of an older generation are to be ignored. */
  readonly generation: number;
  /** Absolute path of the run directory, for {@link PanelPersistedState}. */
  readonly runDirectory: string;
  readonly manifest: RunManifest;
  /** What tells it from other runs of its name; empty where there is none. */
  readonly distinction: string;
  readonly state: RunState;
  /** Whether another window controls the run, so that this one only watches. */
  readonly isWatchedOnly: boolean;
  /** Rows of the data to draw beneath the samples, at most a few thousand. */
  readonly data?: ShownRows;
  /** How much is heard of the trainer. */
  readonly contact: Contact;
  /** Steps that have a checkpoint on disk, ascending. */
  readonly checkpointSteps?: readonly number[];
  /** Steps that have a preview on disk, ascending. */
  readonly previewSteps: readonly number[];
  /** The latest preview, if there is one. */
  readonly preview?: PreviewFrame;
  /** What people have folded and moved in panels of this workspace. */
  readonly arrangement?: PanelArrangement;
}

/** What changed since the last message of this generation. At most about 1 MB. */
export interface PanelUpdate {
  readonly generation: number;
  /**
   * On every change, and each sign of life of the trainer passed on: a page that hears nothing of
   * a run in training for some seconds shows it as not responding.
   */
  readonly state?: RunState;
  /** On every change. */
  readonly isWatchedOnly?: boolean;
  /** On every change. */
  readonly contact?: Contact;
  /**
   * A long run's curves from afar: points of them with every extreme. They stand in for `series`, which
   * follow, until those have come as far or `isComplete` is told.
   */
  readonly overview?: SeriesChunks;
  /** Curves of a training that was restarted: their points from that step on are void. */
  readonly restarts?: { readonly [metric: string]: number };
  readonly series?: SeriesChunks;
  /** All that was recorded before has been told in `series`. */
  readonly isComplete?: true;
  /** Steps that have a preview on disk, ascending, all of them: also those whose frames nobody told. */
  readonly previewSteps?: readonly number[];
  /** Steps that have a checkpoint on disk, ascending, all of them. */
  readonly checkpointSteps?: readonly number[];
  readonly preview?: PreviewFrame;
}

/** When steps were recorded: some of the steps, ascending, and the seconds since the first of them. */
export interface RunClock {
  readonly steps: Float64Array;
  readonly seconds: Float64Array;
}

/** What can be kept of the page, by the ending of its file. */
export type SavedKind = 'png' | 'svg' | 'csv';

/** The page answers these and emits these. Each reply is the credit for the next message: the host never has more than one unanswered. */
export interface PageSide {
  methods: {
    /** There is no run yet, only one that is being started: a line that says how far it is. */
    starting(params: { readonly text: string }): null;
    snapshot(params: PanelSnapshot): null;
    update(params: PanelUpdate): null;
    /** Chains that are being drawn by hand have come to a stop. */
    chainsPassed(params: ChainsPassed): null;
  };
  events: {
    /** The page's script runs and wants a snapshot. */
    ready: Record<string, never>;
    /** The user has folded, unfolded or moved a section: how all of them lie now. */
    arranged: PanelArrangement;
    /** Something threw in the page; goes to the log. */
    pageError: { readonly message: string; readonly stack?: string };
  };
}

/** The host answers these, and of the model what is asked of it: only in a workspace that is trusted. */
export interface HostSide {
  methods: LookingSide['methods'] & {
    /** A kept preview, for the step scrubber; rejects if that file is missing or broken. */
    preview(params: { readonly step: number }): PreviewFrame;
    /** When the steps so far were recorded, as far as they are on disk. */
    clock(params: Record<never, never>): RunClock;
    /** Keeps a picture or a table of the page where the user says; also where they change their mind. */
    saveFile(params: {
      /** What it shows, a few words: letters, digits and hyphens. */
      readonly name: string;
      readonly kind: SavedKind;
      readonly bytes: Uint8Array;
    }): null;
    /** Gives an option of the run another value while it trains; rejects with the problem if it does not take it. */
    change(params: { readonly option: string; readonly value: number }): null;
    /** Keeps the samples that were last drawn by hand where the user says; also where they change their mind. */
    saveDrawn(params: { readonly format: DrawnFormat }): null;
    /** Ends what is still being asked of the model. */
    stopAsking(params: Record<never, never>): null;
    /** Runs a command on this panel's run; rejects with the problem if that fails. */
    act(params: { readonly action: PanelAction }): null;
  };
  events: Record<never, never>;
}

/** What the page keeps across reloads through `setState`: which run it shows, and navigation only. */
export interface PanelPersistedState {
  readonly version: 1;
  /** Absolute path of the run directory. */
  readonly runDirectory: string;
  /** The scrubber's step, or absent where it follows the newest. */
  readonly step?: number;
  /** The dimensions on the axes, where a sample has more than two. */
  readonly axes?: readonly [number, number];
  /** Whether the plane of the principal axes is shown. */
  readonly isPrincipal?: boolean;
  /** Whether columns are shown against one another in pairs. */
  readonly isPaired?: boolean;
  /** Which columns then. */
  readonly pairColumns?: readonly number[];
  /** The energies at the ends of the colours, where all steps are to have the same. */
  readonly energyRange?: EnergyRange;
  readonly smoothing?: number;
  /** What the curves' horizontal axis counts: a kind of `webview/store/navigation.ts`. */
  readonly curveAxis?: string;
  readonly logScale?: boolean;
}
