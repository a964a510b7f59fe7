import * as tf from '@tensorflow/tfjs';
import type { Energy, EnergyParameters, PointsWithUnits, SweepForm } from './energy-method';
import { checkEnergies, type EnergyOrigin, energyProblem, wrongEnergy } from './energy-problem';

/**
 * An energy with its parameters filled in, inside a compiled step. Whatever is built of it can be
 * differentiated again, to any order.
 */
export interface Model {
  /**
   * E(x) of `[n, D]` points, `[n]`.
   *
   * @param condition `[n]` labels or noise levels, for energies that depend on one
   */
  energy(x: tf.Tensor2D, condition?: tf.Tensor1D): tf.Tensor1D;
  /** The score -dE/dx of `[n, D]` points, `[n, D]`; `condition` as above. */
  score(x: tf.Tensor2D, condition?: tf.Tensor1D): tf.Tensor2D;
  /** All numbers of `[n, D]` points drawn anew, block by block, where the energy knows how. */
  sweep?(x: tf.Tensor2D): tf.Tensor2D;
  /** The form of points in which that is faster, where there is one. */
  readonly sweepForm?: SweepForm;
  /** The model with the units that lie beside its points, where {@link energy} is only a bound without them. */
  readonly latent?: ModelWithUnits;
  /** On categorical data, how many levels each category has: their columns lie side by side. */
  readonly levels?: readonly number[];
}

/** An energy's `LatentModel` with its parameters filled in; see there. */
interface ModelWithUnits {
  /** `[n]` energies of `[n, D]` points with their `[n, U]` units. */
  energy(x: tf.Tensor2D, units: tf.Tensor2D): tf.Tensor;
  /** Points and units drawn anew, block by block, given each other. */
  sweep(x: tf.Tensor2D, units: tf.Tensor2D): PointsWithUnits;
  /** `[n, U]` units to begin with at these points. */
  begin(x: tf.Tensor2D): tf.Tensor2D;
}

/**
 * @param origin for problems with the energy
 * @param shownNoiseLevel the noise level where none is given, for energies that depend on one
 * @param levels of each category, of categorical data
 * @throws ProblemError (`experiment`) from its functions, where the energy throws or has the wrong shape
 */
export function modelOf(
  energy: Energy,
  parameters: EnergyParameters,
  origin: EnergyOrigin,
  shownNoiseLevel?: number,
  levels?: readonly number[],
): Model {
  const given = (x: tf.Tensor2D, condition?: tf.Tensor1D): tf.Tensor1D | undefined =>
    condition ??
    (shownNoiseLevel === undefined ? undefined : tf.fill([x.shape[0]], shownNoiseLevel));
  const energies = (x: tf.Tensor2D, condition?: tf.Tensor1D): tf.Tensor1D => {
    if (condition !== undefined && energy.condition === undefined) {
      throw wrongEnergy(
        'A noise level or a label is given to an energy that depends on neither.',
        'Use an energy with a condition, such as energy.noiseConditional, or another sampler.',
        origin,
      );
    }
    let value: unknown;
    try {
      value = energy.energy(parameters, x, given(x, condition));
    } catch (error) {
      throw energyProblem(error, origin);
    }
    return checkEnergies(value, x.shape[0], origin);
  };
  const { sweep, sweepForm, latent } = energy;
  return {
    energy: energies,
    ...(levels ? { levels } : {}),
    ...(sweep ? { sweep: (x: tf.Tensor2D) => sweep(parameters, x) } : {}),
    ...(sweepForm ? { sweepForm: sweepForm(parameters) } : {}),
    ...(latent
      ? {
          latent: {
            energy: (x, units) => latent.energy(parameters, x, units),
            sweep: (x, units) => latent.sweep(parameters, x, units),
            begin: (x) => latent.begin(parameters, x),
          },
        }
      : {}),
    score(x, condition) {
      if (energy.score) return energy.score(parameters, x, given(x, condition));
      const slope = tf.grad((at: tf.Tensor) => tf.sum(energies(at as tf.Tensor2D, condition)));
      return tf.neg(slope(x)) as tf.Tensor2D;
    },
  };
}
