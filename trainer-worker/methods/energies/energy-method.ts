import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Domain } from '../data/domain';
import type { ImageShape } from './image-shape';
import type { EnergySpec } from './index';

/** The trained tensors of an energy, by name. */
export interface EnergyParameters {
  readonly [name: string]: tf.Tensor;
}

/** Draws initial parameters, reproducibly: the run's seed decides them. */
export interface ParameterRandom {
  /** Independent Gaussians of mean `mean` (default 0) and standard deviation `deviation` (default 1). */
  normal(
    shape: readonly number[],
    options?: { readonly mean?: number; readonly deviation?: number },
  ): tf.Tensor;
  /** Independent uniforms between `low` (default 0) and `high` (default 1). */
  uniform(
    shape: readonly number[],
    options?: { readonly low?: number; readonly high?: number },
  ): tf.Tensor;
}

/** What an energy may depend on beside the point: the class of the point, or the noise added to it. */
type ConditionKind = 'label' | 'noise level';

/** An energy E(x; θ) with `p(x) = exp(-E(x)) / Z`: low energy is likely. @internal */
export interface Energy {
  /** The initial parameters. */
  init(random: ParameterRandom): EnergyParameters;
  /** What the third argument of {@link energy} is, where it takes one. */
  readonly condition?: ConditionKind;
  /** How many classes it knows, where it depends on a label. */
  readonly classes?: number;
  /**
   * Energies of `[batch, D]` points, of shape `[batch]`.
   *
   * @param condition `[batch]`: class indices (0, 1, …), where absent the energy of x alone,
   *   `-log Σ_y exp(-E(x, y))`; or noise levels σ, which are never absent
   */
  energy(parameters: EnergyParameters, x: tf.Tensor2D, condition?: tf.Tensor1D): tf.Tensor;
  /**
   * The score `[batch, D]`, for models that are a vector field of their own; `-dE/dx` where absent.
   * {@link energy} is then only for looking at.
   */
  score?(parameters: EnergyParameters, x: tf.Tensor2D, condition?: tf.Tensor1D): tf.Tensor2D;
  /** What the slope of the energy in x, in Euclidean norms, is never larger than, where that is known. */
  readonly lipschitz?: number;
  /**
   * `[n, D]` points, all of whose numbers are drawn anew, in blocks, each block from its law given all
   * others: a move that leaves `exp(-E)` as it is. Where it is known how; draws by `noise`.
   */
  sweep?(parameters: EnergyParameters, x: tf.Tensor2D): tf.Tensor2D;
  /** The same for points that lie in another form, where sweeps one after the other are faster in it. */
  sweepForm?(parameters: EnergyParameters): SweepForm;
  /**
   * Where there are units beside the points that cannot be summed out: the model with them. {@link energy}
   * is then a bound, nowhere below `-log` of the model's density times Z, and {@link path} is swept with them.
   */
  readonly latent?: LatentModel;
  /**
   * The parameter that has the weights of hidden units to what is seen, the units along its last axis: of
   * all numbers of a point, `[D, units]`, or of a patch of an image, `[height, width, channels, units]`.
   */
  readonly filters?: string;
  /** log Z, a scalar, where it is known exactly. */
  logPartition?(parameters: EnergyParameters): tf.Tensor;
  /** A way to this energy from one whose log Z is known; {@link sweep} is reversible all along it. */
  readonly path?: AnnealingPath;
}

/** Another form of `[n, D]` points, in which `sweep` is faster: some tensors of fixed shapes. @internal */
export interface SweepForm {
  /** Points in this form. */
  enter(x: tf.Tensor2D): readonly tf.Tensor[];
  /** All numbers drawn anew: what `sweep` does of the points, with the same noise. */
  sweep(form: readonly tf.Tensor[]): readonly tf.Tensor[];
  /** Points as they were before {@link enter}. */
  leave(form: readonly tf.Tensor[]): tf.Tensor2D;
}

/** `sweep` by way of such a form. @internal */
export function sweepIn(
  sweepForm: (parameters: EnergyParameters) => SweepForm,
): Pick<Required<Energy>, 'sweep' | 'sweepForm'> {
  return {
    sweepForm,
    sweep(parameters, x) {
      const form = sweepForm(parameters);
      return form.leave(form.sweep(form.enter(x)));
    },
  };
}

/** A model of points and of units of 0 and 1 beside each, of shape `[n, units]`. @internal */
interface LatentModel {
  /** How many lie beside each point. */
  readonly units: number;
  /** Energies of points together with their units, `[n]`, exactly. */
  energy(parameters: EnergyParameters, x: tf.Tensor2D, units: tf.Tensor2D): tf.Tensor;
  /** All points and units drawn anew, as {@link Energy.sweep} does. */
  sweep(parameters: EnergyParameters, x: tf.Tensor2D, units: tf.Tensor2D): PointsWithUnits;
  /** Units for chains to begin with at these points, drawn from about their law given these. */
  begin(parameters: EnergyParameters, x: tf.Tensor2D): tf.Tensor2D;
  /** The units alone drawn anew: a move that leaves their law given the points as it is. */
  given(parameters: EnergyParameters, x: tf.Tensor2D, units: tf.Tensor2D): tf.Tensor2D;
}

/** @internal */
export interface PointsWithUnits {
  /** `[n, D]` */
  readonly x: tf.Tensor2D;
  /** `[n, units]` */
  readonly units: tf.Tensor2D;
}

/** Energies of the same form, from independent numbers to the model. @internal */
interface AnnealingPath {
  /**
   * The parameters at a share of the way: at 0 numbers are independent and of these means, at 1 they are
   * the model's.
   *
   * @param share a scalar
   * @param means `[D]`, of the training rows
   */
  at(parameters: EnergyParameters, share: tf.Tensor, means: tf.Tensor): EnergyParameters;
  /** log Z where it begins, a scalar. */
  logPartition(parameters: EnergyParameters, means: tf.Tensor): tf.Tensor;
}

/** One row of the table of energies. @internal */
export interface EnergyMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** Data that it is defined on. Default: all. */
  readonly domains?: readonly Domain[];
  /** Data on which what it builds has {@link Energy.sweep}. Default: none. */
  sweeps?(spec: Spec): readonly Domain[];
  /** How many units lie beside each point of a model that chains have to carry them for. Default: none. */
  latentUnits?(spec: Spec): number;
  /** Whether it needs the classes of the data. Default: it does not. */
  needsLabels?(spec: Spec): boolean;
  /** What it takes rows of data for, where it takes them for images. */
  image?(spec: Spec): ImageShape;
  /** The energies that it is made of, for compositions. */
  parts?(spec: Spec): readonly EnergySpec[];
  /**
   * @param dimensions D, the dimension of a data point
   * @param part builds a part of a composition for the same points
   * @param levels of each category, of categorical data
   */
  build(
    spec: Spec,
    dimensions: number,
    part: (spec: EnergySpec) => Energy,
    levels?: readonly number[],
  ): Energy;
}
