import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type Evaluated, evaluatedAt } from './evaluated';
import { roundTrips } from './round-trips';
import type { Carried, CarryingSampler, SamplerMethod } from './sampler-method';
import {
  adaptedLadder,
  exchangeChances,
  geometricLadder,
  type TemperatureLadder,
} from './temperature-ladder';
import {
  gibbsMove,
  langevinMove,
  movesField,
  movesSuit,
  type TemperedMoves,
  temperedStepSize,
} from './tempered-moves';
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface ParallelTemperingOptions extends DomainOption {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε of the Langevin proposals at temperature 1, in units of the data, above 0 to 1000. Default `null`: 0.2,
   * where Langevin moves. At temperature T it is `ε · √T`.
   */
  readonly stepSize?: number | null;
  /**
   * Temperatures, from 1 up, 2 to 100. Default 6. Each costs like a chain. About twice the communication
   * barrier, which is recorded, and one more are best.
   */
  readonly temperatures?: number;
  /**
   * The highest temperature, above 1 to 1 000 000. Default 20. There the chains must be able to cross
   * between modes.
   */
  readonly highest?: number;
  /**
   * Where the temperatures between are: `'geometric'`, each the same multiple of the one below;
   * `'adapted'`, where neighbours refuse to exchange equally often, found while the chains run. Default
   * `'geometric'`.
   */
  readonly ladder?: 'geometric' | 'adapted';
  /**
   * What moves each replica at its temperature: `'langevin'`, as `sampler.metropolisAdjustedLangevin`;
   * `'gibbsWithGradients'`, for bits and categories. Default `'langevin'`.
   */
  readonly moves?: TemperedMoves;
  /**
   * Iterations from one exchange to the next, 1 to 10 000 and no more than `steps`. Default 1. More where moves are small: replicas
   * that return before they have moved on trade places in vain.
   */
  readonly exchangeEvery?: number;
}

export interface ParallelTemperingSpec extends Required<ParallelTemperingOptions> {
  readonly type: 'parallelTempering';
  readonly domain: Required<ChainDomain> | null;
}

/**
 * Parallel tempering, or replica exchange (Swendsen & Wang 1986; Geyer 1991): beside each chain run
 * others at higher temperatures, on `exp(-E/T)`, all by Metropolis-adjusted Langevin steps, or by Gibbs
 * with gradients. Neighbours
 * exchange their points with `min(1, exp((1/Tᵢ - 1/Tⱼ)(Eᵢ - Eⱼ)))`, even and odd pairs in turn, so that
 * what crossed a barrier where it is hot comes down: replicas go on in their direction until they are
 * refused (Syed et al. 2022, arXiv:1905.02939). Each step leaves the joint law of all temperatures
 * as it is. The hotter chains begin where the chain begins: until they have forgotten that, they are too
 * cold. Chains of a replay buffer keep theirs from step to step.
 *
 * Recorded are the communication barrier Λ, the sum of the refusals between neighbours, and round trips:
 * how many replicas of a chain came back from the hottest temperature to the coldest in a turn of
 * exchanges. No ladder has more than `1/(2 + 2Λ)` of them; far fewer say that replicas do not forget their
 * energies between exchanges.
 */
export function parallelTempering(options?: ParallelTemperingOptions): ParallelTemperingSpec {
  return specOf(schema, 'sampler.parallelTempering', 'parallelTempering', options);
}

const schema: z.ZodType<ParallelTemperingSpec> = z
  .strictObject({
    type: z.literal('parallelTempering'),
    steps: integer(1, 100_000).default(20),
    stepSize: temperedStepSize.field,
    temperatures: integer(2, 100).default(6),
    highest: z.number().gt(1).max(1e6).default(20),
    ladder: z.enum(['geometric', 'adapted']).default('geometric'),
    moves: movesField,
    exchangeEvery: integer(1, 10_000).default(1),
    domain: mirroredDomainField(
      'its correction would not know of the chains that lie on the walls',
    ),
  })
  .refine(({ steps, exchangeEvery }) => exchangeEvery <= steps, {
    path: ['exchangeEvery'],
    error: "'exchangeEvery' is more than 'steps': nothing would ever be exchanged.",
    params: { remedy: 'Make steps larger, best a multiple of it.' },
  })
  .refine(temperedStepSize.isMeant, temperedStepSize.problem)
  .refine(movesSuit.domain, movesSuit.problem)
  .overwrite(temperedStepSize.filled);

/** @internal */
export const parallelTemperingMethod: SamplerMethod<
  ParallelTemperingSpec,
  typeof parallelTempering,
  CarryingSampler
