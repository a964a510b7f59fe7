import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { MetricInfo } from '../../../protocol/run';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Arrays } from '../../compiler/run/execution';
import type { TensorSpecs, Tensors } from '../../compiler/trace/compile-program';
import type { Bounds } from '../data/bounds';
import type { Domain } from '../data/domain';
import type { Rows } from '../data/rows';
import type { EnergyParameters, ParameterRandom } from '../energies/energy-method';
import type { Model } from '../energies/model';
import type { ReadyNoise } from '../noise-distributions/ready-noise';
import type { OptimizerSpec } from '../optimizers';
import type { SamplerSpec } from '../samplers';
import type { ChainPast, ChainRun } from '../samplers/chain';
import type { Sampler } from '../samplers/sampler-method';
import type { SdeSpec } from '../sdes';
import type { NoiseOptions } from './noise-options';
import type { Remedy } from './remedy';

/** What an objective needs to know of the run that it is for. */
export interface ObjectiveContext {
  /** The run's seed, from which all that is random follows. */
  readonly seed: number;
  /** Rows of data per step. */
  readonly batchSize: number;
  /** The window that chains which start from noise start in; its length is D. */
  readonly bounds: Bounds;
  /** Where the numbers of the data lie. */
  readonly domain: Domain;
  /** How many levels each category has, of categorical data. */
  readonly levels?: readonly number[];
  /** `[n, D]` rows to train on, all of them; to fit noise to, for example. */
  readonly rows: Rows;
  /** Which of {@link rows} is number `place`, from 0, of the batch of `step`, from 1. */
  rowAt(step: number, place: number): number;
  /** How many units chains carry beside each point, of energies that have some. None where absent. */
  readonly latentUnits?: number;
  /** What {@link Objective.state} gave when the run was saved, by name. */
  readonly saved?: ReadonlyMap<string, Float32Array>;
}

/** The same for objectives that are built in. @internal */
export interface ObjectiveRun extends ObjectiveContext {
  /** The user's files, absolute paths, for where problems lie. */
  readonly files?: readonly string[];
  /** What {@link ObjectiveMethod.noise} asked for. */
  readonly noise?: ReadyNoise;
}

/** What a loss is built from, inside a compiled step. */
export interface LossContext extends Model {
  /** The batch, `[batch, D]`. */
  readonly data: tf.Tensor2D;
  /** `[batch]` class indices of the batch as float32, where the data have classes. */
  readonly labels?: tf.Tensor1D;
  /** Number of the step, from 1. */
  readonly step: tf.Scalar;
  /** What {@link Objective.feed} gives in each step. */
  readonly inputs: Tensors;
  /** The objective's own parameters, as {@link Objective.init} names them. */
  readonly own: Tensors;
  /**
   * The model as a constant: gradients flow through the points, none to its parameters. What a critic
   * or a generator is trained against: the sum of `loss(model, fixed opponent)` and
   * `loss(fixed model, opponent)` moves each along its own gradient.
   */
  readonly fixed: Model;
  /** `[chains, D]` points moved by the sampler's `steps`; constants for differentiation. */
  chain(sampler: Sampler, starts: tf.Tensor2D): tf.Tensor2D;
  /** The same of chains that go on, with what their sampler carries; constants too. */
  run(sampler: Sampler, starts: tf.Tensor2D, past?: ChainPast): Pick<ChainRun, 'ends' | 'carried'>;
  /** A scalar to record in each step. */
  report(metric: MetricInfo, value: tf.Tensor): void;
  /**
   * A quantity that must stay finite. The first one that does not, in the order of these calls, is
   * named to the user, and the step is not applied.
   *
   * @param quantity `The chains`
   * @param remedy what the user may change: in words, or options, of which those are told that there are
   * @param tellsItself whether it is at fault itself where it is not finite at a row of data, and not
   *   the energy. Default `false`
   */
  watch(
    quantity: string,
    values: tf.Tensor,
    remedy: Remedy,
    options?: { readonly tellsItself?: boolean },
  ): void;
  /** An output of the step, for {@link Objective.keep}. */
  output(name: string, values: tf.Tensor): void;
}

