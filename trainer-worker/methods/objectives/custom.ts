import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { formatShape, sizeOf } from '../../compiler/graph/shape';
import type { Arrays } from '../../compiler/run/execution';
import type { TensorSpecs } from '../../compiler/trace/compile-program';
import type { EnergyParameters, ParameterRandom } from '../energies/energy-method';
import { type Knobs, knobsSchema } from '../options/knobs';
import { integer } from '../options/numbers';
import { OptionError } from '../options/option-error';
import { callOwn, functionSchema, problemOf, requireTensor } from '../options/own-function';
import { specOf } from '../options/validate';
import { type SamplerSpec, samplers } from '../samplers';
import type {
  LossContext,
  Objective,
  ObjectiveContext,
  ObjectiveMethod,
  ObjectiveRun,
} from './objective-method';

interface CommonCustomOptions<Options extends Knobs> {
  /**
   * What the functions below are given, and a run records and can be told to change:
   * `{ beta: 0.5, sampler: sampler.langevin() }`. A sampler called `sampler` also moves the shown chains.
   * Default: none.
   */
  readonly options?: Options;
  /**
   * Makes parameters that are trained beside those of the model, float32 tensors by name: a critic, log Z.
   * The loss finds them in `context.own`. Default: none.
   */
  readonly parameters?: ((rng: ParameterRandom, options: Options) => EnergyParameters) | null;
  /** Chains that live on between steps, 1 to 10 000 000, where some do. Default `null`: none do. */
  readonly chains?: number | null;
}

interface LossOptions<Options extends Knobs> extends CommonCustomOptions<Options> {
  /**
   * The loss to be minimised, a scalar, built from tfjs operations. Called once, to be compiled with its
   * derivatives: what it decides in JavaScript is decided once for all steps.
   *
   * @example
   * loss: ({ data, energy, chain }, { sampler }) =>
   *   tf.sub(tf.mean(energy(data)), tf.mean(energy(chain(buildSampler(sampler), data))))
   */
  readonly loss: (context: LossContext, options: Options) => tf.Tensor;
  /** Not beside `loss`. Default `null`. */
  readonly build?: null;
}

interface BuildOptions<Options extends Knobs> extends CommonCustomOptions<Options> {
  /**
   * Makes an objective that keeps something between steps: called once for a run, with what the run is
   * like. See {@link Objective} for what it may consist of.
   */
  readonly build: (options: Options, run: ObjectiveContext) => Objective;
  /** Not beside `build`, whose objective has its own. Default `null`. */
  readonly loss?: null;
}

/** An objective of your own: by its loss alone, or by what makes it for a run. */
export type CustomObjectiveOptions<Options extends Knobs> =
  | LossOptions<Options>
  | BuildOptions<Options>;

export interface CustomObjectiveSpec {
  readonly type: 'custom';
  readonly options: Knobs;
  readonly parameters: CommonCustomOptions<never>['parameters'] | null;
  readonly chains: number | null;
  readonly loss: LossOptions<never>['loss'] | null;
  readonly build: BuildOptions<never>['build'] | null;
}

/**
 * An objective of your own: a loss in tfjs operations, and where it needs one a life between steps on the
 * host. It is compiled, differentiated, checked and recorded as those that are built in.
 */
export function custom<Options extends Knobs = Record<string, never>>(
  options: CustomObjectiveOptions<Options>,
): CustomObjectiveSpec {
  return specOf(schema, 'objective.custom', 'custom', options);
}

const schema: z.ZodType<CustomObjectiveSpec> = z
  .strictObject({
    type: z.literal('custom'),
    options: knobsSchema,
    parameters: functionSchema<NonNullable<CustomObjectiveSpec['parameters']>>(
      'parameters',
      'parameters: (rng) => ({ logZ: tf.scalar(0) })',
    )
      .nullable()
      .default(null),
    chains: integer(1, 10_000_000).nullable().default(null),
    loss: functionSchema<NonNullable<CustomObjectiveSpec['loss']>>(
      'loss',
      'loss: (context, options) => … with a scalar as its result',
    )
      .nullable()
      .default(null),
    build: functionSchema<NonNullable<CustomObjectiveSpec['build']>>(
      'build',
      'build: (options, run) => ({ loss: (context) => … })',
    )
      .nullable()
      .default(null),
  })
  .refine(({ loss, build }) => (loss === null) !== (build === null), {
    error: "one of 'loss' and 'build' is needed, not both.",
    params: { remedy: 'Write loss: (context, options) => … with a scalar as its result.' },
  });

const lossRemedy = 'Take the mean over the batch, for example tf.mean(losses).';

/** Names that every step has among its inputs. */
const taken = ['data', 'labels', 'step'];

