import * as z from 'zod';
import type { WantedBackend } from '../../../protocol/backends';
import {
  type ChainStart,
  type ChainsPassed,
  type Drawing,
  type Drawn,
  type DrawOffer,
  mostDrawnNumbers,
  type OfferedSampler,
} from '../../../protocol/looking';
import { ProblemError } from '../../../protocol/problem';
import type { JsonObject } from '../../../protocol/run';
import { formatCount } from '../../../vocabulary/quantities';
import { Random, streams } from '../../compiler/random/random';
import { uniformIn } from '../../methods/data/bounds';
import { codeOfCategories } from '../../methods/data/categories';
import type { Rows } from '../../methods/data/rows';
import { gridPoints } from '../../methods/diagnostics/grid';
import { objectiveMethod } from '../../methods/objectives';
import { rowOf } from '../../methods/options/method-table';
import { nearest } from '../../methods/options/nearest';
import { OptionError } from '../../methods/options/option-error';
import { unwrapped } from '../../methods/options/schema-shape';
import { validate } from '../../methods/options/validate';
import { type SamplerSpec, samplerMethod, samplers } from '../../methods/samplers';
import { requireCompatible } from '../experiment/compatibility';
import type { ExperimentSpec } from '../experiment/experiment';
import { configOf } from '../experiment/overrides';
import { mostCompared } from '../training/previews';
import type { ChainStops } from '../training/shown-chains';
import type { TrainingStep } from '../training/training-step';
import {
  type KeptDefinition,
  type KeptModel,
  type ReadyModel,
  readyModel,
  startKeptModel,
} from './kept-model';

/** What is drawn and how; what is absent is as in the run's own previews, but for {@link defaultSteps}. */
export interface DrawOptions {
  /** The step of the checkpoint; the newest where absent. */
  readonly checkpoint?: number;
  /** What `sampler` has: `hamiltonian`. The one of the run's previews where absent. */
  readonly sampler?: string;
  /** Options of that sampler, checked as those of an experiment are. */
  readonly settings?: JsonObject;
  /** Iterations of each chain, 0 to {@link mostSteps}. */
  readonly steps?: number;
  /** Chains, each of which gives a sample. Default {@link defaultCount}, or the whole buffer if it is smaller. */
  readonly count?: number;
  /** Default: the buffer where chains live on, else noise. */
  readonly start?: ChainStart;
  /** Decides where chains start and which noise they take. Default: that of the run. */
  readonly seed?: number;
  readonly backend?: WantedBackend;
}

/** Iterations where neither the previews move their chains nor anybody says: enough to see where they go. */
const defaultSteps = 500;
/** As many as an experiment may ask for: more would share noise with another step's. */
const mostSteps = 100_000;
const defaultCount = 256;
/** As many as an experiment may show. */
const mostCountOfAll = 100_000;

/** Stops of chains that somebody watches, their start and their end among them, at most. */
const mostStops = 25;
/** Numbers of the points of all stops, at most. */
const mostWatchedNumbers = 2 ** 22;

/**
 * Draws samples from the model of a run as a checkpoint has it: by the run's own source, data and seed, so
 * that what its previews show comes again to the bit where it is asked for. Writes nothing.
 *
 * @throws ProblemError of kind `storage`, `experiment`, `data` or `environment` that says what cannot be
 *   drawn and why; of kind `training` where chains ran off to numbers that are not finite
 */
export async function drawSamples(directory: string, options: DrawOptions): Promise<Drawn> {
  const ready = await readyModel(directory, options.checkpoint);
  return await drawing(ready, options, ({ drawn }) => Promise.resolve(drawn));
}

/**
 * The same of a model that is ready, by the same numbers; who watches hears where the chains pass.
 *
 * @param passed hears of each stop when chains have come there
 * @throws ProblemError as of {@link drawSamples}
 */
