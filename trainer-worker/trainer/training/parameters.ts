import * as tf from '@tensorflow/tfjs';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import { withMathRandom } from '../../compiler/random/math-random';
import type { Random } from '../../compiler/random/random';
import type { EnergyParameters, ParameterRandom } from '../../methods/energies/energy-method';
import {
  type EnergyOrigin,
  energyProblem,
  wrongEnergy,
} from '../../methods/energies/energy-problem';

/** Draws initial parameters. */
function parameterRandom(random: Random): ParameterRandom {
  const filled = (shape: readonly number[], draw: () => number) =>
    tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, draw), [...shape]);
  return {
    normal: (shape, { mean = 0, deviation = 1 } = {}) =>
      filled(shape, () => mean + deviation * random.normal()),
    uniform: (shape, { low = 0, high = 1 } = {}) =>
      filled(shape, () => low + (high - low) * random.uniform()),
  };
}

/**
 * The initial parameters of an energy, on the host.
 *
 * @param init the energy's, or an objective's
 * @throws ProblemError of kind `experiment` where `init` throws or gives something else than finite
 *   float32 tensors by name
 */
export function initialParameters(
  init: (random: ParameterRandom) => EnergyParameters,
  random: Random,
  origin: EnergyOrigin,
): NamedTensor[] {
  const called = () => {
    const given: unknown = init(parameterRandom(random));
    if (!(given instanceof Promise)) return given as EnergyParameters;
    given.catch(() => undefined);
    throw wrongEnergy(
      'init of the energy returned a promise.',
      'Make the tensors at once: without async, and from what was read before.',
      origin,
    );
  };
  let made: EnergyParameters | undefined;
  try {
    made = withMathRandom(random, () => tf.tidy(called));
  } catch (error) {
    throw energyProblem(error, origin);
  }
  const remedy =
    'Return an object of float32 tensors, for example { weight: rng.normal([2, 64]) }.';
  if (typeof made !== 'object' || made === null || made instanceof tf.Tensor) {
    throw wrongEnergy('init of the energy returned no object of tensors.', remedy, origin);
  }
  const entries = Object.entries(made);
  if (entries.length === 0) {
    throw wrongEnergy(
      'The energy has no parameters, so there is nothing to train.',
      remedy,
      origin,
    );
  }
  return entries.map(([name, tensor]) => {
    if (!(tensor instanceof tf.Tensor) || tensor.dtype !== 'float32') {
      throw wrongEnergy(`The parameter '${name}' is not a float32 tensor.`, remedy, origin);
    }
    const data = Float32Array.from(tensor.dataSync());
    tensor.dispose();
    if (!data.every(Number.isFinite)) {
      throw wrongEnergy(
        `The parameter '${name}' has initial values that are not finite.`,
        'Correct init of the energy.',
        origin,
      );
    }
    return { name, shape: [...tensor.shape], data };
  });
}
