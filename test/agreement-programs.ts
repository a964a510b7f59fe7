import * as tf from '@tensorflow/tfjs';
import type {
  ProgramDefinition,
  TensorSpecs,
  Tensors,
} from '../trainer-worker/compiler/trace/compile-program';
import { loop, noise, stopGradient } from '../trainer-worker/compiler/trace/trace';
import { optimizers } from '../trainer-worker/methods/optimizers';
import { parameterUpdate } from '../trainer-worker/methods/optimizers/parameter-update';
import { convolutional, type Model, multilayerPerceptron } from './graph-programs';

/** Something that every backend has to compute alike. */
export interface AgreementProgram {
  readonly definition: ProgramDefinition;
  /** Largest difference allowed, relative to the largest number of the same tensor. */
  readonly tolerance: number;
}

/** What float32 allows once it went through some thousand sums in another order. */
const usual = 1e-4;
/** Chains amplify: each step starts from what the one before rounded. */
const longChains = 1e-3;

const score = ({ energy }: Model, parameters: Tensors, x: tf.Tensor) =>
  tf.neg(tf.grad((point: tf.Tensor) => tf.sum(energy(parameters, point)))(x));

/** Sums all axes but the first. */
const sumPoints = (x: tf.Tensor) => tf.sum(tf.reshape(x, [x.shape[0]!, -1]), 1);

/** A step of plain gradient descent: unlike Adam's it does not divide by what may be near zero. */
function descent(
  { parameters: specs, points }: Model,
  loss: (parameters: Tensors, data: tf.Tensor) => tf.Tensor,
): ProgramDefinition {
  const names = Object.keys(specs);
  return {
    inputs: { data: { shape: points } },
    state: specs,
    step: ({ data }, state) => {
      const { value, grads } = tf.valueAndGrads(
        (...p: tf.Tensor[]) =>
          loss(Object.fromEntries(names.map((name, i) => [name, p[i]!])), data!) as tf.Scalar,
      )(names.map((name) => state[name]!));
      const next = names.map((name, i) => [name, tf.sub(state[name]!, tf.mul(grads[i]!, 0.1))]);
      return { outputs: { loss: value }, state: Object.fromEntries(next) };
    },
  };
}

/** Langevin's chain (Neal 1993) from `start`. */
function langevin(model: Model, parameters: Tensors, start: tf.Tensor, steps: number): tf.Tensor {
  const [end] = loop(steps, [start], (_, [x]) => {
    const drift = tf.mul(score(model, parameters, x!), 0.02);
    return [tf.add(tf.add(x!, drift), tf.mul(noise('normal', model.points), 0.2))];
  });
  return stopGradient(end!);
}

const contrast = ({ energy }: Model, parameters: Tensors, low: tf.Tensor, high: tf.Tensor) =>
  tf.sub(tf.mean(energy(parameters, low)), tf.mean(energy(parameters, high)));

const contrastiveDivergence = (model: Model, steps: number) =>
  descent(model, (parameters, data) =>
    contrast(model, parameters, data, langevin(model, parameters, data, steps)),
  );

/** Chains that live in a buffer: some rows are taken out, moved, and put back (Tieleman 2008). */
function persistentChains(model: Model, rows: number): ProgramDefinition {
  const [batch, ...rest] = model.points;
  const inner = descent(model, (parameters, data) =>
    contrast(model, parameters, data, tf.neg(data)),
  );
  const buffer = 'chains';
  const inputs: TensorSpecs = { ...inner.inputs, rows: { shape: [batch!], dtype: 'int32' } };
  return {
    inputs,
    state: { ...inner.state, [buffer]: { shape: [rows, ...rest] } },
    step: (fed, state) => {
      const taken = tf.gather(state[buffer]!, fed['rows'] as tf.Tensor1D);
      const moved = langevin(model, state, taken, 5);
      const at = tf.expandDims(fed['rows']!, 1);
      const change = tf.scatterND(at, tf.sub(moved, taken), [rows, ...rest]);
      const stepped = inner.step({ data: tf.sub(fed['data']!, moved) }, state);
      return {
        outputs: { ...stepped.outputs, moved },
        state: { ...stepped.state, [buffer]: tf.add(state[buffer]!, change) },
      };
    },
  };
}

