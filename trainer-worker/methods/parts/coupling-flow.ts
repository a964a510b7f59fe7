import * as tf from '@tensorflow/tfjs';
import { noise } from '../../compiler/trace/trace';
import { type Dense, dense } from '../energies/dense';
import type { EnergyParameters, ParameterRandom } from '../energies/energy-method';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';

/** A distribution that is easy to draw from, of exact density, with parameters. */
export interface Flow {
  init(random: ParameterRandom): EnergyParameters;
  /** `[count, D]` fresh draws with their log-densities, `[count]`; differentiable in the parameters. */
  sample(
    parameters: EnergyParameters,
    count: number,
  ): { readonly points: tf.Tensor2D; readonly logDensity: tf.Tensor1D };
  /** Log-densities of `[n, D]` points, `[n]`. */
  logDensity(parameters: EnergyParameters, x: tf.Tensor2D): tf.Tensor1D;
}

interface FlowOptions {
  /** Coupling layers; each transforms the coordinates that the one before it left alone. */
  readonly layers: number;
  /** Units of the one hidden layer of the network in each. */
  readonly hidden: number;
  /** Mean and standard deviation of the data, by coordinate: where the flow begins. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * A flow of affine coupling layers (RealNVP; Dinh, Sohl-Dickstein & Bengio 2017): each scales and
 * shifts every other coordinate by a network of the rest, which is undone as easily as done, and the
 * log-density follows from the scales. It begins as a Gaussian with the moments of the data.
 *
 * In one dimension there is no rest: what remains is one scale and one shift.
 */
export function couplingFlow({ layers, hidden, mean, deviation }: FlowOptions): Flow {
  const dimensions = mean.length;
  const couplings = Array.from({ length: layers }, (_, layer) =>
    coupling(dimensions, layer % 2, hidden),
  );
  const prefix = (layer: number) => `layer ${layer + 1}/`;
  const logScaleOfData = deviation.reduce((sum, scale) => sum + Math.log(scale), 0);
  const halfLog2Pi = (dimensions / 2) * Math.log(2 * Math.PI);
  const logBase = (z: tf.Tensor) => tf.sub(tf.mul(tf.sum(tf.square(z), 1), -0.5), halfLog2Pi);
  return {
    init: (random) =>
      Object.assign(
        {},
        ...couplings.map(({ init }, layer) => withPrefix(prefix(layer), init(random))),
      ) as EnergyParameters,
    sample(parameters, count) {
      let points = noise('normal', [count, dimensions]);
      let logDensity = logBase(points);
      couplings.forEach((layer, index) => {
        const { logScale, shift } = layer.at(underPrefix(prefix(index), parameters), points);
        points = tf.add(tf.mul(points, tf.exp(logScale)), shift);
        logDensity = tf.sub(logDensity, tf.sum(logScale, 1));
      });
      return {
        points: tf.add(tf.mul(points, [...deviation]), [...mean]) as tf.Tensor2D,
        logDensity: tf.sub(logDensity, logScaleOfData) as tf.Tensor1D,
      };
    },
    logDensity(parameters, x) {
      let points = tf.div(tf.sub(x, [...mean]), [...deviation]);
      let logScales: tf.Tensor = tf.fill([x.shape[0]], logScaleOfData);
      for (const [index, layer] of [...couplings.entries()].reverse()) {
        // What the layer's network sees is what the layer leaves alone: the same before and after.
        const { logScale, shift } = layer.at(underPrefix(prefix(index), parameters), points);
        points = tf.mul(tf.sub(points, shift), tf.exp(tf.neg(logScale)));
        logScales = tf.add(logScales, tf.sum(logScale, 1));
      }
      return tf.sub(logBase(points), logScales) as tf.Tensor1D;
    },
  };
}

interface Coupling {
  init(random: ParameterRandom): EnergyParameters;
  /** By coordinate, 0 for those that are left alone; `[n, D]` each. */
  at(
    parameters: EnergyParameters,
    x: tf.Tensor,
  ): { readonly logScale: tf.Tensor; readonly shift: tf.Tensor };
}

/** Bounds how far one layer scales: e² at most. */
const largestLogScale = 2;

/** @param parity 0 where the first coordinate is left alone, 1 where the second one is */
function coupling(dimensions: number, parity: number, hidden: number): Coupling {
  const kept = Array.from({ length: dimensions }, (_, d) =>
    dimensions > 1 && d % 2 === parity ? 1 : 0,
  );
  const moved = kept.map((keep) => 1 - keep);
  const network: Dense = dense(
    { hidden: [hidden], activation: 'tanh' },
    dimensions,
    2 * dimensions,
    true,
  );
  return {
    init(random) {
      const parameters = network.init(random);
      // The last layer begins at zero, and the flow as the identity.
      return { ...parameters, weight2: tf.zerosLike(parameters['weight2']!) };
    },
    at(parameters, x) {
      const [scales, shifts] = tf.split(network.apply(parameters, tf.mul(x, kept)), 2, 1);
      const bounded = tf.mul(tf.tanh(scales!), largestLogScale);
      return { logScale: tf.mul(bounded, moved), shift: tf.mul(shifts!, moved) };
    },
  };
}
