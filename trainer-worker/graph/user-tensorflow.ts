import * as tf from '@tensorflow/tfjs';
import { activeTrace, noise } from './trace';

/** tfjs's own function outside a trace, `traced` inside one. */
function inTrace<F extends (...args: never[]) => tf.Tensor>(own: F, traced: F): F {
  return ((...args: Parameters<F>) => (activeTrace() ? traced(...args) : own(...args))) as F;
}

const scaled = (unit: tf.Tensor, scale: number, shift: number) =>
  tf.add(tf.mul(unit, scale), shift);

/**
 * tfjs as an experiment sees it: its random functions draw fresh noise in every run of a compiled
 * step. tfjs itself draws in JavaScript, which a trace would see once and keep as constants.
 */
export const userTensorFlow: typeof tf = {
  ...tf,
  randomNormal: inTrace(tf.randomNormal, ((shape: number[], mean = 0, deviation = 1) =>
    scaled(noise('normal', shape), deviation, mean)) as typeof tf.randomNormal),
  randomStandardNormal: inTrace(tf.randomStandardNormal, ((shape: number[]) =>
    noise('normal', shape)) as typeof tf.randomStandardNormal),
  randomUniform: inTrace(tf.randomUniform, ((shape: number[], low = 0, high = 1) =>
    scaled(noise('uniform', shape), high - low, low)) as typeof tf.randomUniform),
};