export async function watchSamples(
  ready: ReadyModel,
  options: DrawOptions,
  passed: (stop: ChainsPassed) => void,
): Promise<Drawing> {
  const { dataset, layout } = ready.defined;
  const code = dataset.categories && codeOfCategories(dataset.categories);
  const iterations: number[] = [];
  const stops: Float32Array[] = [];
  const watch = (of: number, numbers: number): ChainStops => ({
    iterations: evenStops(of, Math.floor(mostWatchedNumbers / numbers)),
    passed(done, points) {
      iterations.push(done);
      stops.push(points.slice());
      passed({ done, of, samples: code ? code.shown(points) : points.slice() });
    },
  });
  const look = async ({ drawn, step, points }: Finished): Promise<Drawing> => {
    // Chains that take no iteration pass nowhere.
    if (stops.length === 0) watch(0, points.length).passed(0, points);
    const rows = dataset.training.subarray(0, mostCompared * dataset.dimensions);
    const field =
      layout.resolution > 0
        ? await step.energy(gridPoints(layout.bounds, layout.resolution))
        : undefined;
    return {
      drawn,
      iterations,
      energies: await step.energy(joined(stops)),
      ...(field ? { field } : {}),
      dataEnergies: await step.energy(rows),
    };
  };
  return await drawing(ready, options, look, watch);
}

/** Chains that have come to their end, on a step that still lives. */
interface Finished {
  readonly drawn: Drawn;
  readonly step: TrainingStep;
  /** `[count, D]` points of the model. */
  readonly points: Float32Array;
}

/**
 * @param look what is made of the chains, while their step lives
 * @param watch told the iterations of the chains and the numbers of their points; who hears of them
 */
async function drawing<Result>(
  ready: ReadyModel,
  options: DrawOptions,
  look: (finished: Finished) => Promise<Result>,
  watch?: (iterations: number, numbers: number) => ChainStops,
): Promise<Result> {
  const { model, defined } = ready;
  const { manifest, checkpoint } = model;
  const { sampler, steps, start, count } = chainsOf(model, options);
  const { dataset, layout } = defined;
  const seed = options.seed ?? model.experiment.seed;
  const starts = startsOf(start, model.experiment, defined, seed);
  const definition = {
    ...defined.definition,
    seed,
    preview: {
      ...{ samples: count, chainSteps: steps, sampler, isTold: true },
      ...(starts ? { starts } : {}),
    },
  };
  const { step, backend } = await startKeptModel(model, definition, options.backend);
  let statistics: Drawn['statistics'] = {};
  const heard = (iterations: number): ChainStops => ({
    ...(watch?.(iterations, count * dataset.dimensions) ?? { iterations: [], passed: ignored }),
    ended: (told) => {
      statistics = told;
    },
  });
  try {
    const points = await step.sample(heard);
    requireFinite(points, count, sampler);
    const code = dataset.categories && codeOfCategories(dataset.categories);
    const drawn: Drawn = {
      run: manifest.id,
      name: manifest.name,
      checkpoint: checkpoint.step,
      sampler: configOf(sampler) as JsonObject,
      ...{ steps, start, seed, backend, count, layout, statistics },
      samples: code ? code.shown(points) : points,
      energies: await step.energy(points),
      ...(dataset.transform ? { transform: dataset.transform } : {}),
    };
    return await look({ drawn, step, points });
  } finally {
    await step.dispose();
  }
}

const ignored = () => undefined;

