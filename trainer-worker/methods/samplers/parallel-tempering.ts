import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { langevinMean, logLangevinRatio } from './langevin-proposal';
import { decide } from './metropolis';
import type { CarryingSampler, SamplerMethod } from './sampler-method';
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface ParallelTemperingOptions extends DomainOption {
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
  readonly domain: Required<ChainDomain> | null;
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
  domain: mirroredDomainField('its correction would not know of the chains that lie on the walls'),
});

/** @internal */
export const parallelTemperingMethod: SamplerMethod<
  ParallelTemperingSpec,
  typeof parallelTempering,
  CarryingSampler
> = {
  create: parallelTempering,
  schema,
  build({ steps, stepSize, temperatures, highest, domain }) {
    const ladder = Array.from(
      { length: temperatures },
      (_, rung) => highest ** (rung / (temperatures - 1)),
    );
    /** Row `rung · chains + chain` of what has a row for each chain, rung after rung. */
    const byRung = (rows: tf.Tensor) =>
      tf.concat(tf.split(rows, temperatures, 1), 0) as tf.Tensor2D;
    /** And back. */
    const byChain = (rows: tf.Tensor) => tf.concat(tf.split(rows, temperatures, 0), 1);
    const chain: CarryingSampler = {
      steps,
      keeps: { ofChain: { hotter: temperatures - 1 } },
      points: ['hotter'],
      init(x, model, resume) {
        // A row for each chain, with its replicas one after the other.
        const { hotter } = resume({ hotter: tf.tile(x, [1, temperatures - 1]) });
        const { energy, score } = evaluatedAt(model, byRung(tf.concat([x, hotter!], 1)));
        return {
          hotter: hotter!,
          energies: byChain(energy),
          scores: byChain(score),
          iterations: tf.scalar(0),
          acceptances: tf.zeros([x.shape[0], temperatures]),
          exchanges: tf.zeros([x.shape[0]]),
        };
      },
      advance(x, carried, model, iteration) {
        const { hotter, energies, scores, iterations, acceptances, exchanges } = carried;
        const [chains, dimensions] = x.shape;
        const from: Evaluated = {
          x: byRung(tf.concat([x, hotter!], 1)),
          energy: byRung(energies!),
          score: byRung(scores!),
        };
        const { moved, acceptance } = moveAt(ladder, model, from, stepSize);
        // What is known of a point goes where the point goes.
        const known = tf.concat([moved.x, moved.energy, moved.score], 1);
        const exchanged = exchange(
          tf.reshape(known, [temperatures, chains, 2 * dimensions + 1]),
          tf.reshape(moved.energy, [temperatures, chains]),
          ladder,
          iteration,
        );
        const [points, energy, score] = tf
          .split(exchanged.rows, [dimensions, 1, dimensions], 2)
          .map((part) => byChain(tf.reshape(part, [temperatures * chains, -1])));
        const hot = [chains, (temperatures - 1) * dimensions] as const;
        return {
          x: tf.slice(points!, [0, 0], x.shape) as tf.Tensor2D,
          carried: {
            hotter: tf.slice(points!, [0, dimensions], [...hot]),
            energies: energy!,
            scores: score!,
            iterations: tf.add(iterations!, 1),
            acceptances: tf.add(acceptances!, byChain(acceptance)),
            exchanges: tf.add(exchanges!, exchanged.rate),
          },
        };
      },
      statistics({ iterations, acceptances, exchanges }) {
        const count = tf.maximum(iterations!, 1);
        return {
          Acceptance: tf.div(tf.mean(acceptances!), count),
          'Exchange rate': tf.div(tf.mean(exchanges!), count),
        };
      },
    };
    return betweenMirrors(chain, domain);
  },
};

/**
 * A Metropolis-adjusted Langevin step of each rung at its own temperature.
 *
 * @param from points, rung after rung, with what is known of them at temperature 1
 */
function moveAt(ladder: readonly number[], model: Model, from: Evaluated, stepSize: number) {
  const [rows, dimensions] = from.x.shape;
  const chains = rows / ladder.length;
  /** Rung by rung, so that chains can be told apart. */
  const ofRungs = (make: (temperature: number) => tf.Tensor) => tf.concat(ladder.map(make), 0);
  const temperature = ofRungs((t) => tf.fill([chains, 1], t));
  const tempered = ({ x, energy, score }: Evaluated): Evaluated => ({
    x,
    energy: tf.div(energy, temperature),
    score: tf.div(score, temperature),
  });
  const epsilon = tf.mul(tf.sqrt(temperature), stepSize);
  const start = tempered(from);
  const z = ofRungs(() => noise('normal', [chains, dimensions]));
  const proposal = tf.add(langevinMean(start, epsilon), tf.mul(z, epsilon)) as tf.Tensor2D;
  const to = evaluatedAt(model, proposal);
  const { accepted, acceptance } = decide(
    logLangevinRatio(start, tempered(to), epsilon),
    ofRungs(() => noise('uniform', [chains, 1])),
  );
  return { moved: choose(accepted, to, from), acceptance };
}

/**
 * Exchanges points between neighbouring temperatures.
 *
 * @param rows what each place has, `[temperatures, chains, any]`
 * @param energies `[temperatures, chains]`, at temperature 1
 * @param iteration even: pairs 0–1, 2–3, …; odd: 1–2, 3–4, …
 * @returns the rows, and the share of each chain's possible exchanges that took place,
 *   `[chains]`
 */
function exchange(
  rows: tf.Tensor,
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
  return {
    rows: tf.where(tf.greater(tf.expandDims(taken, 2), 0.5), tf.gather(rows, partner), rows),
    rate: tf.div(tf.sum(taken, 0), tf.maximum(tf.sum(paired), 1)),
  };
}
