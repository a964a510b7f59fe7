import * as tf from '@tensorflow/tfjs';
import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import { locationInStack } from '../../compiler/trace/source-maps';
import { OptionError } from '../options/option-error';

/** Where in the user's files an energy comes from. */
export interface EnergyOrigin {
  /** The project files, absolute paths. */
  readonly files: readonly string[];
  /** Where the experiment makes the energy, if known. */
  readonly location?: SourceLocation;
}

/** The problem for something that an energy threw; what says already where it lies stays as it is. */
export function energyProblem(thrown: unknown, origin: EnergyOrigin): Error {
  if (thrown instanceof ProblemError || thrown instanceof OptionError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const location = locationInStack(error.stack, origin.files) ?? origin.location;
  return new ProblemError(
    {
      kind: 'experiment',
      message: `The energy throws: ${error.message.replace(/\.?$/, '.')}`,
      remedy: 'Correct the energy function at this place.',
      ...(location ? { location } : {}),
      ...(error.stack ? { detail: error.stack } : {}),
    },
    { cause: thrown },
  );
}

/** A problem with what an energy returned. */
export function wrongEnergy(message: string, remedy: string, origin: EnergyOrigin): ProblemError {
  return new ProblemError({
    kind: 'experiment',
    message,
    remedy,
    ...(origin.location ? { location: origin.location } : {}),
  });
}

/**
 * Checks that `value` is the energies of a batch.
 *
 * @throws ProblemError of kind `experiment`
 */
export function checkEnergies(value: unknown, batch: number, origin: EnergyOrigin): tf.Tensor1D {
  if (!(value instanceof tf.Tensor)) {
    // Refused here and now: what it would have failed of later is no second problem.
    if (value instanceof Promise) value.catch(() => undefined);
    throw wrongEnergy(
      value instanceof Promise
        ? 'The energy function is asynchronous.'
        : `The energy function returned ${value === undefined ? 'nothing' : typeof value} instead of a tensor.`,
      'Return a tensor of shape [batch], without async.',
      origin,
    );
  }
  if (value.rank !== 1 || value.shape[0] !== batch) {
    throw wrongEnergy(
      `The energy function returned shape [${value.shape.join(', ')}] for a batch of ${batch} points; it must be [${batch}].`,
      value.rank === 2 && value.shape[1] === 1
        ? 'Remove the last dimension with tf.squeeze(energies, [1]).'
        : 'Return one energy per point, for example with tf.sum(values, 1).',
      origin,
    );
  }
  if (value.dtype !== 'float32') {
    throw wrongEnergy(
      `The energy function returned ${value.dtype} numbers; they must be float32.`,
      'Compute the energy from x and the parameters without casts.',
      origin,
    );
  }
  return value as tf.Tensor1D;
}
