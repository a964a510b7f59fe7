import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { decide } from './metropolis';
import type { CarryingSampler, SamplerMethod } from './sampler-method';
import { geometricTemperatures } from './temperature-ladder';
import {
  gibbsMove,
  langevinMove,
  movesField,
  movesSuit,
  type TemperedMoves,
  temperedStepSize,
} from './tempered-moves';
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface TemperedTransitionsOptions extends DomainOption {
  /** Iterations of each chain per training step, 1 to 100 000. Default 2. Each is a way up and down. */
  readonly steps?: number;
  /**
   * Temperatures, from 1 up, each the same multiple of the one below, 2 to 10 000. Default 20. The more, the
   * more transitions are taken, and the more each costs.
   */
  readonly temperatures?: number;
  /**
   * The highest temperature, above 1 to 1 000 000. Default 20. There the chains must be able to cross
   * between modes.
   */
  readonly highest?: number;
  /** Moves at each temperature on the way up, and as many on the way down, 1 to 1000. Default 1. */
  readonly movesAtEach?: number;
  /**
   * What moves a chain at each temperature: `'langevin'`, as `sampler.metropolisAdjustedLangevin`;
   * `'gibbsWithGradients'`, for bits and categories. Default `'langevin'`.
   */
  readonly moves?: TemperedMoves;
  /**
   * ε of the Langevin proposals at temperature 1, in units of the data, above 0 to 1000. Default `null`: 0.2,
   * where Langevin moves. At temperature T it is `ε · √T`.
   */
  readonly stepSize?: number | null;
}

export interface TemperedTransitionsSpec extends Required<TemperedTransitionsOptions> {
  readonly type: 'temperedTransitions';
  readonly domain: Required<ChainDomain> | null;
}

/**
 * Tempered transitions (Neal 1996, Statistics and Computing 6): each iteration moves a chain as usual and then
 * proposes a long way, up through `exp(-E/T)` of rising temperatures and down again by the same moves, which
 * is taken or refused as a whole. With β = 1/T, the energies on the way up before each rise and on the way
 * down after each fall, its log-chance is `Σ (βᵢ - βᵢ₊₁)(E(upᵢ) - E(downᵢ))`, so that its stationary law is
 * `exp(-E)` exactly. A chain by itself crosses between modes so; beside `parallelTempering` it needs no
 * replicas, and many more temperatures.
 *
 * Records the acceptance of the moves and that of the transitions.
 */
export function temperedTransitions(options?: TemperedTransitionsOptions): TemperedTransitionsSpec {
  return specOf(schema, 'sampler.temperedTransitions', 'temperedTransitions', options);
}

const schema: z.ZodType<TemperedTransitionsSpec> = z
  .strictObject({
    type: z.literal('temperedTransitions'),
    steps: integer(1, 100_000).default(2),
    temperatures: integer(2, 10_000).default(20),
    highest: z.number().gt(1).max(1e6).default(20),
    movesAtEach: integer(1, 1000).default(1),
    moves: movesField,
    stepSize: temperedStepSize.field,
    domain: mirroredDomainField(
      'its correction would not know of the chains that lie on the walls',
    ),
  })
  .refine(temperedStepSize.isMeant, temperedStepSize.problem)
  .refine(movesSuit.domain, movesSuit.problem)
  .overwrite(temperedStepSize.filled);

/** @internal */
export const temperedTransitionsMethod: SamplerMethod<
  TemperedTransitionsSpec,
  typeof temperedTransitions,
  CarryingSampler
