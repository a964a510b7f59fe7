import type { Problem } from './problem';

/** Plain JSON, the only thing that manifests and configurations consist of. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * The life of a run.
 *
 * `starting → running ⇄ paused → stopping → stopped | finished`, and `failed` (the trainer says why)
 * or `crashed` (the trainer died without a word) from anywhere.
 */
export type RunStatus =
  | 'starting'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'finished'
  | 'failed'
  | 'crashed';

/** What changes while a run lives. Small; sent at least every half second as a sign of life. */
export interface RunState {
  readonly status: RunStatus;
  /** Completed training steps. */
  readonly step: number;
  /** Steps the run will have when finished. */
  readonly steps: number;
  /** Recent speed; absent before the first steps are done and while paused. */
  readonly stepsPerSecond?: number;
  /** Estimated seconds until `finished`; absent where `stepsPerSecond` is. */
  readonly secondsLeft?: number;
  /** While starting: what it is busy with, for example `loading the experiment`. */
  readonly phase?: string;
  /** While starting: the experiment, its data and its step were tried; what is left takes time only. */
  readonly isTried?: true;
  /** Why it is paused, failed or crashed, where that was not the user's wish. */
  readonly problem?: Problem;
}

/** A curve that a run records. */
export interface MetricInfo {
  /** The tag in the event file: `loss`, `energy/data`, … */
  readonly name: string;
  /** What a person reads: `Energy of data`. */
  readonly label: string;
  /** Curves of one group share a chart; the chart's title. */
  readonly group: string;
  /** Unit, if any: `nats`. */
  readonly unit?: string;
  /** Where it is the error of another metric, a standard error or a bound: that metric's name. */
  readonly errorOf?: string;
}

/** The tag under which the error of a metric is recorded. */
export function errorName(metric: string): string {
  return `${metric}/error`;
}

/** How previews of this run are to be drawn; fixed for the whole run so that nothing jumps. */
export interface PreviewLayout {
  /** D, the dimension of a sample. */
  readonly dimensions: number;
  /** One name per dimension: column names of the data, or `x1`, `x2`, … */
  readonly axes: readonly string[];
  /** The drawn window per dimension, `[low, high]` in model space, one pair per dimension. */
  readonly bounds: readonly (readonly [number, number])[];
  /** Cells per side of the energy field, or 0 where D is more than 2 and there is no field. */
  readonly resolution: number;
  /** What samples are as images, where they are some. */
  readonly image?: ImageLayout;
  /** Of categorical data, what each dimension's values 0, 1, … are called; samples are those codes. */
  readonly categories?: readonly ShownCategory[];
  /** What the classes of rows are called, in the order of their numbers, where rows belong to some. */
  readonly classes?: readonly string[];
}

/** A column of categorical data and what its values are called, in the order of their codes, from 0. */
export interface ShownCategory {
  readonly name: string;
  readonly levels: readonly string[];
}

/** What a row of pixels is as an image: rows from the top, each from the left, channels together. */
export interface ImageLayout {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** The darkest and the brightest value in the file. */
  readonly from: readonly [number, number];
  /** What these are in model space. */
  readonly to: readonly [number, number];
  /**
   * λ, where a share v of 0 to 1 of the way from dark to bright is `logit(λ + (1 - 2λ) v)` in model space;
   * else the way is straight.
   */
  readonly logit?: number;
}

