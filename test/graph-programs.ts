import * as tf from '@tensorflow/tfjs';
import { type Shape, sizeOf } from '../trainer-worker/compiler/graph/shape';
import type { Arrays } from '../trainer-worker/compiler/run/execution';
import type {
  ProgramDefinition,
  TensorSpec,
  Tensors,
} from '../trainer-worker/compiler/trace/compile-program';
import { loop, noise, stopGradient } from '../trainer-worker/compiler/trace/trace';
import { numbersFrom } from './graph-numbers';

/** An energy for training steps in plain tfjs, as experiments write theirs. */
export interface Model {
  readonly batch: number;
  /** Shape of a batch of points. */
  readonly points: Shape;
  /** Names say what they are for: those that begin with `w` are weights, with `b` biases. */
  readonly parameters: Readonly<Record<string, TensorSpec>>;
  /** `[batch]` */
  readonly energy: (parameters: Tensors, x: tf.Tensor) => tf.Tensor;
}

const swish = (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x));

/** dimensions – hidden … – 1, swish between. */
export function multilayerPerceptron(sizes: {
  readonly batch: number;
  readonly dimensions: number;
  readonly hidden: readonly number[];
}): Model {
  const { batch, dimensions, hidden } = sizes;
  const widths = [dimensions, ...hidden, 1];
  const layers = widths.length - 1;
  return {
    batch,
    points: [batch, dimensions],
    parameters: Object.fromEntries(
      widths.slice(1).flatMap((to, layer) => [
        [`w${layer}`, { shape: [widths[layer]!, to] }],
        [`b${layer}`, { shape: [to] }],
      ]),
    ),
    energy: (parameters, x) => {
      let h = x;
      for (let layer = 0; layer < layers; layer++) {
        h = tf.add(tf.matMul(h, parameters[`w${layer}`]!), parameters[`b${layer}`]!);
        if (layer < layers - 1) h = swish(h);
      }
      return tf.squeeze(h, [1]);
    },
  };
}

/** Square pictures with one channel; 3 × 3 convolutions of stride 2, swish, then one linear layer. */
export function convolutional(sizes: {
  readonly batch: number;
  readonly side: number;
  readonly channels: readonly number[];
}): Model {
  const { batch, side, channels } = sizes;
  const all = [1, ...channels];
  const last = channels.reduce((size) => Math.ceil(size / 2), side) ** 2 * all.at(-1)!;
  return {
    batch,
    points: [batch, side, side, 1],
    parameters: {
      ...Object.fromEntries(
        channels.flatMap((to, layer) => [
          [`w${layer}`, { shape: [3, 3, all[layer]!, to] }],
          [`b${layer}`, { shape: [to] }],
        ]),
      ),
      w: { shape: [last, 1] },
      b: { shape: [1] },
    },
    energy: (parameters, x) => {
      let h = x;
      channels.forEach((_, layer) => {
        const filter = parameters[`w${layer}`] as tf.Tensor4D;
        const image = h as tf.Tensor4D;
        h = swish(tf.add(tf.conv2d(image, filter, 2, 'same'), parameters[`b${layer}`]!));
      });
      const flat = tf.reshape(h, [batch, last]);
      return tf.squeeze(tf.add(tf.matMul(flat, parameters['w']!), parameters['b']!), [1]);
    },
  };
}

const score = (model: Model, parameters: Tensors, x: tf.Tensor) =>
  tf.neg(tf.grad((point: tf.Tensor) => tf.sum(model.energy(parameters, point)))(x));

/** Sums all axes but the first. */
const sumPoints = (x: tf.Tensor) => tf.sum(tf.reshape(x, [x.shape[0]!, -1]), 1);

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
  model: Model,
  loss: Loss,
  prepare: (parameters: Tensors, inputs: Tensors) => Tensors = () => ({}),
  inputs: Record<string, TensorSpec> = {},
): ProgramDefinition {
  const { parameters, points } = model;
  const names = Object.keys(parameters);
  return {
    inputs: { data: { shape: points }, ...inputs },
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
export function contrastiveDivergence(model: Model): ProgramDefinition {
  const { points, energy } = model;
  return trainingStep(
    model,
    (parameters, { data, samples }) => {
      const low = energy(parameters, data!);
      const high = energy(parameters, samples!);
      const penalty = tf.add(tf.mean(tf.square(low)), tf.mean(tf.square(high)));
      return tf.add(tf.sub(tf.mean(low), tf.mean(high)), tf.mul(penalty, 0.01));
    },
    (parameters, { start, steps }) => {
      const [samples] = loop(steps!, [start!], (_, [x]) => {
        const drift = tf.mul(score(model, parameters, x!), 0.1);
        return [tf.add(tf.add(x!, drift), tf.mul(noise('normal', points), 0.01))];
      });
      return { samples: stopGradient(samples!) };
    },
    { start: { shape: points }, steps: { shape: [], dtype: 'int32' } },
  );
}

/** Denoising score matching (Vincent 2011): the score at x + σz is to be -z / σ. */
export function denoisingScoreMatching(model: Model, sigma = 0.3): ProgramDefinition {
  return trainingStep(
    model,
    (parameters, { data, z }) => {
      const noisy = tf.add(data!, tf.mul(z!, sigma));
      const error = tf.add(tf.mul(score(model, parameters, noisy), sigma), z!);
      return tf.mul(tf.mean(sumPoints(tf.square(error))), 0.5);
    },
    () => ({ z: noise('normal', model.points) }),
  );
}

/** Sliced score matching (Song et al. 2019): vᵀ ∇ score v + ½ |score|², over Rademacher v. */
export function slicedScoreMatching(model: Model): ProgramDefinition {
  return trainingStep(
    model,
    (parameters, { data, v }) => {
      const along = (x: tf.Tensor) => tf.sum(tf.mul(v!, score(model, parameters, x)));
      const curvature = sumPoints(tf.mul(v!, tf.grad(along)(data!)));
      const length = tf.mul(sumPoints(tf.square(score(model, parameters, data!))), 0.5);
      return tf.mean(tf.add(curvature, length));
    },
    () => ({ v: noise('rademacher', model.points) }),
  );
}

/** Reproducible arrays for a program's inputs and state; moments and counts begin at zero. */
export function arraysFor(specs: Readonly<Record<string, TensorSpec>>, seed: number): Arrays {
  const random = numbersFrom(seed);
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => {
      if (dtype === 'int32') return [name, new Int32Array(sizeOf(shape))];
      if (/ [mv]$|adam step/.test(name)) return [name, new Float32Array(sizeOf(shape))];
      const inputs = sizeOf(shape.slice(0, -1));
      const scale = name.startsWith('w') ? 1.7 / Math.sqrt(inputs) : 1;
      return [name, Float32Array.from(random(shape, name.startsWith('b') ? 0.1 : scale))];
    }),
  );
}