/** Vincent 2011. */
const denoisingScoreMatching = (model: Model, sigma = 0.3) =>
  descent(model, (parameters, data) => {
    const z = noise('normal', model.points);
    const noisy = tf.add(data, tf.mul(z, sigma));
    return tf.mean(sumPoints(tf.square(tf.add(tf.mul(score(model, parameters, noisy), sigma), z))));
  });

/** Song et al. 2019. */
const slicedScoreMatching = (model: Model) =>
  descent(model, (parameters, data) => {
    const v = noise('rademacher', model.points);
    const along = (x: tf.Tensor) => tf.sum(tf.mul(v, score(model, parameters, x)));
    const curvature = sumPoints(tf.mul(v, tf.grad(along)(data)));
    const length = sumPoints(tf.square(score(model, parameters, data)));
    return tf.mean(tf.add(curvature, tf.mul(length, 0.5)));
  });

/** Hyvärinen 2005: the exact trace of the Hessian, a Hessian-vector product for each dimension. */
const hessianTrace = (model: Model) =>
  descent(model, (parameters, data) => {
    const dimensions = data.shape[1]!;
    const traces = Array.from({ length: dimensions }, (_, axis) => {
      const unit = tf.oneHot(tf.tensor1d([axis], 'int32'), dimensions);
      const along = (x: tf.Tensor) => tf.sum(tf.mul(unit, score(model, parameters, x)));
      return sumPoints(tf.mul(unit, tf.grad(along)(data)));
    });
    const length = sumPoints(tf.square(score(model, parameters, data)));
    return tf.mean(tf.add(tf.addN(traces), tf.mul(length, 0.5)));
  });

/** A classifier as an energy (Grathwohl et al. 2020): convolution, both poolings, softmax. */
function poolingClassifier(batch: number, side: number, classes: number): Model {
  return {
    batch,
    points: [batch, side, side, 1],
    parameters: {
      w0: { shape: [3, 3, 1, 4] },
      b0: { shape: [4] },
      w1: { shape: [(side / 4) ** 2 * 4, classes] },
    },
    energy: ({ w0, b0, w1 }, x) => {
      const maps = tf.add(tf.conv2d(x as tf.Tensor4D, w0 as tf.Tensor4D, 1, 'same'), b0!);
      const pooled = tf.avgPool(
        tf.maxPool(tf.elu(maps) as tf.Tensor4D, 2, 2, 'same'),
        2,
        2,
        'same',
      );
      const logits = tf.matMul(tf.reshape(pooled, [batch, -1]), w1 as tf.Tensor2D);
      const surprise = tf.neg(tf.sum(tf.mul(tf.softmax(logits), tf.logSoftmax(logits)), 1));
      return tf.sub(surprise, tf.logSumExp(logits, 1));
    },
  };
}

/** Quantiles, largest values and running sums of energies, as metrics and truncated losses use them. */
const ranking = (model: Model) =>
  descent(model, (parameters, data) => {
    const energies = model.energy(parameters, data);
    const { values } = tf.topk(energies, model.batch, true);
    const { values: smallest } = tf.topk(tf.neg(energies), 3);
    const running = tf.cumsum(values as tf.Tensor1D, 0, true);
    return tf.add(tf.mean(tf.square(running)), tf.sum(smallest));
  });

/** Hamiltonian Monte Carlo (Neal 2011): leapfrog steps, then a proposal that is taken or not. */
function hamiltonian(model: Model, iterations: number): ProgramDefinition {
  const { points, batch, energy } = model;
  const size = 0.15;
  return {
    inputs: { data: { shape: points } },
    state: model.parameters,
    step: ({ data }, state) => {
      const start = tf.zeros([batch]);
      const [end, accepted] = loop(iterations, [data!, start], (_, [x, count]) => {
        const momentum = noise('normal', points);
        const [q, p] = loop(4, [x!, momentum], (__, [position, speed]) => {
          const half = tf.add(speed!, tf.mul(score(model, state, position!), size / 2));
          const there = tf.add(position!, tf.mul(half, size));
          return [there, tf.add(half, tf.mul(score(model, state, there), size / 2))];
        });
        const total = (at: tf.Tensor, speed: tf.Tensor) =>
          tf.add(energy(state, at), tf.mul(sumPoints(tf.square(speed)), 0.5));
        const gain = tf.sub(total(x!, momentum), total(q!, p!));
        const isAccepted = tf.greater(gain, tf.log(noise('uniform', [batch])));
        return [
          tf.where(tf.expandDims(isAccepted, 1), q!, x!),
          tf.add(count!, tf.cast(isAccepted, 'float32')),
        ];
      });
      return { outputs: { end: end!, accepted: accepted! }, state };
    },
  };
}

