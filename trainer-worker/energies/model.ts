import * as tf from '@tensorflow/tfjs';
import type { Energy, EnergyParameters } from './energy-method';
import { checkEnergies, type EnergyOrigin, energyProblem } from './energy-problem';

/**
 * An energy with its parameters filled in, inside a compiled step. Whatever is built of it can be
 * differentiated again, to any order.
 */
export interface Model {
  /** E(x) of `[n, D]` points, `[n]`. */
  energy(x: tf.Tensor2D): tf.Tensor1D;
  /** The score -dE/dx of `[n, D]` points, `[n, D]`. */
  score(x: tf.Tensor2D): tf.Tensor2D;
}

/**
 * @param origin for problems with the energy
 * @throws ProblemError (`experiment`) from its functions, where the energy throws or has the wrong shape
 */
export function modelOf(energy: Energy, parameters: EnergyParameters, origin: EnergyOrigin): Model {
  const energies = (x: tf.Tensor2D): tf.Tensor1D => {
    let value: unknown;
    try {
      value = energy.energy(parameters, x);
    } catch (error) {
      throw energyProblem(error, origin);
    }
    return checkEnergies(value, x.shape[0], origin);
  };
  const slope = tf.grad((x: tf.Tensor) => tf.sum(energies(x as tf.Tensor2D)));
  return { energy: energies, score: (x) => tf.neg(slope(x)) as tf.Tensor2D };
}
