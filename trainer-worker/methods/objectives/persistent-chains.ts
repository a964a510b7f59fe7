import * as tf from '@tensorflow/tfjs';
import { fraction, integer } from '../options/numbers';
import { carrying } from '../samplers/carrying';
import type { ChainRun } from '../samplers/chain';
import { unitsName } from '../samplers/gibbs';
import type { Carried, Sampler } from '../samplers/sampler-method';
import type { LossContext, Objective, ObjectiveContext } from './objective-method';
import { ReplayBuffer } from './replay-buffer';

/** Options of objectives whose chains live on between steps. */
export interface PersistentChainsOptions {
  /** Chains in the replay buffer, at least `batchSize`, to 10 000 000. Default 8192. */
  readonly bufferSize?: number;
  /**
   * Chance of each drawn chain to begin anew, uniformly in the shown window, 0 to 1. Default 0.05.
   * New chains find low energies that the old ones have left, and are no samples of the model before they
   * have forgotten where they began. A sampler that is slow against its steps pays: for E = θx²/2 and a θ
   * of 0.323, MALA of 20 steps learns 0.47 at a `stepSize` of 0.2, but 0.36 with 60 steps, 0.35 at a
   * `reinitialize` of 0.01, 0.322 at 0, and 0.323 at a `stepSize` of 1.
   */
  readonly reinitialize?: number;
}

/** The schemas of {@link PersistentChainsOptions}. @internal */
export const persistentChainsFields = {
  bufferSize: integer(1, 10_000_000).default(8192),
  reinitialize: fraction.default(0.05),
};

/** Chains in a replay buffer as a part of an objective. */
interface PersistentChains {
  /** This step's chains, moved by the sampler and stored; `[batch, D]` constants. */
  samples(context: LossContext): tf.Tensor2D;
  /** The same with what the sampler carries on from there; constants too. */
  moved(context: LossContext): Pick<ChainRun, 'ends' | 'carried'>;
  /** `[batch, D]` points that this step's chains start from, for who moves them otherwise. */
  starts(context: LossContext): tf.Tensor2D;
  /** Writes the `[batch, D]` ends of this step's chains to their slots of the buffer. */
  store(context: LossContext, ends: tf.Tensor2D): void;
  /** What the objective needs on the host. */
  readonly host: Omit<Objective, 'loss'>;
}

/**
 * Each step draws `batchSize` chains from the buffer and writes them back to the same slots, with what
 * the sampler keeps of each: replicas, velocities. What it keeps of all together, a step size, goes on
 * from step to step.
 */
