import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import { formatShape } from '../../compiler/graph/shape';
import { locationInStack } from '../../compiler/trace/source-maps';
import { OptionError, type OptionPath } from './option-error';

/** A function of the user's own, for messages: who was given it, its name, and its place there. */
export interface OwnFunction {
  /** What the user called: `noise.custom`. */
  readonly where: string;
  /** `sample` */
  readonly name: string;
  /** Where among an experiment's options. */
  readonly path: OptionPath;
}

/** The schema of a function of the user's own. @param example how one is written: `loss: (context) => …` */
export function functionSchema<F>(name: string, example: string): z.ZodType<F> {
  return z.custom<F>((value) => typeof value === 'function', {
    error: `'${name}' is not a function.`,
    params: { remedy: `Write ${example}.` },
  });
}

/**
 * What a function of the user's own gives.
 *
 * @throws OptionError for what it throws, with that as its cause
 */
export function callOwn<T>({ where, name, path }: OwnFunction, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof ProblemError || cause instanceof OptionError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(
      `${where}: ${name} throws: ${message.replace(/\.?$/, '.')}`,
      `Correct ${name} at this place.`,
      path,
      { cause },
    );
  }
}

/**
 * Holds what a function of the user's own gave to a shape.
 *
 * @param remedy how to give the right one
 * @throws OptionError where it is no float32 tensor of this shape
 */
export function requireTensor(
  { where, name, path }: OwnFunction,
  made: unknown,
  shape: readonly number[],
  remedy: string,
): tf.Tensor {
  // Refused here and now: what it would have failed of later is no second problem.
  if (made instanceof Promise) made.catch(() => undefined);
  if (made instanceof tf.Tensor && made.dtype === 'float32' && `${made.shape}` === `${shape}`) {
    return made;
  }
  const wanted =
    shape.length === 0 ? 'a float32 scalar' : `a float32 tensor of shape ${formatShape(shape)}`;
  throw new OptionError(
    `${where}: ${name} returned ${describe(made)}; it must be ${wanted}.`,
    made instanceof Promise ? 'Return a tensor, without async.' : remedy,
    path,
  );
}

function describe(made: unknown): string {
  if (made instanceof tf.Tensor) return `${made.dtype} of shape ${formatShape(made.shape)}`;
  if (made instanceof Promise) return 'a promise';
  return made === undefined ? 'nothing' : 'something that is no tensor';
}

/**
 * The problem for an error of an option, at the user's line where it is known: that which threw, else
 * `otherwise`.
 *
 * @param files the user's files, absolute paths
 */
export function problemOf(
  error: OptionError,
  files: readonly string[],
  otherwise?: SourceLocation,
): ProblemError {
  const { message, remedy, cause } = error;
  const thrown = cause instanceof Error ? cause.stack : undefined;
  const location = locationInStack(thrown, files) ?? otherwise;
  return new ProblemError(
    {
      kind: 'experiment',
      message,
      remedy,
      ...(location ? { location } : {}),
      ...(thrown ? { detail: thrown } : {}),
    },
    { cause: error },
  );
}