/** Adam with clipped gradients and averaged parameters, as a training uses it. */
function clippedAdam(model: Model): ProgramDefinition {
  const names = Object.keys(model.parameters);
  const spec = optimizers.adam.create({ learningRate: 0.01, clipNorm: 0.5, average: 0.9 });
  const update = parameterUpdate(spec);
  const kept = update.initialState(
    Object.entries(model.parameters).map(([name, { shape }]) => ({
      name,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })),
  );
  const slots = Object.fromEntries(kept.map(({ name, shape }) => [name, { shape }]));
  return {
    inputs: { data: { shape: model.points }, step: { shape: [] } },
    state: { ...model.parameters, ...slots },
    step: ({ data, step }, state) => {
      const { value, grads } = tf.valueAndGrads(
        (...p: tf.Tensor[]) =>
          tf.mean(
            tf.square(
              tf.sub(
                model.energy(Object.fromEntries(names.map((name, i) => [name, p[i]!])), data!),
                tf.sum(data!, 1),
              ),
            ),
          ) as tf.Scalar,
      )(names.map((name) => state[name]!));
      const result = update.apply({
        step: tf.add(tf.abs(step as tf.Scalar), 1) as tf.Scalar,
        parameters: Object.fromEntries(names.map((name) => [name, state[name]!])),
        gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])),
        state: Object.fromEntries(kept.map(({ name }) => [name, state[name]!])),
      });
      return {
        outputs: { loss: value, ...result.metrics },
        state: { ...result.parameters, ...result.state },
      };
    },
  };
}

/** Rows of the buffer that chains are kept in. */
export const bufferRows = 64;

const small = multilayerPerceptron({ batch: 16, dimensions: 2, hidden: [16, 16] });
const pictures = convolutional({ batch: 4, side: 8, channels: [4, 8] });

/** Ten programs which between them use all that trainings are made of. */
export const agreementPrograms: Readonly<Record<string, AgreementProgram>> = {
  'contrastive divergence': {
    definition: contrastiveDivergence(small, 40),
    tolerance: longChains,
  },
  'chains kept in a buffer': { definition: persistentChains(small, bufferRows), tolerance: usual },
  'denoising score matching': { definition: denoisingScoreMatching(small), tolerance: usual },
  'sliced score matching': { definition: slicedScoreMatching(small), tolerance: usual },
  'trace of the Hessian': { definition: hessianTrace(small), tolerance: usual },
  'contrastive divergence of pictures': {
    definition: contrastiveDivergence(pictures, 5),
    tolerance: usual,
  },
  'pooling classifier': {
    definition: denoisingScoreMatching(poolingClassifier(4, 8, 5)),
    tolerance: usual,
  },
  'sorted energies and running sums': { definition: ranking(small), tolerance: usual },
  'Hamiltonian chain with refusals': { definition: hamiltonian(small, 10), tolerance: longChains },
  'Adam with clipping and averages': { definition: clippedAdam(small), tolerance: usual },
};

/** What belongs to a program of {@link allTogether}, by its name there. */
const within = (program: string, name: string) => `${program} / ${name}`;

/** The entries that belong to a program of {@link allTogether}, under the program's own names. */
export function partOf<T>(program: string, all: Readonly<Record<string, T>>): Record<string, T> {
  const prefix = within(program, '');
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}

/**
 * All the programs as one, each with inputs, state and results of its own. A device in software needs
 * seconds for the shaders of a program, most of which its parts share.
 */
export const allTogether: ProgramDefinition = (() => {
  const programs = Object.entries(agreementPrograms);
  const joined = <T>(of: (definition: ProgramDefinition) => Readonly<Record<string, T>>) =>
    Object.fromEntries(
      programs.flatMap(([program, { definition }]) =>
        Object.entries(of(definition)).map(([name, value]) => [within(program, name), value]),
      ),
    );
  return {
    inputs: joined(({ inputs }) => inputs),
    state: joined(({ state }) => state ?? {}),
    step: (fed, state) => {
      const results = new Map(
        programs.map(([program, { definition }]) => [
          definition,
          definition.step(partOf(program, fed), partOf(program, state)),
        ]),
      );
      return {
        outputs: joined((definition) => results.get(definition)!.outputs),
        state: joined((definition) => results.get(definition)!.state ?? {}),
      };
    },
  };
})();
