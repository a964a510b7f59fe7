/**
 * What a process that looks at the model of a run, as a checkpoint has it, is asked, and what it answers.
 * It speaks over a pipe beside its standard streams, which an experiment may print to.
 */
import { z } from 'zod';
import type { DataTransform, Json, JsonObject, PreviewLayout } from './run';

/** Where chains may start that samples are drawn with. */
export const chainStarts = ['noise', 'data', 'buffer'] as const;
export type ChainStart = (typeof chainStarts)[number];

/** What samples may be written as: the ending of their file. */
export const drawnFormats = ['.npy', '.csv', '.safetensors'] as const;
export type DrawnFormat = (typeof drawnFormats)[number];

/** The pipe that the process speaks over, as a file descriptor. */
export const lookingPipe = 3;

/** Numbers of all samples of one drawing, at most: so much is sent and drawn at every stop. */
export const mostDrawnNumbers = 2 ** 20;

const count = z.number().int().nonnegative();
const json: z.ZodType<Json> = z.json();
/** The step of a kept checkpoint; the newest where absent. */
const checkpoint = z.exactOptional(count);

/** Which checkpoint something is asked of. */
export const checkpointRequest = z.strictObject({ checkpoint });
export type CheckpointRequest = z.infer<typeof checkpointRequest>;

/** Samples that are to be drawn and watched; what is absent is as `ebm draw` has it. */
export const drawRequest = z.strictObject({
  checkpoint,
  sampler: z.exactOptional(z.string().max(100)),
  settings: z.exactOptional(z.record(z.string().max(100), json)),
  steps: z.exactOptional(count),
  count,
  start: z.exactOptional(z.enum(chainStarts)),
  seed: z.exactOptional(count),
});
export type DrawRequest = z.infer<typeof drawRequest>;

/** A point: as people write it, a value for each column with commas, or the numbers of a row as previews have them. */
export const pointRequest = z.strictObject({
  checkpoint,
  point: z.union([
    z.string().max(10_000),
    z.custom<Float32Array>(
      (row) => row instanceof Float32Array && row.length > 0 && row.length <= mostDrawnNumbers,
    ),
  ]),
});
export type PointRequest = z.infer<typeof pointRequest>;

/** An option of a sampler, and what it stands at. */
export interface SamplerSetting {
  readonly name: string;
  readonly value: Json;
  /** What it may be, where that is one of several words. */
  readonly choices?: readonly string[];
}

/** A sampler that the model can be drawn from with. */
export interface OfferedSampler {
  /** What `sampler` has: `langevin`. */
  readonly type: string;
  readonly settings: readonly SamplerSetting[];
  /** Iterations of each chain, where nobody says. */
  readonly steps: number;
  /** Where its chains may start, and where they do if nobody says. */
  readonly starts: readonly ChainStart[];
  readonly start: ChainStart;
}

/** What can be drawn of a model, and what is as good as said already. */
export interface DrawOffer {
  /** The first is that of the run's previews. */
  readonly samplers: readonly OfferedSampler[];
  readonly seed: number;
  /** Chains, where nobody says. */
  readonly count: number;
  /** Chains that the buffer has, where there is one. */
  readonly buffered?: number;
  /** Chains, at most. */
  readonly mostCount: number;
}

/** Samples of a kept model, and how they came about. */
export interface Drawn {
  readonly run: string;
  readonly name: string;
  /** Completed training steps of the checkpoint. */
  readonly checkpoint: number;
  /** The sampler with all its options. */
  readonly sampler: JsonObject;
  /** Iterations that each chain took. */
  readonly steps: number;
  readonly start: ChainStart;
  readonly seed: number;
  readonly backend: string;
  readonly count: number;
  /** `[count, D]`, as previews have them: see {@link PreviewLayout}. */
  readonly samples: Float32Array;
  /** `[count]`. */
  readonly energies: Float32Array;
  readonly layout: PreviewLayout;
  readonly transform?: DataTransform;
  /** What the sampler tells of the chains, by what people call it: `Acceptance`. */
  readonly statistics: { readonly [label: string]: number };
}

/** Where chains are on their way. */
export interface ChainsPassed {
  /** Iterations behind them. */
  readonly done: number;
  /** Iterations that they are to take. */
  readonly of: number;
  /** `[count, D]`, as previews have them. */
  readonly samples: Float32Array;
}

/** Chains that have been drawn, with where they passed. */
export interface Drawing {
  readonly drawn: Drawn;
  /** Iterations behind the chains at each stop, ascending from 0. */
  readonly iterations: readonly number[];
  /** `[stops, count]` energies at each stop. */
  readonly energies: Float32Array;
  /** Energies over the window, as previews have them, where there is a landscape. */
  readonly field?: Float32Array;
  /** Energies of the first of the rows of data that are shown. */
  readonly dataEnergies: Float32Array;
}

/** What a kept model makes of a point. */
export interface PointEnergy {
  /** A value for each column, in the units of the data; categories by name. */
  readonly point: readonly (number | string)[];
  /** E, in nats. */
  readonly energy: number;
  /** -dE/dx for each column, in nats per unit of the data; absent of data that are not continuous. */
  readonly score?: readonly number[];
  /** The length of the score as the model has it: of data that were standardised, in their deviations. */
  readonly scoreNorm?: number;
  /**
   * -log p in nats, of a density per units of the data, or of a probability; absent where the energy does
   * not know its log Z exactly.
   */
  readonly negativeLogDensity?: number;
}

/** A point of a run's model as a checkpoint has it. */
export interface PointAnswer extends PointEnergy {
  readonly checkpoint: number;
  readonly axes: readonly string[];
}

/** How the numbers of a tensor are distributed. */
export interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  /** How many of them are NaN or infinite; the rest is of the others. */
  readonly notFinite: number;
  readonly mean: number;
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
  /** Numbers in cells of equal width from `min` to `max`; one cell where all are equal. */
  readonly cells: readonly number[];
}

/** What a checkpoint holds, but for what only the optimizer needs. */
export interface CheckpointFacts {
  readonly checkpoint: number;
  /** By the names that the energy gives them. */
  readonly parameters: readonly TensorFacts[];
  /** Their averages, where the optimizer averages: those are what is shown and sampled. */
  readonly averages: readonly TensorFacts[];
  /** Of the chains that live on: their numbers in model space, and since how many steps they do. */
  readonly buffer: readonly TensorFacts[];
}

/** A process that looks at a model answers these and emits these. */
export interface LookingSide {
  methods: {
    offer(params: CheckpointRequest): DrawOffer;
    draw(params: DrawRequest): Drawing;
    energy(params: PointRequest): PointAnswer;
    tensors(params: CheckpointRequest): CheckpointFacts;
  };
  events: {
    /** The chains that are being drawn have come to a stop. */
    passed: ChainsPassed;
  };
}

/** Who looks answers nothing: it asks. */
export interface LookerSide {
  methods: Record<never, never>;
  events: Record<never, never>;
}
