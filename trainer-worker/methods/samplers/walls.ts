/** Walls: chains that are kept between two numbers, as pixels are. */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { refusedField } from '../options/refused-field';
import type { Carried, CarryingSampler, MemorylessSampler } from './sampler-method';

/** Where the coordinates of a chain may be. */
export interface ChainDomain {
  /** The smallest value of every coordinate. */
  readonly low: number;
  /** The largest; above `low`. */
  readonly high: number;
  /**
   * What becomes of a chain that would leave. Default `'reflect'`: it comes back as from a mirror, which
   * keeps its law that of the model inside. `'clamp'`: it stays at the wall, as images are often cut to
   * their range; a share of all chains that grows with the step then lies on the walls.
   */
  readonly at?: 'reflect' | 'clamp';
}

/** An option of samplers that can be kept between walls. */
export interface DomainOption {
  /**
   * Keeps every coordinate between two numbers, such as `{ low: -1, high: 1 }` for pixels of that
   * range. Chains that would leave are reflected; `at: 'clamp'` holds them at the wall instead, which
   * samplers without a correction allow. Default `null`: chains may go anywhere.
   */
  readonly domain?: ChainDomain | null;
}

const fields = { low: z.number(), high: z.number() };
const rises = ({ low, high }: Pick<ChainDomain, 'low' | 'high'>) => low < high;
const doesNotRise = {
  path: ['low'],
  error: "'domain.low' is not below 'domain.high'.",
  params: { remedy: 'Give the smaller number as low.' },
};

/** The schema of {@link DomainOption} where both ways to meet a wall make sense. @internal */
export const domainField: z.ZodType<Required<ChainDomain> | null, unknown> = z
  .strictObject({ ...fields, at: z.enum(['reflect', 'clamp']).default('reflect') })
  .refine(rises, doesNotRise)
  .nullable()
  .default(null);

/**
 * The schema of {@link DomainOption} where only mirrors do.
 *
 * @param why what keeps the sampler from clamping, as the end of “because …”
 * @internal
 */
export function mirroredDomainField(why: string): z.ZodType<Required<ChainDomain> | null, unknown> {
  return z
    .strictObject({
      ...fields,
      at: z
        .enum(['reflect', 'clamp'])
        .default('reflect')
        .refine((at) => at === 'reflect', {
          error: `'domain.at' cannot be 'clamp', because ${why}.`,
          params: { remedy: "Use at: 'reflect', or sampler.langevin." },
        }),
    })
    .refine(rises, doesNotRise)
    .nullable()
    .default(null);
}

/** The option of samplers whose chains run through data with noise. @internal */
export const noisyDomainField = refusedField(
  "'domain' would keep chains from where they begin: data with noise lie outside any range.",
  'Leave it out; what the chains lead to lies where the data do, as far as the model has learned it.',
);

/**
 * A sampler without memory between walls. From inside a step leads anywhere, and from there back inside.
 *
 * A step of Langevin dynamics that is reflected is the Euler scheme of the reflected diffusion, one that
 * is clamped the projected Langevin Monte Carlo of Bubeck, Eldan & Lehec 2018 (arXiv:1507.02564); both
 * have the law of the model inside as the step goes to nothing.
 */
export function betweenWalls(
  sampler: MemorylessSampler,
  domain: Required<ChainDomain> | null,
): MemorylessSampler {
  if (domain === null) return sampler;
  const inside = intoDomain(domain);
  return {
    ...sampler,
    enter: inside,
    step: (x, model, iteration) => inside(sampler.step(x, model, iteration)),
  };
}

/**
 * A sampler that carries nothing which depends on where its points are, between walls.
 *
 * @see betweenWalls
 */
export function carryingBetweenWalls(
  sampler: CarryingSampler,
  domain: Required<ChainDomain> | null,
): CarryingSampler {
  if (domain === null) return sampler;
  const inside = intoDomain(domain);
  return {
    ...sampler,
    enter: inside,
    advance(x, carried, model, iteration) {
      const next = sampler.advance(x, carried, model, iteration);
      return { ...next, x: inside(next.x) };
    },
  };
}