export function persistentChains(
  { bufferSize, reinitialize }: Required<PersistentChainsOptions>,
  { seed, batchSize, bounds, domain, levels, latentUnits, saved }: ObjectiveContext,
  sampler: Sampler,
): PersistentChains {
  const dimensions = bounds.length;
  const { ofChain = {}, ofAll = {}, ...kept } = carrying(sampler).keeps ?? {};
  const besideChain = {
    ...kept.besideChain,
    ...(latentUnits === undefined ? {} : { [unitsName]: latentUnits }),
  };
  const widthOf: Readonly<Record<string, number>> = {
    ...Object.fromEntries(
      Object.entries(ofChain).map(([name, count]) => [name, count * dimensions]),
    ),
    ...besideChain,
  };
  const widths = Object.fromEntries(
    Object.entries(widthOf).map(([name, width]) => [keptPrefix + name, width]),
  );
  const keptOfChains = Object.keys(widths);
  const buffer = new ReplayBuffer({
    size: bufferSize,
    reinitialize,
    seed,
    bounds,
    domain,
    ...(levels ? { levels } : {}),
    widths,
    zeroAtFirst: Object.keys(besideChain).map((name) => keptPrefix + name),
    saved: saved?.get(bufferName),
    // Older checkpoints have none of these.
    savedBirths: saved?.get(birthsName),
    savedKept: saved,
  });
  /** Where each of them lies among what is common, after whether there is anything. */
  const places = new Map<string, { readonly begin: number; readonly size: number }>();
  let end = 1;
  for (const [name, size] of Object.entries(ofAll)) {
    places.set(name, { begin: end, size });
    end += size;
  }
  const common = new Float32Array(end);
  const restoreCommon = (from: ReadonlyMap<string, Float32Array> | undefined) => {
    const kept = from?.get(commonName);
    if (kept?.length === common.length) common.set(kept);
    else common.fill(0);
  };
  restoreCommon(saved);

  /** What chains go on with: what is kept of them, where there is something. */
  const resume = ({ inputs }: LossContext, anew: Carried): Carried => {
    const first = Object.entries(anew).map(([name, begun]): [string, tf.Tensor] => {
      if (name in widthOf) {
        const isKept = tf.greater(inputs[heldName]!, 0.5);
        return [name, tf.where(isKept, inputs[keptPrefix + name]!, begun)];
      }
      const place = places.get(name);
      if (place === undefined) return [name, begun];
      const taken = ({ begin, size }: { readonly begin: number; readonly size: number }) =>
        tf.slice(inputs[commonName]!, [begin], [size]);
      const isKept = tf.squeeze(taken({ begin: 0, size: 1 }), [0]);
      const value = tf.reshape(taken(place), begun.shape);
      return [name, tf.where(tf.greater(isKept, 0.5), value, begun)];
    });
    return Object.fromEntries(first);
  };

  const chains: Pick<PersistentChains, 'starts' | 'store' | 'moved'> = {
    starts: ({ inputs }) => inputs[startsName] as tf.Tensor2D,
    store(context, ends) {
      context.output(endsName, ends);
      for (const [name, label] of Object.entries(ageMetrics)) {
        context.report({ name, label, group: 'Age of chains' }, context.inputs[name]!);
      }
    },
    moved(context) {
      const { ends, carried } = context.run(sampler, chains.starts(context), {
        resume: (anew) => resume(context, anew),
      });
      chains.store(context, ends);
      for (const name of Object.keys(widthOf)) {
        context.output(nextPrefix + keptPrefix + name, carried[name]!);
      }
      if (places.size > 0) {
        const values = [...places.keys()].map((name) => tf.reshape(carried[name]!, [-1]));
        context.output(nextPrefix + commonName, tf.concat([tf.ones([1]), ...values]));
      }
      return { ends, carried };
    },
  };
  return {
    ...chains,
    samples: (context) => chains.moved(context).ends,
    host: {
      inputs: {
        [startsName]: { shape: [batchSize, dimensions] },
        [meanAgeName]: { shape: [] },
        [oldestName]: { shape: [] },
        ...Object.fromEntries(
          Object.entries(widths).map(([name, width]) => [name, { shape: [batchSize, width] }]),
        ),
        ...(keptOfChains.length > 0 ? { [heldName]: { shape: [batchSize, 1] } } : {}),
        ...(places.size > 0 ? { [commonName]: { shape: [common.length] } } : {}),
      },
      feed(step) {
        const { mean, oldest } = buffer.ages(step);
        const { starts, kept, held } = buffer.draw(step, batchSize);
        return {
          [startsName]: starts,
          [meanAgeName]: Float32Array.of(mean),
          [oldestName]: Float32Array.of(oldest),
          ...kept,
          ...(keptOfChains.length > 0 ? { [heldName]: held } : {}),
          ...(places.size > 0 ? { [commonName]: common.slice() } : {}),
        };
      },
      keep(step, outputs) {
        const next = (name: string) => outputs[nextPrefix + name] as Float32Array;
        const kept = Object.fromEntries(keptOfChains.map((name) => [name, next(name)]));
        buffer.write(step, outputs[endsName] as Float32Array, kept);
        if (places.size > 0) common.set(next(commonName));
      },
      shownChains: (_step, count) => buffer.first(count),
      shownAges: (step, count) =>
        buffer
          .births()
          .subarray(0, count)
          .map((birth) => step - birth),
      state: () => [
        { name: bufferName, shape: [bufferSize, dimensions], data: buffer.contents() },
        { name: birthsName, shape: [bufferSize], data: buffer.births() },
        ...Object.entries(buffer.kept()).map(([name, data]) => ({
          name,
          shape: [bufferSize, data.length / bufferSize],
          data,
        })),
        ...(places.size > 0
          ? [{ name: commonName, shape: [common.length], data: common.slice() }]
          : []),
      ],
      restore(kept) {
        buffer.restore(kept.get(bufferName)!, kept.get(birthsName), kept);
        restoreCommon(kept);
      },
    },
  };
}

/** What a checkpoint holds of the buffer: the chains, and in which step each of them began. */
const bufferName = 'buffer';
const birthsName = 'buffer births';
/** What the sampler keeps of each chain, there and among the inputs. */
const keptPrefix = 'buffer kept/';
/** Which of the drawn chains have anything kept: 1 or 0. */
const heldName = 'chains held';
/** 1 once there is something, and what the sampler keeps of all chains together. */
const commonName = 'buffer common';
/** Outputs have names of their own. */
const nextPrefix = 'next ';

/** Metrics, and inputs of the step: the host knows how long chains have been in the buffer. */
const meanAgeName = 'buffer/mean age';
const oldestName = 'buffer/oldest';
const ageMetrics = {
  [meanAgeName]: 'Mean steps since chains began',
  [oldestName]: 'Steps since the oldest chain began',
};

/** Where the chains of a step start and end, among what goes into the step and comes out of it. */
const startsName = 'chain starts';
const endsName = 'chain ends';
