import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise, stopGradient } from '../../compiler/trace/trace';
import { type DenseOptions, dense, denseFields } from '../energies/dense';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { integer, notNegative, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { noisyScore } from './noisy-score';
import type { ObjectiveMethod } from './objective-method';
import { squaredNorm } from './projected-curvature';

export interface VeraOptions extends DenseOptions {
  /** Numbers of noise that the generator begins with, 1 to 4096. Default 2. */
  readonly latent?: number;
  /**
   * Draws of the importance sampler for each point, 1 to 1000. Default 20. Of fewer the entropy's
   * gradient is biased (for a linear generator by 1.5 % at 20, by 4 % at 10) and noisier.
   */
  readonly importanceSamples?: number;
  /** Factor on the entropy of the generator, 0 to 1000. Default 1: the objective is the likelihood's. */
  readonly entropyWeight?: number;
  /**
   * λ, the factor on `½ mean |dE/dx|²` over the data, 0 to 1000. Default 0: the optimum is the
   * likelihood's. It keeps the energy smooth (the paper's images have 0.1), and makes it flatter: for
   * `E = θx²/2` and data of variance s² the optimum is `θ = (√(1 + 8λ/s²) - 1)/(4λ)`, near
   * `(1 - 2λ/s²)/s²`, which is 0.56 in place of 0.625 for a λ of 0.1 and an s² of 1.6.
   */
  readonly gradientPenalty?: number;
  /** Bounds of the deviation σ that is added to what the generator makes. Default `[0.01, 0.3]`. */
  readonly deviation?: readonly [low: number, high: number];
}

export interface VeraSpec extends Required<VeraOptions> {
  readonly type: 'vera';
}

/**
 * VERA (Grathwohl et al. 2021, arXiv:2010.04230): maximum likelihood without Markov chains. A generator
 * `x = g(z) + σε` takes the place of the samples, and is trained to lower `mean E(x) - H`, so that the
 * loss bounds the likelihood. The entropy's gradient needs the score of the generator's own density,
 * which self-normalised importance sampling around the z of each x estimates; the width of its proposals
 * is learned by their evidence bound. `hidden` and `activation` are the generator's.
 *
 * A generator that folds makes one x of several z, which few proposals see: of a Gaussian's precision
 * ten seeds with swish and 20 proposals found the right one on average and 4 % from it each; with 100, or
 * with tanh, which hardly folds, three found it within half a percent.
 */
export function vera(options?: VeraOptions): VeraSpec {
  return specOf(schema, 'objective.vera', 'vera', options);
}

const schema: z.ZodType<VeraSpec> = z
  .strictObject({
    type: z.literal('vera'),
    ...denseFields,
    latent: integer(1, 4096).default(2),
    importanceSamples: integer(1, 1000).default(20),
    entropyWeight: notNegative.max(1000).default(1),
    gradientPenalty: notNegative.max(1000).default(0),
    deviation: z.tuple([positive.max(1000), positive.max(1000)]).default([0.01, 0.3]),
  })
  .refine(({ deviation: [low, high] }) => low < high, {
    error: "'deviation' has a lower bound that is not below the upper one.",
    path: ['deviation'],
    params: { remedy: 'Write the bounds in order, for example [0.01, 0.3].' },
  });

/** @internal */
export const veraMethod: ObjectiveMethod<VeraSpec, typeof vera> = {
  create: vera,
  schema,
  build(spec, { bounds }) {
    const { latent, importanceSamples, entropyWeight, gradientPenalty } = spec;
    const [low, high] = spec.deviation;
    const generator = dense(spec, latent, bounds.length, true);
    return {
      init: (random) => ({
        ...withPrefix(generatorPrefix, generator.init(random)),
        // Halfway between the bounds, on a scale where no step can leave them.
        [widthName]: tf.scalar(0),
        [proposalName]: tf.scalar(Math.log(0.1)),
      }),
      loss({ data, energy, score, fixed, own, report }) {
        const count = data.shape[0];
        const parameters = underPrefix(generatorPrefix, own);
        const deviation = tf.add(tf.mul(tf.sigmoid(own[widthName]!), high - low), low);
        const z = noise('normal', [count, latent]) as tf.Tensor2D;
        const generated = generator.apply(parameters, z);
        const points = tf.add(
          generated,
          tf.mul(noise('normal', generated.shape), deviation),
        ) as tf.Tensor2D;
        const constants = Object.fromEntries(
          Object.entries(parameters).map(([name, tensor]) => [name, stopGradient(tensor)]),
        );
        const { score: scoreOfGenerator, evidence } = noisyScore({
          generate: (latents) => generator.apply(constants, latents),
          deviation: stopGradient(deviation) as tf.Scalar,
          x: stopGradient(points) as tf.Tensor2D,
          z,
          logWidth: own[proposalName] as tf.Scalar,
          samples: importanceSamples,
        });
        report({ name: 'generator/deviation', label: 'σ of the generator', group: 'σ' }, deviation);
        // The entropy's gradient is -mean (d log q/dx · dx/dφ).
        const entropy = tf.neg(tf.mean(tf.sum(tf.mul(scoreOfGenerator, points), 1)));
        const ofGenerator = tf.sub(tf.mean(fixed.energy(points)), tf.mul(entropy, entropyWeight));
        const ofData = tf.mean(energy(data));
        const ofSamples = tf.mean(energy(stopGradient(points) as tf.Tensor2D));
        report({ name: 'energy/data', label: 'Energy of data', group: 'Energy' }, ofData);
        report({ name: 'energy/samples', label: 'Energy of samples', group: 'Energy' }, ofSamples);
        const ofModel = tf.sub(ofData, ofSamples);
        const rest = tf.sub(ofGenerator, evidence);
        const loss = tf.add(ofModel, rest);
        if (gradientPenalty === 0) return loss;
        return tf.add(loss, tf.mul(tf.mean(squaredNorm(score(data))), gradientPenalty / 2));
      },
    };
  },
};

const generatorPrefix = 'generator/';
const widthName = 'noise width';
const proposalName = 'log proposal width';
