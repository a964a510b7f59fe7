import * as tf from '@tensorflow/tfjs';
import type { Arrays } from '../trainer-worker/graph/execution';
import type { ProgramDefinition, TensorSpec, Tensors } from '../trainer-worker/graph/program';
import { sizeOf } from '../trainer-worker/graph/shape';
import { loop, noise, stopGradient } from '../trainer-worker/graph/trace';
import { numbersFrom } from './graph-numbers';

/** A training step in plain tfjs, as the methods of the trainer will write theirs. */
export interface StepSizes {
  readonly batch: number;
  readonly dimensions: number;
  readonly hidden: readonly number[];
}

const swish = (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x));

function layersOf({ dimensions, hidden }: StepSizes): [number, number][] {
  const sizes = [dimensions, ...hidden, 1];
  return sizes.slice(1).map((to, layer) => [sizes[layer]!, to]);
}

function parameterSpecs(sizes: StepSizes): Record<string, TensorSpec> {
  return Object.fromEntries(
    layersOf(sizes).flatMap(([from, to], layer) => [
      [`w${layer}`, { shape: [from, to] }],
      [`b${layer}`, { shape: [to] }],
    ]),
  );
}

function energy(parameters: Tensors, x: tf.Tensor): tf.Tensor {
  const layers = Object.keys(parameters).length / 2;
  let h = x;
  for (let layer = 0; layer < layers; layer++) {
    h = tf.add(tf.matMul(h, parameters[`w${layer}`]!), parameters[`b${layer}`]!);
    if (layer < layers - 1) h = swish(h);
  }
  return tf.squeeze(h, [1]);
}

const score = (parameters: Tensors, x: tf.Tensor) =>
  tf.neg(tf.grad((point: tf.Tensor) => tf.sum(energy(parameters, point)))(x));

/** Adam (Kingma & Ba 2015), its moments and step count part of the state. */
function adam(loss: (parameters: Tensors) => tf.Tensor, state: Tensors, names: readonly string[]) {
  const parameters = names.map((name) => state[name]!);
  const { value, grads } = tf.valueAndGrads(
    (...p: tf.Tensor[]) =>
      loss(Object.fromEntries(names.map((name, i) => [name, p[i]!]))) as tf.Scalar,
  )(parameters);
  const [rate, beta1, beta2, epsilon] = [1e-3, 0.9, 0.999, 1e-8];
  const count = tf.add(state['adam step']!, 1);
  const next: Record<string, tf.Tensor> = { 'adam step': count };
  names.forEach((name, index) => {
    const g = grads[index]!;
    const m = tf.add(tf.mul(state[`${name} m`]!, beta1), tf.mul(g, 1 - beta1));
    const v = tf.add(tf.mul(state[`${name} v`]!, beta2), tf.mul(tf.square(g), 1 - beta2));
    const unbiasedM = tf.div(m, tf.sub(1, tf.pow(beta1, count)));
    const unbiasedV = tf.div(v, tf.sub(1, tf.pow(beta2, count)));
    const update = tf.div(unbiasedM, tf.add(tf.sqrt(unbiasedV), epsilon));
    next[name] = tf.sub(state[name]!, tf.mul(update, rate));
    next[`${name} m`] = m;
    next[`${name} v`] = v;
  });
  return { value, next };
}

/** The optimizer's state beside the parameters. */
function withAdam(parameters: Record<string, TensorSpec>): Record<string, TensorSpec> {
  const moments = Object.entries(parameters).flatMap(([name, spec]) => [
    [`${name} m`, spec],
    [`${name} v`, spec],
  ]);
  return { ...parameters, ...Object.fromEntries(moments), 'adam step': { shape: [] } };
}

type Loss = (parameters: Tensors, inputs: Tensors) => tf.Tensor;