> = {
  create: temperedTransitions,
  schema,
  domains: ['real', 'binary', 'categorical'],
  suits: movesSuit.data,
  build({ steps, temperatures: count, highest, movesAtEach, moves, stepSize, domain }) {
    const way = wayOf(geometricTemperatures(count, highest));
    const moveAt = (temperature: tf.Tensor, model: Model, from: Evaluated, iteration: tf.Tensor) =>
      moves === 'langevin'
        ? langevinMove(temperature, model, from, stepSize!, {
            z: noise('normal', from.x.shape),
            uniform: noise('uniform', [from.x.shape[0], 1]),
          })
        : gibbsMove(temperature, model, from, iteration);
    /** Some moves at one temperature, and how often they were accepted, added to what is there. */
    const movedAt = (temperature: tf.Tensor, model: Model, from: Evaluated, before: tf.Tensor) => {
      const [x, energy, score, accepted] = loop(
        movesAtEach,
        [from.x, from.energy, from.score, before],
        (number, [at, itsEnergy, itsScore, sum]) => {
          const here = { x: at as tf.Tensor2D, energy: itsEnergy!, score: itsScore! };
          const { moved, acceptance } = moveAt(temperature, model, here, number);
          return [moved.x, moved.energy, moved.score, tf.add(sum!, acceptance)];
        },
      );
      const to: Evaluated = { x: x as tf.Tensor2D, energy: energy!, score: score! };
      return { to, accepted: accepted! };
    };
    const chain: CarryingSampler = {
      steps,
      init(x, model) {
        const { energy, score } = evaluatedAt(model, x);
        const none = tf.zeros([x.shape[0], 1]);
        return { energy, score, iterations: tf.scalar(0), accepted: none, taken: none };
      },
      advance(x, carried, model) {
        const first = { x, energy: carried['energy']!, score: carried['score']! };
        const usual = movedAt(tf.scalar(1), model, first, carried['accepted']!);
        const zero = tf.zerosLike(usual.to.energy);
        const begin = [usual.to.x, usual.to.energy, usual.to.score, zero, usual.accepted];
        const [end, energy, score, logChance, accepted] = loop(
          way.temperatures.length,
          begin,
          (stage, [at, itsEnergy, itsScore, sum, before]) => {
            const here = { x: at as tf.Tensor2D, energy: itsEnergy!, score: itsScore! };
            const ofStage = (table: readonly number[]) =>
              tf.gather(tf.tensor1d([...table]), stage as tf.Tensor1D);
            const next = movedAt(ofStage(way.temperatures), model, here, before!);
            const gains = tf.sub(
              tf.mul(here.energy, ofStage(way.before)),
              tf.mul(next.to.energy, ofStage(way.after)),
            );
            return [next.to.x, next.to.energy, next.to.score, tf.add(sum!, gains), next.accepted];
          },
        );
        const proposed: Evaluated = { x: end as tf.Tensor2D, energy: energy!, score: score! };
        const decision = decide(logChance!);
        const next = choose(decision.accepted, proposed, usual.to);
        return {
          x: next.x,
          carried: {
            energy: next.energy,
            score: next.score,
            iterations: tf.add(carried['iterations']!, 1),
            accepted: accepted!,
            taken: tf.add(carried['taken']!, decision.acceptance),
          },
        };
      },
      statistics({ iterations, accepted, taken }) {
        const done = tf.maximum(iterations!, 1);
        const moved = tf.mul(done, movesAtEach * (1 + way.temperatures.length));
        return {
          Acceptance: tf.div(tf.mean(accepted!), moved),
          'Acceptance of transitions': tf.div(tf.mean(taken!), done),
        };
      },
    };
    return betweenMirrors(chain, domain);
  },
};

/** A way up and down: of each stage its temperature, and what the energies before and after it count. */
interface Way {
  readonly temperatures: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function wayOf(temperatures: readonly number[]): Way {
  const falls = temperatures.slice(1).map((t, rung) => 1 / temperatures[rung]! - 1 / t);
  const hotter = temperatures.slice(1);
  const none = falls.map(() => 0);
  return {
    temperatures: [...hotter, ...hotter.toReversed()],
    before: [...falls, ...none],
    after: [...none, ...falls.toReversed()],
  };
}