> = {
  create: parallelTempering,
  schema,
  domains: ['real', 'binary', 'categorical'],
  suits: movesSuit.data,
  build({ steps, stepSize, temperatures, highest, domain, ladder: kind, moves, exchangeEvery }) {
    const ladder = (kind === 'adapted' ? adaptedLadder : geometricLadder)(temperatures, highest);
    /** Row `rung · chains + chain` of what has a row for each chain, rung after rung. */
    const byRung = (rows: tf.Tensor) =>
      tf.concat(tf.split(rows, temperatures, 1), 0) as tf.Tensor2D;
    /** And back. */
    const byChain = (rows: tf.Tensor) => tf.concat(tf.split(rows, temperatures, 0), 1);
    const chain: CarryingSampler = {
      steps,
      keeps: {
        ofChain: { hotter: temperatures - 1 },
        besideChain: { headings: temperatures },
        ...ladder.keeps,
      },
      points: ['hotter'],
      init(x, model, resume) {
        // A row for each chain, with its replicas one after the other.
        const { hotter, headings, ...shared } = resume({
          hotter: tf.tile(x, [1, temperatures - 1]),
          headings: tf.zeros([x.shape[0], temperatures]),
          ...ladder.init(),
        });
        const { energy, score } = evaluatedAt(model, byRung(tf.concat([x, hotter!], 1)));
        return {
          ...shared,
          hotter: hotter!,
          headings: headings!,
          energies: byChain(energy),
          scores: byChain(score),
          iterations: tf.scalar(0),
          acceptances: tf.zeros([x.shape[0], temperatures]),
          exchanges: tf.zeros([x.shape[0]]),
          refused: tf.zeros([x.shape[0], temperatures - 1]),
          trips: tf.zeros([x.shape[0]]),
          turns: tf.scalar(0),
        };
      },
      advance(x, carried, model, iteration) {
        const { hotter, headings, energies, scores, iterations, acceptances } = carried;
        const [chains, dimensions] = x.shape;
        const from: Evaluated = {
          x: byRung(tf.concat([x, hotter!], 1)),
          energy: byRung(energies!),
          score: byRung(scores!),
        };
        const rungs = ladder.temperatures(carried);
        const heat = temperaturesOf(rungs, chains);
        const ofRungs = (make: () => tf.Tensor) => tf.concat(rungs.map(make), 0);
        const { moved, acceptance } =
          moves === 'langevin'
            ? langevinMove(heat, model, from, stepSize!, {
                // Rung by rung, so that chains can be told apart.
                z: ofRungs(() => noise('normal', [chains, dimensions])),
                uniform: ofRungs(() => noise('uniform', [chains, 1])),
              })
            : gibbsMove(heat, model, from, iteration);
        // What is known of a point goes where the point goes, and so does where it comes from.
        const known = tf.concat([moved.x, moved.energy, moved.score, byRung(headings!)], 1);
        const energiesByRung = tf.reshape(moved.energy, [temperatures, chains]);
        const turn = turnOf(iteration, exchangeEvery);
        const exchanged = exchange(
          tf.reshape(known, [temperatures, chains, 2 * dimensions + 2]),
          energiesByRung,
          { ladder, carried, turn },
        );
        const [points, energy, score, heading] = tf
          .split(exchanged.rows, [dimensions, 1, dimensions, 1], 2)
          .map((part) => byChain(tf.reshape(part, [temperatures * chains, -1])));
        const hot = [chains, (temperatures - 1) * dimensions] as const;
        const trips = roundTrips(tf.transpose(heading!));
        const chances = exchangeChances(ladder.gaps(carried), energiesByRung);
        const inTurn = (value: tf.Tensor) => (turn.isDue ? tf.mul(value, turn.isDue) : value);
        const updated = ladder.update(carried, tf.mean(chances, 1));
        const shared = Object.keys(ladder.keeps.ofAll ?? {}).map((name) => [
          name,
          turn.isDue
            ? tf.where(tf.greater(turn.isDue, 0.5), updated[name]!, carried[name]!)
            : updated[name]!,
        ]);
        return {
          x: tf.slice(points!, [0, 0], x.shape) as tf.Tensor2D,
          carried: {
            ...Object.fromEntries(shared),
            hotter: tf.slice(points!, [0, dimensions], [...hot]),
            headings: tf.transpose(trips.headings),
            energies: energy!,
            scores: score!,
            iterations: tf.add(iterations!, 1),
            acceptances: tf.add(acceptances!, byChain(acceptance)),
            exchanges: tf.add(carried['exchanges']!, exchanged.rate),
            refused: tf.add(carried['refused']!, inTurn(tf.transpose(tf.sub(1, chances)))),
            trips: tf.add(carried['trips']!, trips.arrived),
            turns: tf.add(carried['turns']!, turn.isDue ?? 1),
          },
        };
      },
      statistics({ iterations, acceptances, exchanges, refused, trips, turns }) {
        const count = tf.maximum(iterations!, 1);
        const turnCount = tf.maximum(turns!, 1);
        return {
          Acceptance: tf.div(tf.mean(acceptances!), count),
          'Exchange rate': tf.div(tf.mean(exchanges!), turnCount),
          'Communication barrier': tf.div(tf.sum(tf.mean(refused!, 0)), turnCount),
          'Round trips': tf.div(tf.mean(trips!), turnCount),
        };
      },
    };
    return betweenMirrors(chain, domain);
  },
};