/** The ends of about equal shares of `iterations`, at most `most` of them with 0, which is none of them. */
function evenStops(iterations: number, most: number): readonly number[] {
  const shares = Math.max(1, Math.min(mostStops, most) - 1);
  const stops = Array.from({ length: shares }, (_, k) =>
    Math.round(((k + 1) * iterations) / shares),
  );
  return [...new Set(stops)].filter((stop) => stop > 0);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What a model can be drawn from with, as its run has it set up. */
export function offerOf({ model, defined }: ReadyModel): DrawOffer {
  const { objective, preview, seed } = model.experiment;
  const others = Object.keys(samplers).filter(
    (type) => type !== preview.sampler.type && type !== 'custom',
  );
  const offered = [preview.sampler.type, ...others].flatMap((type) => offeredSampler(model, type));
  const buffered = objectiveMethod(objective).persistentChains?.(objective);
  const mostCount = Math.min(
    mostCountOfAll,
    Math.floor(mostDrawnNumbers / defined.dataset.dimensions),
  );
  return {
    samplers: offered,
    seed,
    count: Math.min(defaultCount, mostCount),
    ...(buffered === undefined ? {} : { buffered }),
    mostCount,
  };
}

/** A sampler with its options, where the model can be drawn from with it; else nothing. */
function offeredSampler(model: KeptModel, type: string): readonly OfferedSampler[] {
  let chains: Chains;
  try {
    chains = chainsOf(model, { sampler: type });
  } catch (thrown) {
    if (thrown instanceof ProblemError) return [];
    throw thrown;
  }
  const { sampler, steps, start } = chains;
  const { objective } = model.experiment;
  const isBuffered = objectiveMethod(objective).persistentChains?.(objective) !== undefined;
  const { type: _, steps: __, ...settings } = configOf(sampler) as JsonObject;
  const choices = choicesIn(rowOf(samplers, sampler.type).schema);
  return [
    {
      type,
      settings: Object.entries(settings).map(([name, value]) => ({
        name,
        value,
        ...(choices.has(name) ? { choices: choices.get(name)! } : {}),
      })),
      steps,
      starts: ends(sampler)
        ? ['noise']
        : ['noise', 'data', ...(isBuffered ? ['buffer' as const] : [])],
      start,
    },
  ];
}

/** Options of a schema that are one of several words. */
function choicesIn(schema: z.ZodType): ReadonlyMap<string, readonly string[]> {
  const shape = schema instanceof z.ZodObject ? Object.entries<unknown>(schema.shape) : [];
  return new Map(
    shape.flatMap(([name, field]) => {
      const inner = unwrapped(field);
      return inner instanceof z.ZodEnum ? [[name, inner.options.map(String)] as const] : [];
    }),
  );
}

interface Chains {
  readonly sampler: SamplerSpec;
  readonly steps: number;
  readonly start: ChainStart;
  readonly count: number;
}

/** @throws ProblemError of kind `experiment` where the run has no such chains */
function chainsOf(model: KeptModel, options: DrawOptions): Chains {
  const { objective } = model.experiment;
  const buffered = objectiveMethod(objective).persistentChains?.(objective);
  const { sampler, steps } = samplerOf(model, options);
  const { start = buffered === undefined || ends(sampler) ? 'noise' : 'buffer' } = options;
  const most = start === 'buffer' ? (buffered ?? 0) : mostCountOfAll;
  const count = options.count ?? Math.min(defaultCount, Math.max(1, most));
  if (start === 'buffer' && buffered === undefined) {
    throw refused(
      `objective.${objective.type} keeps no buffer of chains that others could start from.`,
      'Start from noise or from data.',
    );
  }
  if (ends(sampler) && start !== 'noise') {
    throw refused(
      `sampler.${sampler.type} goes from noise to samples, so that its chains cannot start from ${start === 'data' ? 'data' : 'a buffer'}.`,
      'Start from noise, or take another sampler.',
    );
  }
  if (count < 1 || count > most) {
    throw refused(
      start === 'buffer'
        ? `The buffer has ${formatCount(most)} chains, not ${formatCount(count)}.`
        : `${formatCount(count)} samples are too many at once.`,
      `Draw 1 to ${formatCount(most)}${start === 'buffer' ? ', or start from noise or from data' : ''}.`,
    );
  }
  return { sampler, steps, start, count };
}

const ends = (sampler: SamplerSpec) => samplerMethod(sampler).ends ?? false;

/** The sampler that was asked for; what it does over its iterations it does in as many as are asked for. */
function samplerOf(
  { experiment }: KeptModel,
  { sampler: type, settings = {}, steps: wanted }: DrawOptions,
): Pick<Chains, 'sampler' | 'steps'> {
  const { sampler: shown, chainSteps } = experiment.preview;
  if (wanted !== undefined && wanted > mostSteps) {
    throw refused(
      `${formatCount(wanted)} iterations are too many.`,
      `Give each chain up to ${formatCount(mostSteps)}.`,
    );
  }
  if ('steps' in settings || 'type' in settings) {
    throw refused(
      `'${'steps' in settings ? 'steps' : 'type'}' is not set with the other options of a sampler.`,
      'Say --steps for iterations, and --sampler for another sampler.',
    );
  }
  const isShown = type === undefined || type === shown.type;
  const given = isShown ? { ...shown, ...settings } : { type, ...settings };
  if (isShown && wanted === undefined && chainSteps > 0) {
    return { sampler: madeOf(given, experiment), steps: chainSteps };
  }
  // An iteration is the least that a sampler may be told to do.
  const within = (steps: number) => madeOf({ ...given, steps: Math.max(1, steps) }, experiment);
  if (wanted !== undefined) return { sampler: within(wanted), steps: wanted };
  const sampler = madeOf(given, experiment);
  if (ends(sampler)) return { sampler, steps: sampler.steps };
  const steps = Math.max(defaultSteps, sampler.steps);
  return { sampler: within(steps), steps };
}

/** @throws ProblemError of kind `experiment` where an option is wrong or the model cannot be sampled so */
function madeOf(
  given: { readonly type: string; readonly [option: string]: unknown },
  experiment: ExperimentSpec,
): SamplerSpec {
  const { type } = given;
  if (!Object.hasOwn(samplers, type)) {
    const names = Object.keys(samplers).filter((name) => name !== 'custom');
    const guess = nearest(type, names);
    throw refused(
      `There is no sampler '${type}'.`,
      guess === undefined ? `There are ${names.join(', ')}.` : `Did you mean '${guess}'?`,
    );
  }
  try {
    const schema = rowOf(samplers, type).schema as z.ZodType<SamplerSpec>;
    const sampler = validate(schema, `sampler.${type}`, given);
    requireCompatible({ ...experiment, preview: { ...experiment.preview, sampler } });
    return sampler;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw refused(error.message.replace(/^experiment: /, ''), error.remedy);
  }
}

/** Points that chains start from, where these are not those of the run's own previews. */
function startsOf(
  start: ChainStart,
  { objective }: ExperimentSpec,
  { definition, dataset }: KeptDefinition,
  seed: number,
): ((count: number) => Float32Array) | undefined {
  const { bounds, domain, levels } = definition;
  if (start === 'data') return (count) => spreadRows(dataset.training, dataset.dimensions, count);
  // Without chains that live on, an objective knows best what is noise to its model.
  const isBuffered = objectiveMethod(objective).persistentChains?.(objective) !== undefined;
  if (start === 'buffer' || !isBuffered) return undefined;
  return (count) =>
    uniformIn(bounds, count, new Random(seed, streams.previewStarts), domain, levels);
}

/** `count` of `[n, D]` rows, evenly spread over all of them; some more than once where they are fewer. */
function spreadRows(rows: Rows, dimensions: number, count: number): Float32Array {
  const n = rows.length / dimensions;
  const taken = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * n) / count);
    taken.set(rows.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  }
  return taken;
}

/** @throws ProblemError of kind `training` where a chain ran off: what it gives is no sample of anything */
function requireFinite(points: Float32Array, count: number, { type }: SamplerSpec): void {
  const dimensions = points.length / count;
  const lost = new Set<number>();
  for (const [at, value] of points.entries()) {
    if (!Number.isFinite(value)) lost.add(Math.floor(at / dimensions));
  }
  if (lost.size === 0) return;
  throw new ProblemError({
    kind: 'training',
    message: `${formatCount(lost.size)} of ${formatCount(count)} chains of sampler.${type} ran off to numbers that are not finite: nothing is kept.`,
    remedy: 'Take smaller steps, or a sampler with a Metropolis correction.',
  });
}

function refused(message: string, remedy: string | undefined): ProblemError {
  return new ProblemError({ kind: 'experiment', message, ...(remedy ? { remedy } : {}) });
}