function trainingStep(
  sizes: StepSizes,
  loss: Loss,
  prepare: (parameters: Tensors, inputs: Tensors) => Tensors = () => ({}),
  inputs: Record<string, TensorSpec> = {},
): ProgramDefinition {
  const parameters = parameterSpecs(sizes);
  const names = Object.keys(parameters);
  return {
    inputs: { data: { shape: [sizes.batch, sizes.dimensions] }, ...inputs },
    state: withAdam(parameters),
    step: (fed, state) => {
      const current = Object.fromEntries(names.map((name) => [name, state[name]!]));
      const prepared = prepare(current, fed);
      const { value, next } = adam((p) => loss(p, { ...fed, ...prepared }), state, names);
      return { outputs: { loss: value, ...prepared }, state: next };
    },
  };
}

/**
 * Contrastive divergence (Hinton 2002) with Langevin chains from `start`; how many steps is an input.
 * The energies' squares are penalised (Du & Mordatch 2019).
 */
export function contrastiveDivergence(sizes: StepSizes): ProgramDefinition {
  const { batch, dimensions } = sizes;
  return trainingStep(
    sizes,
    (parameters, { data, samples }) => {
      const low = energy(parameters, data!);
      const high = energy(parameters, samples!);
      const penalty = tf.add(tf.mean(tf.square(low)), tf.mean(tf.square(high)));
      return tf.add(tf.sub(tf.mean(low), tf.mean(high)), tf.mul(penalty, 0.01));
    },
    (parameters, { start, steps }) => {
      const [samples] = loop(steps!, [start!], (_, [x]) => {
        const drift = tf.mul(score(parameters, x!), 0.1);
        return [tf.add(tf.add(x!, drift), tf.mul(noise('normal', [batch, dimensions]), 0.01))];
      });
      return { samples: stopGradient(samples!) };
    },
    { start: { shape: [batch, dimensions] }, steps: { shape: [], dtype: 'int32' } },
  );
}

/** Denoising score matching (Vincent 2011): the score at x + σz is to be -z / σ. */
export function denoisingScoreMatching(sizes: StepSizes, sigma = 0.3): ProgramDefinition {
  return trainingStep(
    sizes,
    (parameters, { data, z }) => {
      const noisy = tf.add(data!, tf.mul(z!, sigma));
      const error = tf.add(tf.mul(score(parameters, noisy), sigma), z!);
      return tf.mul(tf.mean(tf.sum(tf.square(error), 1)), 0.5);
    },
    () => ({ z: noise('normal', [sizes.batch, sizes.dimensions]) }),
  );
}

/** Sliced score matching (Song et al. 2019): vᵀ ∇ score v + ½ |score|², over Rademacher v. */
export function slicedScoreMatching(sizes: StepSizes): ProgramDefinition {
  return trainingStep(
    sizes,
    (parameters, { data, v }) => {
      const along = (x: tf.Tensor) => tf.sum(tf.mul(v!, score(parameters, x)));
      const curvature = tf.sum(tf.mul(v!, tf.grad(along)(data!)), 1);
      const length = tf.mul(tf.sum(tf.square(score(parameters, data!)), 1), 0.5);
      return tf.mean(tf.add(curvature, length));
    },
    () => ({ v: noise('rademacher', [sizes.batch, sizes.dimensions]) }),
  );
}

/** Reproducible arrays for a program's inputs and state; moments and counts begin at zero. */
export function arraysFor(specs: Readonly<Record<string, TensorSpec>>, seed: number): Arrays {
  const random = numbersFrom(seed);
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => {
      if (dtype === 'int32') return [name, new Int32Array(sizeOf(shape))];
      if (/ [mv]$|adam step/.test(name)) return [name, new Float32Array(sizeOf(shape))];
      const scale = shape.length === 2 && name.startsWith('w') ? 1.7 / Math.sqrt(shape[0]!) : 1;
      return [name, Float32Array.from(random(shape, name.startsWith('b') ? 0.1 : scale))];
    }),
  );
}