/** How data were standardised: `model = (raw - mean) / scale`, per column. */
export interface DataTransform {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** A file that a run read, so that it can be told whether it is still the same. */
export interface KeptFile {
  /** Its path as the experiment named it. */
  readonly file: string;
  /** Of its bytes, hex. */
  readonly sha256: string;
}

/** The sweep that a run is a part of. */
export interface RunGroup {
  /** Of all runs of the sweep the same. */
  readonly id: string;
  /** What people call the sweep. */
  readonly name: string;
  /** Which of its runs this is, from 0. */
  readonly index: number;
  /** How many runs it has. */
  readonly of: number;
  /** The metric by whose last value its runs are ranked; where absent, see `metricOfGroup`. */
  readonly metric?: string;
  /** Whether small or large is good; where absent, see `metricOfGroup`. */
  readonly goal?: 'minimize' | 'maximize';
  /** Where its runs are compared on their way, and only the best of them go on. */
  readonly halving?: Halving;
}

/** How the runs of a sweep are thinned out by asynchronous successive halving. */
export interface Halving {
  /** η: of the runs that came to a rung one in so many is promoted to the next. */
  readonly eta: number;
  /** Completed steps of each rung, ascending; the last one is the whole run. */
  readonly rungs: readonly number[];
}

/** What a run measured at a rung: the metric by which its sweep ranks, `null` where that is not finite. */
interface RungResult {
  readonly step: number;
  readonly value: number | null;
}

/**
 * Which of several equal expressions is computed. They differ by rounding only, but a run that goes on
 * or is repeated exactly keeps to its own: 1, as 0.1.0 had them; 2, swish by closed forms, sums of
 * columns as products, softplus by logarithms, sums of squares and of magnitudes in one pass, and loops of
 * one iteration written out.
 */
export const arithmetics = [1, 2] as const;
export type Arithmetic = (typeof arithmetics)[number];
/** That of new runs. */
export const newestArithmetic: Arithmetic = 2;

/**
 * How much is heard of a trainer that should live: `silent` where it has said nothing for some seconds;
 * of one on another host, whose heartbeat is all there is, `late` where that is missing, and `lost` when
 * it has been for so long that another one may go on with the run.
 */
export type Contact = 'heard' | 'silent' | 'late' | 'lost';

/** Where a process is. Its id and its socket mean something only to processes of the same place. */
export interface Host {
  /** What the machine calls itself. */
  readonly name: string;
  /** Of its start, another one each time; absent where the system gives none. */
  readonly boot?: string;
  /** Which table of processes ids are from, on systems that may have several (containers). */
  readonly processes?: string;
}

/** The job of a batch system as which a trainer runs. */
export interface BatchJob {
  /** Which batch system. */
  readonly system: string;
  /** What that calls it: `1234`, or `1234_5` of an array. */
  readonly id: string;
  /** By what number one joins it, which of a part of an array is another one. */
  readonly step?: string;
}

/** An option that can be given another value while a run trains. */
export interface Knob {
  /** What people call it: `learningRate`. */
  readonly name: string;
  /** Dotted path in the configuration: `optimizer.learningRate`. */
  readonly option: string;
  /** What a form and a curve's mark say: `learning rate`. */
  readonly label: string;
  /** Its value is greater than this… */
  readonly above?: number;
  /** …or at least this… */
  readonly least?: number;
  /** …and at most this. */
  readonly most?: number;
}

/** A knob that was turned while a run trained. */
export interface KnobChange {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Completed steps: the next one is the first with the new value. */
  readonly step: number;
  /** Dotted path in the configuration. */
  readonly option: string;
  readonly from: number;
  readonly to: number;
}

/** The process that trains a run. */
export interface RunWorker {
  readonly pid: number;
  /** Where it listens. */
  readonly socket: string;
  /** Where it is; this host where absent, as runs of 0.1.0 have it. */
  readonly host?: Host;
  readonly job?: BatchJob;
}

/** `run.json`: what a run is and was made of. */
export interface RunManifest {
  readonly formatVersion: 1;
  readonly id: string;
  /** The experiment's `name`. */
  readonly name: string;
  readonly state: RunState;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly endedAt?: string;
  /** Seconds spent training; pauses do not count. */
  readonly trainingSeconds: number;
  readonly experiment: {
    /** Absolute path of the file that was launched. */
    readonly file: string;
    /** The kept copy, relative to the run directory. */
    readonly source: string;
    /** SHA-256 of the launched file, hex. */
    readonly sha256: string;
  };
  /** The experiment's whole configuration after overrides, as data. */
  readonly config: JsonObject;
  /** What `--set` or a rerun changed: dotted path → value. */
  readonly overrides: JsonObject;
  /** The run that this one repeats. */
  readonly parent?: string;
  /** The sweep that it is a part of. */
  readonly group?: RunGroup;
  /** What it measured at the rungs of its sweep that it has come to, where that has some. */
  readonly rungs?: readonly RungResult[];
  readonly seed: number;
  /** How its expressions are written, for the last bits; 1 where absent. */
  readonly arithmetic?: Arithmetic;
  readonly backend?: { readonly name: string; readonly reason: string };
  /** What the user should know of the experiment that does not keep it from training. */
  readonly warnings?: readonly string[];
  readonly versions: { readonly [part: string]: string };
  readonly git?: { readonly commit: string; readonly dirty: boolean };
  readonly preview?: PreviewLayout;
  readonly transform?: DataTransform;
  /** The files that its data are from. */
  readonly dataFiles?: readonly KeptFile[];
  /** The file that its first parameters are from. */
  readonly initialize?: KeptFile;
  readonly metrics: readonly MetricInfo[];
  /** When it went on after it had ended or been killed, and from which step's checkpoint. */
  readonly resumes?: readonly { readonly at: string; readonly step: number }[];
  /** What can be changed while it trains. */
  readonly knobs?: readonly Knob[];
  /**
   * What was changed while it trained, by step; `config` is what it began with. What goes on or repeats the
   * run exactly makes these changes at the same steps: of an exact rerun they are here from the start.
   */
  readonly changes?: readonly KnobChange[];
  /** The trainer, while it lives. */
  readonly worker?: RunWorker;
}

/** Points of one curve: equally long arrays. */
export interface SeriesChunk {
  readonly steps: Float64Array;
  readonly values: Float32Array;
}

/** Points of several curves, by metric name. */
export type SeriesChunks = { readonly [metric: string]: SeriesChunk };

/** Rows of the data as previews show them. */
export interface ShownRows {
  /** `[count, D]` in model space. */
  readonly values: Float32Array;
  readonly count: number;
  /** `[count]` numbers of their classes, as the layout's `classes` has them, where they have some. */
  readonly labels?: Float32Array;
}

/**
 * What the model looks like at one step.
 *
 * All arrays are exactly sized (they share their buffer with nothing), row-major, in model space.
 */
export interface PreviewFrame {
  readonly step: number;
  /** `[count, D]` samples of the model's chains. */
  readonly samples: Float32Array;
  readonly count: number;
  /**
   * `[resolution, resolution]` energies over the layout's bounds, where D is 2, and `[resolution]` where
   * it is 1: in the middles of equal cells. Row `r`, column `c`
   * is the energy at `x = low_x + (c + ½)·width_x/resolution`, `y = low_y + (r + ½)·width_y/resolution`.
   */
  readonly field?: Float32Array;
  /**
   * Of each class y, in the order of their numbers, the energy E(x, y) over the bounds, where D is 2 and the
   * model tells classes apart: `p(y | x) ∝ exp(-E(x, y))`.
   */
  readonly classFields?: FieldStack;
  readonly energies?: PreviewEnergies;
  /** `[count]` training steps since the chain of each sample began, where chains live on between steps. */
  readonly ages?: Float32Array;
  /** `[count]` numbers of the class that the model finds likeliest for each sample, where it knows classes. */
  readonly classes?: Float32Array;
  readonly paths?: ChainPaths;
  /**
   * log Z over all rows that there can be, where they are finitely many and the sum over them is known to
   * a thousandth of a nat: `exp(-E - log Z)` is the probability of a row.
   */
  readonly logPartition?: number;
  readonly filters?: Filters;
}

/** What hidden units look for: the weights of each as a picture. */
export interface Filters {
  /** `[count, height, width, channels]` weights, of pixels in model space. */
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** `[count]` numbers of their units, ascending. */
  readonly units: Float32Array;
  /** How many units there are; of more than are shown, those whose weights have the largest norms. */
  readonly of: number;
}

/** Several fields over the same bounds, coarser than a single one where they are many. */
export interface FieldStack {
  /** `[fields, resolution, resolution]`, each with its cells as {@link PreviewFrame.field} has them. */
  readonly values: Float32Array;
  readonly resolution: number;
}

/** Energies of rows: of all samples, and of the first of the others. */
export interface PreviewEnergies {
  readonly samples: Float32Array;
  /** Of the rows of data that are shown. */
  readonly data: Float32Array;
  readonly heldOut?: Float32Array;
  readonly outOfDistribution?: Float32Array;
}

/** Where the first of the chains passed on their way to the samples. */
export interface ChainPaths {
  /** `[iterations.length, chains, D]` */
  readonly values: Float32Array;
  readonly chains: number;
  /** Iterations behind them, ascending from 0. */
  readonly iterations: readonly number[];
}
