import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { noise } from '../graph/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { evaluatedAt, langevinMean, logLangevinRatio } from './langevin-proposal';
import { decide } from './metropolis';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

export interface ParallelTemperingOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε of the Langevin proposals at temperature 1, in units of the data, above 0 to 1000. Default 0.2.
   * At temperature T it is `ε · √T`.
   */
  readonly stepSize?: number;
  /** Temperatures, from 1 in a geometric sequence, 2 to 100. Default 6. Each costs like a chain. */
  readonly temperatures?: number;
  /**
   * The highest temperature, above 1 to 1 000 000. Default 20. There the chains must be able to cross
   * between modes.
   */
  readonly highest?: number;
}

export interface ParallelTemperingSpec extends Required<ParallelTemperingOptions> {
  readonly type: 'parallelTempering';
}

/**
 * Parallel tempering, or replica exchange (Swendsen & Wang 1986; Geyer 1991): beside each chain run
 * others at higher temperatures, on `exp(-E/T)`, all by Metropolis-adjusted Langevin steps. Neighbours
 * exchange their points with `min(1, exp((1/Tᵢ - 1/Tⱼ)(Eᵢ - Eⱼ)))`, even and odd pairs in turn, so that
 * what crossed a barrier where it is hot comes down. Each step leaves the joint law of all temperatures
 * as it is. The hotter chains begin where the chain begins: until they have forgotten that, they are too
 * cold. Chains of a replay buffer keep theirs from step to step.
 */
export function parallelTempering(options?: ParallelTemperingOptions): ParallelTemperingSpec {
  return specOf(schema, 'sampler.parallelTempering', 'parallelTempering', options);
}

const schema: z.ZodType<ParallelTemperingSpec> = z.strictObject({
  type: z.literal('parallelTempering'),
  steps: integer(1, 100_000).default(20),
  stepSize: positive.max(1000).default(0.2),
  temperatures: integer(2, 100).default(6),
  highest: z.number().gt(1).max(1e6).default(20),
});

/** @internal */
export const parallelTemperingMethod: SamplerMethod<
  ParallelTemperingSpec,
  typeof parallelTempering,
  CarryingSampler
> = {
  create: parallelTempering,
  schema,
  build({ steps, stepSize, temperatures, highest }) {
    const ladder = Array.from(
      { length: temperatures },
      (_, rung) => highest ** (rung / (temperatures - 1)),
    );
    return {
      steps,
      keeps: { ofChain: { hotter: temperatures - 1 } },
      init: (x) => ({
        // A row for each chain, with its replicas one after the other.
        hotter: tf.tile(x, [1, temperatures - 1]),
        iterations: tf.scalar(0),
        acceptances: tf.scalar(0),
        exchanges: tf.scalar(0),
      }),
      advance(x, { hotter, iterations, acceptances, exchanges }, model, iteration) {
        const [chains, dimensions] = x.shape;
        const rows = temperatures * chains;
        // Row `rung · chains + chain`.
        const byRung = tf.split(hotter!, temperatures - 1, 1);
        const all = tf.concat([x, ...byRung], 0) as tf.Tensor2D;
        const heat = ladder.flatMap((t) => new Array<number>(chains).fill(t));
        const temperature = tf.tensor2d(heat, [rows, 1]);
        const moved = moveAt(temperature, model, all, stepSize);
        const energies = tf.reshape(model.energy(moved.x), [temperatures, chains]);
        const points = tf.reshape(moved.x, [temperatures, chains, dimensions]);
        const exchanged = exchange(points as tf.Tensor3D, energies, ladder, iteration);
        const [cold, ...hot] = tf.unstack(exchanged.points);
        return {
          x: cold as tf.Tensor2D,
          carried: {
            hotter: tf.concat(hot, 1),
            iterations: tf.add(iterations!, 1),
            acceptances: tf.add(acceptances!, moved.acceptance),
            exchanges: tf.add(exchanges!, exchanged.rate),
          },
        };
      },
      statistics({ iterations, acceptances, exchanges }) {
        const count = tf.maximum(iterations!, 1);
        return {
          Acceptance: tf.div(acceptances!, count),
          'Exchange rate': tf.div(exchanges!, count),
        };
      },
    };
  },
};