/**
 * An objective: a loss inside the compiled step, and around it, on the host, what lives on between
 * steps. A buffer lies on the host because a step needs only some rows of it: a functional update
 * inside the program would copy all of it each time.
 */
export interface Objective {
  /**
   * Parameters that it trains beside those of the model: log Z, a critic, a generator. Checkpoints
   * hold them as `objective/NAME`.
   */
  init?(random: ParameterRandom): EnergyParameters;
  /** What moves its own parameters; the experiment's optimizer where absent. */
  readonly optimizer?: OptimizerSpec;
  /**
   * For an objective that trains an energy at many noise levels, and gives each: the level at which
   * the energy is shown, sampled and measured.
   */
  readonly shownNoiseLevel?: number;
  /** It teaches the energy the classes of the data, so the energy must depend on a label. */
  readonly classifies?: boolean;
  /** Inputs of the step beside the data, by name. */
  readonly inputs?: TensorSpecs;
  /** Values of {@link inputs} for training step `step`. Changes nothing. */
  feed?(step: number): Arrays;
  /** The loss to be minimised, a scalar. Called once, to be traced. */
  loss(context: LossContext): tf.Tensor;
  /** What `step` gave by {@link LossContext.output}; called once the step is accepted. */
  keep?(step: number, outputs: Arrays): void;
  /**
   * `count` points, `[count, D]`, that the shown chains start from after `step` steps. Where absent:
   * uniform in the window, the same at every preview, so that each shown chain can be followed.
   */
  shownChains?(step: number, count: number): Float32Array;
  /** `[count]` training steps since each of {@link shownChains} began, where they are of a buffer. */
  shownAges?(step: number, count: number): Float32Array;
  /** What a checkpoint must hold beside parameters and optimizers. */
  state?(): readonly NamedTensor[];
  /** Goes back to what {@link state} gave, by name. */
  restore?(saved: ReadonlyMap<string, Float32Array>): void;
}

/** One row of the table of objectives. @internal */
export interface ObjectiveMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** Data that it can learn from. Default `['real']`. */
  readonly domains?: readonly Domain[];
  /** Which of {@link domains} it is set up for, where that is an option of it; and what to set for others. */
  suits?(spec: Spec): { readonly domains: readonly Domain[]; readonly remedy: string } | undefined;
  /** Whether it trains energies with units that chains carry beside their points. Default: it does not. */
  readonly trainsLatent?: boolean;
  /** Whether it needs the classes of the data. Default: it does not. */
  needsLabels?(spec: Spec): boolean;
  /** The spec in a run of so many steps: its schedules without a length of their own have the run's. */
  forRun?(spec: Spec, steps: number): Spec;
  /** Steps from one move of the model to the next; the objective's own parameters move in each. Default 1. */
  modelEvery?(spec: Spec): number;
  /** How many chains live on between steps, for objectives whose chains do. */
  persistentChains?(spec: Spec): number | undefined;
  /** What moves the shown chains where an experiment does not say; Langevin where absent. */
  previewSampler?(spec: Spec): SamplerSpec | undefined;
  /**
   * Sampler iterations before each preview, where an experiment does not say. Default
   * {@link defaultPreviewChainSteps}.
   */
  previewChainSteps?(spec: Spec): number | undefined;
  /** What it tells data from, for objectives that need noise of known density. */
  noise?(spec: Spec): Required<NoiseOptions>;
  /** How noise grows with time, for objectives that train the score of all noise levels. */
  flow?(spec: Spec): SdeSpec;
  build(spec: Spec, run: ObjectiveRun): Objective;
}

/** Iterations that take shown chains from noise to the model, for most. @internal */
export const defaultPreviewChainSteps = 100;