/** Whether neighbours exchange in an iteration, and which. */
interface Turn {
  /** 1 where they do, else 0; absent where they always do. */
  readonly isDue?: tf.Tensor;
  /** 0: pairs 0–1, 2–3, …; 1: 1–2, 3–4, …. */
  readonly parity: tf.Tensor;
}

function turnOf(iteration: tf.Tensor, every: number): Turn {
  if (every === 1) return { parity: tf.cast(tf.mod(iteration, 2), 'int32') };
  const number = tf.cast(iteration, 'float32');
  const isDue = tf.cast(tf.equal(tf.mod(number, every), every - 1), 'float32');
  return { isDue, parity: tf.cast(tf.mod(tf.floor(tf.div(number, every)), 2), 'int32') };
}

/** `[rungs · chains, 1]` */
function temperaturesOf(ladder: readonly (number | tf.Scalar)[], chains: number): tf.Tensor {
  return tf.concat(
    ladder.map((t) =>
      typeof t === 'number'
        ? tf.fill([chains, 1], t)
        : tf.broadcastTo(tf.reshape(t, [1, 1]), [chains, 1]),
    ),
    0,
  );
}

/**
 * Exchanges points between neighbouring temperatures.
 *
 * @param rows what each place has, `[temperatures, chains, any]`
 * @param energies `[temperatures, chains]`, at temperature 1
 * @returns the rows, and the share of each chain's possible exchanges that took place,
 *   `[chains]`
 */
function exchange(
  rows: tf.Tensor,
  energies: tf.Tensor,
  {
    ladder,
    carried,
    turn,
  }: { readonly ladder: TemperatureLadder; readonly carried: Carried; readonly turn: Turn },
) {
  const last = ladder.count - 1;
  const rungs = Array.from({ length: ladder.count }, (_, rung) => rung);
  /** Who each rung may exchange with: itself where it has nobody. */
  const partnersFrom = (first: number) =>
    rungs.map((rung) => {
      if (rung < first) return rung;
      return Math.min((rung - first) % 2 === 0 ? rung + 1 : rung - 1, last);
    });
  const both = [partnersFrom(0), partnersFrom(1)];
  const ofTurn = (rows: readonly (readonly number[])[]): tf.Tensor1D => {
    const table: tf.Tensor = tf.tensor2d(rows.map((row) => [...row]));
    return tf.gather(table, turn.parity) as tf.Tensor1D;
  };
  const partner = tf.cast(ofTurn(both), 'int32') as tf.Tensor1D;
  // One number decides for both of a pair: the colder one's.
  const colder = ofTurn(both.map((row) => row.map((one, rung) => Math.min(one, rung))));
  const uniform = tf.gather(
    noise('uniform', energies.shape),
    tf.cast(colder, 'int32') as tf.Tensor1D,
  );
  const difference = ladder.differences(carried, both, ofTurn);
  const gain = tf.mul(tf.expandDims(difference, 1), tf.sub(energies, tf.gather(energies, partner)));
  const paired = tf.expandDims(
    ofTurn(both.map((row) => row.map((one, rung) => Number(one !== rung)))),
    1,
  );
  const able = turn.isDue ? tf.mul(paired, turn.isDue) : paired;
  const taken = tf.mul(tf.cast(tf.less(uniform, tf.exp(gain)), 'float32'), able);
  return {
    rows: tf.where(tf.greater(tf.expandDims(taken, 2), 0.5), tf.gather(rows, partner), rows),
    rate: tf.div(tf.sum(taken, 0), tf.maximum(tf.sum(paired), 1)),
  };
}
