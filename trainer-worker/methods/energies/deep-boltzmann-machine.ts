import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, stopGradient } from '../../compiler/trace/trace';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { bernoulli, logitsOf } from './bernoulli';
import type { Energy, EnergyMethod, EnergyParameters } from './energy-method';
import { logSumOverStates, mostSummed } from './hidden-layer';

export interface DeepBoltzmannMachineOptions {
  /** Hidden units of the layer on the data and of the one above it, 1 to 16 384 each. Default `[64, 32]`. */
  readonly hidden?: readonly [lower: number, upper: number];
  /**
   * Mean-field updates of both hidden layers for each row, 1 to 1000. Default 10. Each makes the bound
   * tighter, or leaves it.
   */
  readonly meanField?: number;
}

export interface DeepBoltzmannMachineSpec extends Required<DeepBoltzmannMachineOptions> {
  readonly type: 'deepBoltzmannMachine';
}

/**
 * A deep Boltzmann machine of two hidden layers on binary data (Salakhutdinov & Hinton 2009):
 * `E(v, h, g) = -a·v - b·h - c·g - v·W·h - h·U·g` with hidden units h and g of 0 and 1. Both layers cannot be
 * summed out, so its energy is a bound, `E(v) ≥ -log Σ exp(-E(v, h, g))`: what mean field makes of them,
 * `-a·v - c·μ - Σ softplus(b + v·W + U·μ) - H(μ)`, with H the entropy of the means μ of the upper layer, which
 * are held constant where it is differentiated. Log-likelihoods by it are told as lower bounds.
 *
 * It is trained by persistent chains, which carry the upper layer beside their points and sweep layer by
 * layer, `sampler.gibbs({ scan: 'sweep' })`; without the layer-by-layer training before that of the paper.
 * Parameters `weight` W `[D, lower]`, `upperWeight` U `[lower, upper]`, `visible` `[D]`, `hidden` `[lower]`,
 * `upper` `[upper]`.
 */
export function deepBoltzmannMachine(
  options?: DeepBoltzmannMachineOptions,
): DeepBoltzmannMachineSpec {
  return specOf(schema, 'energy.deepBoltzmannMachine', 'deepBoltzmannMachine', options);
}

const layer = integer(1, 16_384);

const schema: z.ZodType<DeepBoltzmannMachineSpec> = z.strictObject({
  type: z.literal('deepBoltzmannMachine'),
  hidden: z.tuple([layer, layer]).default([64, 32]),
  meanField: integer(1, 1000).default(10),
});

/** @internal */
export const deepBoltzmannMachineMethod: EnergyMethod<
  DeepBoltzmannMachineSpec,
  typeof deepBoltzmannMachine
> = {
  create: deepBoltzmannMachine,
  schema,
  domains: ['binary'],
  sweeps: () => ['binary'],
  latentUnits: ({ hidden: [, upper] }) => upper,
  build: ({ hidden: [lower, upper], meanField }, dimensions) => ({
    init: (random) => ({
      // Small, as of a restricted machine.
      weight: random.normal([dimensions, lower], { deviation: 0.01 }),
      upperWeight: random.normal([lower, upper], { deviation: 0.01 }),
      visible: tf.zeros([dimensions]),
      hidden: tf.zeros([lower]),
      upper: tf.zeros([upper]),
    }),
    energy(parameters, x) {
      const logits = upperLogits(parameters, x, meanField);
      const means = tf.sigmoid(logits);
      // The entropy of bits of such logits.
      const entropy = tf.sub(tf.softplus(logits), tf.mul(means, logits));
      return tf.sub(energyBeside(parameters, x, means as tf.Tensor2D), tf.sum(entropy, 1));
    },
    filters: 'weight',
    latent: {
      units: upper,
      energy: energyBeside,
      // Units of the lower layer are independent given all others, and these given the lower layer.
      sweep(parameters, x, units) {
        const h = bernoulli(lowerLogits(parameters, x, units));
        const { weight, visible } = parameters;
        const down = tf.add(tf.matMul(h, weight!, false, true), visible!);
        return { x: bernoulli(down) as tf.Tensor2D, units: drawnAbove(parameters, h) };
      },
      begin: (parameters, x) => bernoulli(firstLogits(parameters, x)) as tf.Tensor2D,
      given: (parameters, x, units) =>
        drawnAbove(parameters, bernoulli(lowerLogits(parameters, x, units))),
    },
    ...logPartitionOf(lower),
    // As of a restricted machine whose visible units are those of the data and of the upper layer.
    path: {
      at: ({ weight, upperWeight, visible, hidden, upper: top }, share, means) => ({
        weight: tf.mul(weight!, share),
        upperWeight: tf.mul(upperWeight!, share),
        visible: tf.add(tf.mul(logitsOf(means), tf.sub(1, share)), tf.mul(visible!, share)),
        hidden: tf.mul(hidden!, share),
        upper: tf.mul(top!, share),
      }),
      logPartition: (_parameters, means) =>
        tf.add(tf.sum(tf.softplus(logitsOf(means))), (lower + upper) * Math.LN2),
    },
  }),
};