/** @internal */
export const customMethod: ObjectiveMethod<CustomObjectiveSpec, typeof custom> = {
  create: custom,
  schema,
  domains: ['real', 'nonnegative', 'binary', 'categorical'],
  previewSampler({ options }) {
    const { sampler }: { readonly sampler?: unknown } = options;
    return isSampler(sampler) ? sampler : undefined;
  },
  persistentChains: ({ chains }) => chains ?? undefined,
  previewChainSteps: ({ chains }) => (chains === null ? undefined : 0),
  build({ options, parameters, loss, build }, run) {
    const given = options as never;
    const own = build
      ? callOwn(named('build'), () => requireObjective(build(given, run)))
      : { loss: (context: LossContext) => loss!(context, given) };
    return {
      ...own,
      ...guardedHooks(own, run),
      ...(parameters
        ? { init: (rng) => callOwn(named('parameters'), () => tensorsOf(parameters(rng, given))) }
        : {}),
      // Not guarded: what it throws while it is traced is told at its own line.
      loss: (context) => requireTensor(named('loss'), own.loss(context), [], lossRemedy),
    };
  },
};

/** @throws OptionError where one is no float32 tensor */
function tensorsOf(made: unknown): EnergyParameters {
  const parameters = (typeof made === 'object' && made !== null ? made : {}) as EnergyParameters;
  for (const [name, value] of Object.entries(parameters)) {
    const shape = value instanceof tf.Tensor ? value.shape : [];
    const own = { ...named('parameters'), name: `'${name}' of parameters` };
    requireTensor(own, value, shape, 'Make it for example by rng.normal([2, 8]) or tf.zeros([8]).');
  }
  return parameters;
}

/** What is called on the host while it trains. */
const hooks = ['feed', 'keep', 'shownChains', 'shownAges', 'state', 'restore'] as const;

/** What the host calls, with what it throws told at its line, and what is fed held to its shape. */
function guardedHooks(own: Partial<Objective>, { files = [] }: ObjectiveRun): object {
  const located = <T>(name: string, call: () => T): T => {
    try {
      return callOwn(named(name), call);
    } catch (error) {
      throw error instanceof OptionError ? problemOf(error, files) : error;
    }
  };
  const guarded = hooks.flatMap((name) => {
    const hook = own[name] as ((...given: unknown[]) => unknown) | undefined;
    if (hook === undefined) return [];
    const call = (...given: unknown[]) => located(name, () => hook.apply(own, given));
    return [[name, call] as const];
  });
  const { feed, inputs = {} } = own;
  return {
    ...Object.fromEntries(guarded),
    ...(feed
      ? {
          feed: (step: number) =>
            fed(
              located('feed', () => feed.call(own, step)),
              inputs,
            ),
        }
      : {}),
  };
}

/** @throws OptionError where what is fed is not what the inputs declare */
function fed(given: Arrays, inputs: TensorSpecs): Arrays {
  for (const [name, { shape }] of Object.entries(inputs)) {
    const values: unknown = given[name];
    if (ArrayBuffer.isView(values) && (values as Float32Array).length === sizeOf(shape)) continue;
    const found = ArrayBuffer.isView(values)
      ? `${(values as Float32Array).length} numbers`
      : 'no array';
    throw new OptionError(
      `objective.custom: feed gave ${found} for the input '${name}' of shape ${formatShape(shape)}.`,
      'Return a Float32Array with one number for each element.',
      ['objective', 'build'],
    );
  }
  return given;
}

function named(name: string) {
  return { where: 'objective.custom', name, path: ['objective', name] };
}

function isSampler(value: unknown): value is SamplerSpec {
  const { type }: { readonly type?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  return typeof type === 'string' && Object.hasOwn(samplers, type);
}

/** @throws OptionError where `build` gave something that cannot be an objective */
function requireObjective(made: unknown): Objective {
  const objective = made as Partial<Objective> | undefined;
  if (typeof objective?.loss !== 'function') {
    throw new OptionError(
      "objective.custom: what build returned has no function 'loss'.",
      'Return for example { loss: (context) => tf.mean(context.energy(context.data)) }.',
      ['objective', 'build'],
    );
  }
  const clash = Object.keys(objective.inputs ?? {}).find((name) => taken.includes(name));
  if (clash !== undefined) {
    throw new OptionError(
      `objective.custom: the input '${clash}' has a name that every step has already.`,
      `Call it otherwise, for example 'my ${clash}'.`,
      ['objective', 'build'],
    );
  }
  if (objective.inputs !== undefined && objective.feed === undefined) {
    throw new OptionError(
      "objective.custom: what build returned has inputs, but no function 'feed' that gives their values.",
      'Write feed: (step) => ({ name: Float32Array.of(…) }).',
      ['objective', 'build'],
    );
  }
  return objective as Objective;
}
