import * as tf from '@tensorflow/tfjs';
import type { Shape } from '../graph/shape';
import { activeTrace, noise } from './trace';

/** tfjs's own function outside a trace, `traced` inside one. */
function inTrace<F extends (...args: never[]) => tf.Tensor>(own: F, traced: F): F {
  return ((...args: Parameters<F>) => (activeTrace() ? traced(...args) : own(...args))) as F;
}

const scaled = (unit: tf.Tensor, scale: number, shift: number) =>
  tf.add(tf.mul(unit, scale), shift);

/** The inverse of the error function on (-0.99, 0.99), to seven digits: Giles (2010), table 5. */
function erfInverse(x: tf.Tensor): tf.Tensor {
  const w = tf.sub(tf.neg(tf.log1p(tf.neg(tf.square(x)))), 2.5);
  const coefficients = [
    2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
    -0.00417768164, 0.246640727, 1.50140941,
  ];
  const series = coefficients.reduce<tf.Tensor>(
    (sum, coefficient) => tf.add(tf.mul(sum, w), coefficient),
    tf.scalar(0),
  );
  return tf.mul(series, x);
}

/** erf(√2): the share of a normal distribution within two standard deviations. */
const withinTwo = 0.9544997361036416;

/** Normal up to two deviations from the mean, by inverting the distribution: no draw is repeated. */
function truncatedNormal(shape: Shape, mean: number, deviation: number): tf.Tensor {
  const share = scaled(noise('uniform', shape), 2 * withinTwo, -withinTwo);
  return scaled(erfInverse(share), deviation * Math.SQRT2, mean);
}

/** Classes drawn with given log-probabilities: the largest after adding Gumbel noise. */
function multinomial(logits: tf.Tensor2D, samples: number): tf.Tensor2D {
  const [batch, classes] = logits.shape;
  const uniform = noise('uniform', [batch, samples, classes]);
  const gumbel = tf.neg(tf.log(tf.neg(tf.log(uniform))));
  return tf.argMax(tf.add(gumbel, tf.expandDims(logits, 1)), 2);
}

/**
 * tfjs as an experiment sees it: its random functions draw fresh noise in every run of a compiled
 * step, from the run's seed (seeds given to them are ignored). tfjs itself draws in JavaScript, which
 * a trace would see once and keep as constants.
 */
export const userTensorFlow: typeof tf = {
  ...tf,
  randomNormal: inTrace(tf.randomNormal, ((
    shape: number[],
    mean = 0,
    deviation = 1,
    dtype: 'float32' | 'int32' = 'float32',
  ) => tf.cast(scaled(noise('normal', shape), deviation, mean), dtype)) as typeof tf.randomNormal),
  randomStandardNormal: inTrace(tf.randomStandardNormal, ((shape: number[]) =>
    noise('normal', shape)) as typeof tf.randomStandardNormal),
  randomUniform: inTrace(tf.randomUniform, ((
    shape: number[],
    low = 0,
    high = 1,
    dtype: 'float32' | 'int32' | 'bool' = 'float32',
  ) =>
    tf.cast(scaled(noise('uniform', shape), high - low, low), dtype)) as typeof tf.randomUniform),
  randomUniformInt: inTrace(tf.randomUniformInt, ((shape: number[], low: number, high: number) =>
    tf.cast(
      tf.floor(scaled(noise('uniform', shape), high - low, low)),
      'int32',
    )) as typeof tf.randomUniformInt),
  truncatedNormal: inTrace(tf.truncatedNormal, ((shape: number[], mean = 0, deviation = 1) =>
    truncatedNormal(shape, mean, deviation)) as typeof tf.truncatedNormal),
  dropout: inTrace(tf.dropout, (x, rate, shape) => {
    const input = x as tf.Tensor;
    const kept = 1 - rate;
    const mask = tf.floor(tf.add(noise('uniform', shape ?? input.shape), kept));
    return tf.mul(input, tf.div(mask, kept));
  }),
  multinomial: inTrace(tf.multinomial, (logits, samples, _seed, normalized = false) => {
    const given = logits as tf.Tensor;
    const rows = (given.rank === 1 ? tf.expandDims(given, 0) : given) as tf.Tensor2D;
    const drawn = multinomial(normalized ? tf.log(rows) : rows, samples);
    return (given.rank === 1 ? tf.squeeze(drawn, [0]) : drawn) as tf.Tensor1D | tf.Tensor2D;
  }),
};
