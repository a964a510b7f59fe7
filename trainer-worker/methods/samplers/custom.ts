import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { type Knobs, knobsSchema } from '../options/knobs';
import { integer } from '../options/numbers';
import { functionSchema, requireTensor } from '../options/own-function';
import { specOf } from '../options/validate';
import type {
  Advanced,
  Carried,
  CarryingSampler,
  MemorylessSampler,
  SamplerMethod,
  Statistics,
} from './sampler-method';

/** What a chain of your own keeps between training steps, of what does not depend on the energy as it was. */
interface OwnKept {
  /** Names of tensors `[chains, m · D]`, each with its m. */
  readonly ofChain?: Readonly<Record<string, number>>;
  /** Names of scalars, of all chains together. */
  readonly ofAll?: readonly string[];
}

interface CommonCustomOptions<Options extends Knobs> {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * What the functions below are given, and a run records and can be told to change: `{ stepSize: 0.1 }`.
   * Default: none.
   */
  readonly options?: Options;
}

interface StepOptions<Options extends Knobs> extends CommonCustomOptions<Options> {
  /**
   * One iteration of all chains, built from tfjs operations: `[chains, D]` points to the next ones.
   * `tf.randomNormal` and its kin give fresh noise in each iteration, by the run's seed. Called once, to
   * be compiled.
   *
   * @example
   * step: (x, { score }, { stepSize }) =>
   *   tf.add(tf.add(x, tf.mul(score(x), stepSize ** 2 / 2)), tf.mul(tf.randomNormal(x.shape), stepSize))
   */
  readonly step: (
    x: tf.Tensor2D,
    model: Model,
    options: Options,
    iteration: tf.Tensor,
  ) => tf.Tensor;
  /** Not beside `step`. Default `null`. */
  readonly init?: null;
  /** Not beside `step`. Default `null`. */
  readonly advance?: null;
  /** Not beside `step`. Default `null`. */
  readonly keeps?: null;
  /** Not beside `step`. Default `null`. */
  readonly statistics?: null;
}

interface CarryingOptions<Options extends Knobs> extends CommonCustomOptions<Options> {
  /** What is carried into the first iteration, by name: velocities, energies that are known already. */
  readonly init: (x: tf.Tensor2D, model: Model, options: Options) => Carried;
  /** One iteration: the next points, and what is carried on, of the same shapes. */
  readonly advance: (
    x: tf.Tensor2D,
    carried: Carried,
    model: Model,
    options: Options,
    iteration: tf.Tensor,
  ) => Advanced;
  /** What chains that live on between training steps keep. Default: nothing. */
  readonly keeps?: OwnKept | null;
  /** Scalars to record, by what people call them, from what the last iteration carried on. */
  readonly statistics?: ((carried: Carried) => Statistics) | null;
  /** Not beside `init` and `advance`. Default `null`. */
  readonly step?: null;
}

/** A chain of your own: by one iteration, or with what it carries from one to the next. */
export type CustomSamplerOptions<Options extends Knobs> =
  | StepOptions<Options>
  | CarryingOptions<Options>;

export interface CustomSamplerSpec {
  readonly type: 'custom';
  readonly steps: number;
  readonly options: Knobs;
  readonly step: StepOptions<never>['step'] | null;
  readonly init: CarryingOptions<never>['init'] | null;
  readonly advance: CarryingOptions<never>['advance'] | null;
  readonly keeps: OwnKept | null;
  readonly statistics: ((carried: Carried) => Statistics) | null;
}

/** A Markov chain of your own, as plain functions of tfjs tensors. */
export function custom<Options extends Knobs = Record<string, never>>(
  options: CustomSamplerOptions<Options>,
): CustomSamplerSpec {
  return specOf(schema, 'sampler.custom', 'custom', options);
}

const schema: z.ZodType<CustomSamplerSpec> = z
  .strictObject({
    type: z.literal('custom'),
    steps: integer(1, 100_000).default(20),
    options: knobsSchema,
    step: functionSchema<NonNullable<CustomSamplerSpec['step']>>(
      'step',
      'step: (x, model, options) => … with a result of the shape of x',
    )
      .nullable()
      .default(null),
    init: functionSchema<NonNullable<CustomSamplerSpec['init']>>(
      'init',
      'init: (x, model, options) => ({ velocity: tf.zerosLike(x) })',
    )
      .nullable()
      .default(null),
    advance: functionSchema<NonNullable<CustomSamplerSpec['advance']>>(
      'advance',
      'advance: (x, carried, model, options) => ({ x, carried })',
    )
      .nullable()
      .default(null),
    keeps: z
      .strictObject({
        ofChain: z.record(z.string(), integer(1, 1000)).optional(),
        ofAll: z.array(z.string()).optional(),
      })
      .nullable()
      .default(null) as unknown as z.ZodType<OwnKept | null>,
    statistics: functionSchema<NonNullable<CustomSamplerSpec['statistics']>>(
      'statistics',
      'statistics: (carried) => ({ Acceptance: tf.mean(carried.accepted) })',
    )
      .nullable()
      .default(null),
  })
  .refine(
    ({ step, init, advance }) =>
      step === null ? init !== null && advance !== null : init === null && advance === null,
    {
      error: "either 'step' is needed, or 'init' and 'advance'.",
      params: { remedy: 'Write step: (x, model, options) => … with a result of the shape of x.' },
    },
  );

/** @internal */
export const customMethod: SamplerMethod<CustomSamplerSpec, typeof custom> = {
  create: custom,
  schema,
  domains: ['real', 'binary', 'categorical'],
  build({ steps, options, step, init, advance, keeps, statistics }) {
    const given = options as never;
    if (step !== null) {
      const memoryless: MemorylessSampler = {
        steps,
        step: (x, model, iteration) =>
          samePoints('step', step(x, model, given, iteration), x.shape),
      };
      return memoryless;
    }
    const carrying: CarryingSampler = {
      steps,
      init: (x, model, resume) => resume(init!(x, model, given)),
      advance(x, carried, model, iteration) {
        const next = advance!(x, carried, model, given, iteration);
        const kept = Object.entries(carried).map(([name, { shape }]) => {
          const own = { ...named('advance'), name: `'${name}' of advance` };
          const value = requireTensor(
            own,
            next.carried[name],
            shape,
            'Carry on all that init began.',
          );
          return [name, value] as const;
        });
        return { x: samePoints('advance', next.x, x.shape), carried: Object.fromEntries(kept) };
      },
      ...(keeps
        ? {
            keeps: {
              ...(keeps.ofChain ? { ofChain: keeps.ofChain } : {}),
              ofAll: Object.fromEntries((keeps.ofAll ?? []).map((name) => [name, 1])),
            },
          }
        : {}),
      ...(statistics ? { statistics } : {}),
    };
    return carrying;
  },
};

function named(name: string) {
  return { where: 'sampler.custom', name, path: ['objective', 'sampler', name] };
}

function samePoints(name: string, made: unknown, shape: readonly number[]): tf.Tensor2D {
  return requireTensor(
    named(name),
    made,
    shape,
    'Return the next points, one row for each chain.',
  ) as tf.Tensor2D;
}