/** A Metropolis-adjusted Langevin step of each row at its own temperature, `[rows, 1]`. */
function moveAt(temperature: tf.Tensor, model: Model, x: tf.Tensor2D, stepSize: number) {
  const tempered: Model = {
    energy: (at, condition) =>
      tf.div(model.energy(at, condition), tf.squeeze(temperature, [1])) as tf.Tensor1D,
    score: (at, condition) => tf.div(model.score(at, condition), temperature) as tf.Tensor2D,
  };
  const epsilon = tf.mul(tf.sqrt(temperature), stepSize);
  const from = evaluatedAt(tempered, x);
  const proposal = tf.add(
    langevinMean(from, epsilon),
    tf.mul(noise('normal', x.shape), epsilon),
  ) as tf.Tensor2D;
  const to = evaluatedAt(tempered, proposal);
  const { accepted, acceptance } = decide(logLangevinRatio(from, to, epsilon));
  return { x: tf.where(accepted, proposal, x) as tf.Tensor2D, acceptance };
}

/**
 * Exchanges points between neighbouring temperatures.
 *
 * @param points `[temperatures, chains, D]`
 * @param energies `[temperatures, chains]`, at temperature 1
 * @param iteration even: pairs 0–1, 2–3, …; odd: 1–2, 3–4, …
 * @returns the points, and how large a share of the possible exchanges took place
 */
function exchange(
  points: tf.Tensor3D,
  energies: tf.Tensor,
  ladder: readonly number[],
  iteration: tf.Tensor,
) {
  const rungs = ladder.map((_, rung) => rung);
  const last = ladder.length - 1;
  /** Who each rung may exchange with: itself where it has nobody. */
  const partnersFrom = (first: number) =>
    rungs.map((rung) => {
      if (rung < first) return rung;
      return Math.min((rung - first) % 2 === 0 ? rung + 1 : rung - 1, last);
    });
  const both = [partnersFrom(0), partnersFrom(1)];
  const parity = tf.cast(tf.mod(iteration, 2), 'int32');
  const ofTurn = (rows: readonly (readonly number[])[]): tf.Tensor1D => {
    const table: tf.Tensor = tf.tensor2d(rows.map((row) => [...row]));
    return tf.gather(table, parity) as tf.Tensor1D;
  };
  const partner = tf.cast(ofTurn(both), 'int32') as tf.Tensor1D;
  // One number decides for both of a pair: the colder one's.
  const colder = ofTurn(both.map((row) => row.map((one, rung) => Math.min(one, rung))));
  const uniform = tf.gather(
    noise('uniform', energies.shape),
    tf.cast(colder, 'int32') as tf.Tensor1D,
  );
  const inverse = ladder.map((t) => 1 / t);
  const difference = ofTurn(
    both.map((row) => row.map((one, rung) => inverse[rung]! - inverse[one]!)),
  );
  const gain = tf.mul(tf.expandDims(difference, 1), tf.sub(energies, tf.gather(energies, partner)));
  const paired = tf.expandDims(
    ofTurn(both.map((row) => row.map((one, rung) => Number(one !== rung)))),
    1,
  );
  const taken = tf.mul(tf.cast(tf.less(uniform, tf.exp(gain)), 'float32'), paired);
  const pairs = tf.mul(tf.sum(paired), energies.shape[1]!);
  return {
    points: tf.where(tf.greater(tf.expandDims(taken, 2), 0.5), tf.gather(points, partner), points),
    rate: tf.div(tf.sum(taken), tf.maximum(pairs, 1)),
  };
}