/** Logits of the lower layer given the others, `[n, lower]`; `units` `[n, upper]` may be means. */
function lowerLogits(parameters: EnergyParameters, x: tf.Tensor, units: tf.Tensor): tf.Tensor {
  const { weight, upperWeight, hidden } = parameters;
  const fromBelow = tf.add(tf.matMul(x as tf.Tensor2D, weight!), hidden!);
  return tf.add(fromBelow, tf.matMul(units as tf.Tensor2D, upperWeight!, false, true));
}

/** Units of the upper layer, drawn given the lower one. */
function drawnAbove({ upperWeight, upper }: EnergyParameters, h: tf.Tensor): tf.Tensor2D {
  return bernoulli(tf.add(tf.matMul(h as tf.Tensor2D, upperWeight!), upper!)) as tf.Tensor2D;
}

/** `-log Σ_h exp(-E(v, h, g))`, `[n]`. */
function energyBeside(parameters: EnergyParameters, x: tf.Tensor2D, units: tf.Tensor2D): tf.Tensor {
  const { visible, upper } = parameters;
  const fields = tf.add(tf.sum(tf.mul(x, visible!), 1), tf.sum(tf.mul(units, upper!), 1));
  return tf.neg(tf.add(fields, tf.sum(tf.softplus(lowerLogits(parameters, x, units)), 1)));
}

/**
 * Logits of the upper layer, by one pass upwards with the weights of the data doubled in place of what comes
 * from above (Salakhutdinov & Hinton 2009).
 */
function firstLogits(
  { weight, upperWeight, hidden, upper }: EnergyParameters,
  x: tf.Tensor2D,
): tf.Tensor {
  const h = tf.sigmoid(tf.add(tf.mul(tf.matMul(x, weight!), 2), hidden!));
  return tf.add(tf.matMul(h as tf.Tensor2D, upperWeight!), upper!);
}

/** Logits of the upper layer after mean-field updates, layer after layer; constants for differentiation. */
function upperLogits(parameters: EnergyParameters, x: tf.Tensor2D, updates: number): tf.Tensor {
  const { weight, upperWeight, hidden, upper } = Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, stopGradient(tensor)]),
  );
  const points = stopGradient(x) as tf.Tensor2D;
  const fromBelow = tf.add(tf.matMul(points, weight!), hidden!);
  const first = firstLogits({ weight, upperWeight, hidden, upper } as EnergyParameters, points);
  const [logits] = loop(updates, [first], (_update, [before]) => {
    const fromAbove = tf.matMul(tf.sigmoid(before!) as tf.Tensor2D, upperWeight!, false, true);
    const h = tf.sigmoid(tf.add(fromBelow, fromAbove));
    return [tf.add(tf.matMul(h as tf.Tensor2D, upperWeight!), upper!)];
  });
  return stopGradient(logits!);
}

/** log Z, all else summed out, where the states of the lower layer can be summed. */
function logPartitionOf(lower: number): Pick<Energy, 'logPartition'> {
  if (lower > mostSummed) return {};
  return {
    logPartition: ({ weight, upperWeight, visible, hidden, upper }) =>
      logSumOverStates(lower, (states) => {
        const down = tf.add(tf.matMul(states, weight!, false, true), visible!);
        const up = tf.add(tf.matMul(states, upperWeight!), upper!);
        const summed = tf.add(tf.sum(tf.softplus(down), 1), tf.sum(tf.softplus(up), 1));
        return tf.add(tf.sum(tf.mul(states, hidden!), 1), summed);
      }),
  };
}