/**
 * A sampler between mirrors, whatever it carries. It runs on the whole line under E(r(x)), where r folds
 * the line into the domain, and r(x) is what is shown of it. As E(r(x)) is the same at all points that r
 * takes to one, so is what the sampler does, up to mirror images: r(x) is a Markov chain as well, and
 * what leaves exp(-E(r(x))) on the line as it is leaves exp(-E) inside. So a Metropolis correction is
 * right as it stands, and trajectories are reflected where they meet a wall.
 */
export function betweenMirrors(
  sampler: CarryingSampler,
  domain: Required<ChainDomain> | null,
): CarryingSampler {
  if (domain === null) return sampler;
  const inside = intoDomain(domain);
  const unfoldedModel = ({ energy, score }: Model): Model => ({
    energy: (x, condition) => energy(inside(x), condition),
    score: (x, condition) => tf.mul(direction(x, domain), score(inside(x), condition)),
  });
  const { keeps, points = [], directions = [], statistics } = sampler;
  return {
    steps: sampler.steps,
    ...(keeps ? { keeps } : {}),
    enter: inside,
    init(x, model, resume) {
      // What goes on from an earlier run begins inside once more: on the line it would stray ever farther.
      const folded = (begun: Carried) => {
        const resumed = resume(begun);
        return Object.fromEntries(
          Object.entries(resumed).map(([name, value]) => [
            name,
            points.includes(name) ? inside(value) : value,
          ]),
        );
      };
      const at = inside(x);
      return { ...sampler.init(at, unfoldedModel(model), folded), [unfoldedName]: at };
    },
    advance(_x, { [unfoldedName]: unfolded, ...carried }, model, iteration) {
      const on = unfolded as tf.Tensor2D;
      const next = sampler.advance(on, carried, unfoldedModel(model), iteration);
      return { x: inside(next.x), carried: { ...next.carried, [unfoldedName]: next.x } };
    },
    atEnds: ({ [unfoldedName]: unfolded, ...carried }) =>
      turned(carried, directions, direction(unfolded!, domain)),
    ...(statistics
      ? { statistics: ({ [unfoldedName]: _, ...carried }: Carried) => statistics(carried) }
      : {}),
  };
}

/**
 * What is carried, with some of it turned round.
 *
 * @param by `[chains, D]` of 1 and -1
 */
export function turned(carried: Carried, directions: readonly string[], by: tf.Tensor): Carried {
  return Object.fromEntries(
    Object.entries(carried).map(([name, value]) => [
      name,
      directions.includes(name) ? tf.mul(value, by) : value,
    ]),
  );
}

/** Where a chain is on the line, beside what its sampler carries. */
const unfoldedName = 'unfolded';

/** Takes points of the line to points of the domain; those of the domain stay exactly what they are. */
function intoDomain(domain: Required<ChainDomain>) {
  const { low, high, at } = domain;
  // By comparisons, which are false for NaN: what is not a number must not become one.
  const clamped = (x: tf.Tensor) =>
    tf.where(tf.less(x, low), tf.scalar(low), tf.where(tf.greater(x, high), tf.scalar(high), x));
  return <T extends tf.Tensor>(x: T): T => {
    if (at === 'clamp') return clamped(x) as T;
    const width = high - low;
    const fromHigh = tf.abs(tf.sub(phase(x, domain), width));
    const outside = tf.logicalOr(tf.less(x, low), tf.greater(x, high));
    // Rounding may leave it a little out.
    return tf.where(outside, clamped(tf.sub(high, fromHigh)), x) as T;
  };
}

/** How far points of the line are along one there and back of the domain, 0 to below twice its width. */
function phase(x: tf.Tensor, { low, high }: Required<ChainDomain>): tf.Tensor {
  return tf.mod(tf.sub(x, low), 2 * (high - low));
}

/** 1 where the line is folded as it lies, -1 where it is turned over. */
function direction(x: tf.Tensor, domain: Required<ChainDomain>): tf.Tensor {
  const { low, high } = domain;
  const isTurned = tf.cast(tf.greater(phase(x, domain), high - low), 'float32');
  return tf.sub(1, tf.mul(isTurned, 2));
}
