import * as z from 'zod';
import { type DataSpec, dataMethods } from '../../methods/data';
import { isDiscrete } from '../../methods/data/domain';
import { type DiagnosticName, type DiagnosticSpec, diagnostics } from '../../methods/diagnostics';
import { customDiagnosticSchema } from '../../methods/diagnostics/custom';
import { type EnergySpec, energies } from '../../methods/energies';
import {
  modelUpdates,
  type ObjectiveSpec,
  objectiveMethod,
  objectives,
} from '../../methods/objectives';
import { defaultPreviewChainSteps } from '../../methods/objectives/objective-method';
import { type OptimizerSpec, optimizers } from '../../methods/optimizers';
import { familySchema } from '../../methods/options/method-table';
import { integer, positive } from '../../methods/options/numbers';
import { OptionError } from '../../methods/options/option-error';
import { rememberOrigin } from '../../methods/options/origins';
import { validate } from '../../methods/options/validate';
import { type SamplerSpec, samplers } from '../../methods/samplers';
import { rateForRun } from '../../methods/schedules';
import { domainOf, requireCompatible } from './compatibility';
import { type GuardOptions, type GuardSpec, guardSchema } from './guard-options';
import { type InitializeOptions, initializeSchema } from './initialize-options';

/** When and what a run shows while it trains. */
export interface PreviewOptions {
  /**
   * Training steps between previews, 1 to 1 000 000. Default `null`: as time allows. Previews, with all
   * that they measure and write, then take at most about a tenth of the run's time, and there are at most
   * some two hundred, more of them early on. Step 0 and the last step are shown in any case. The training
   * is the same to the bit, whichever steps are shown.
   */
  readonly every?: number | null;
  /** Samples that are shown, 1 to 100 000. Default 1024, or all persistent chains if they are fewer. */
  readonly samples?: number;
  /** Cells per side of the energy landscape of two-dimensional data, 8 to 1024; one-dimensional data
   * have eight times as many. Default 96. */
  readonly resolution?: number;
  /**
   * Sampler iterations on the shown chains before each preview, 0 to 100 000. Default 0 for
   * persistent chains, which are shown as they are, and 100 for chains that start from noise.
   */
  readonly chainSteps?: number;
  /**
   * What moves the shown chains. Default: the objective's sampler; where it has none,
   * `sampler.langevin()`, or `sampler.gibbs()` of binary and categorical data.
   */
  readonly sampler?: SamplerSpec;
  /**
   * What is measured at each preview. Default `null`: `'likelihood'` and `'kullbackLeibler'`, exactly,
   * each where it can be had. Your own: `diagnostic.custom({ … })`. Others: `'flowLikelihood'`, `'maximumMeanDiscrepancy'`,
   * `'slicedWasserstein'`, `'kernelStein'`, `'outOfDistribution'`, `'energyGap'`, `'accuracy'`, `'chains'` and
   * `'annealedImportanceSampling'`. How near samples come to held-out rows, beside what training rows come to:
   * `'slicedWasserstein'`, `'densityAndCoverage'`, `'classifierTwoSample'`, of images `'patchWasserstein'`,
   * `'randomFeatureFrechet'` and `'randomFeatureMmd'`; whether they are training rows: `'nearestTrainingRow'`.
   */
  readonly diagnostics?: readonly DiagnosticSpec[] | null;
  /**
   * Other data that the diagnostic `'outOfDistribution'` tells held-out rows from, beside uniform noise:
   * of the same columns, which are scaled as those of `data` are, or images with the same options for
   * pixels. Default `null`: none.
   */
  readonly outOfDistribution?: DataSpec | null;
}

/** When a run writes all its state to disk besides its end. */
export interface CheckpointOptions {
  /** Training steps between checkpoints, 1 to 1 000 000 000. Default `null`: by time alone. */
  readonly every?: number | null;
  /**
   * Seconds of training after which a checkpoint is due in any case, above 0 to 1 000 000 000: what a crash costs at
   * most, except where writing would take more than 3 % of the time. Default 60; `null` for none. When
   * a run stops or ends it always writes one.
   */
  readonly everySeconds?: number | null;
  /** How many of the newest are kept, 1 to 1000. Default 3. */
  readonly keep?: number;
  /**
   * Keeps one more: where a metric was best. It is compared at each preview, and a checkpoint is
   * written there when it is better than ever. Previews come as time allows unless `preview.every` is
   * set, so set it where the same run is to keep the same one. Default `null`: none.
   */
  readonly best?: {
    /** The metric's name, as its curve has it: `divergence/data-model`. */
    readonly metric: string;
    /** Whether large (`'max'`) or small (`'min'`) is good. */
    readonly mode: 'max' | 'min';
  } | null;
}

/** What makes an experiment. */
export interface ExperimentOptions {
  /** What people call it; its runs carry it. Default: the file's name. */
  readonly name?: string;
  /** What the model is to learn, for example `data.twoMoons()`. */
  readonly data: DataSpec;
  /** The model, for example `energy.mlp()`: p(x) = exp(-E(x)) / Z. */
  readonly energy: EnergySpec;
  /** How it learns, for example `objective.contrastiveDivergence({ … })`. */
  readonly objective: ObjectiveSpec;
  /** What moves the parameters. Default `optimizer.adam()`. */
  readonly optimizer?: OptimizerSpec;
  /** Rows of data per training step, 1 to 1 000 000. Default 128. */
  readonly batchSize?: number;
  /** Training steps, 1 to 1 000 000 000. Default 5 000. */
  readonly steps?: number;
  /** Decides everything random: the same seed gives the same run, bit for bit. From 0. Default 0. */
  readonly seed?: number;
  /**
   * A safetensors file whose tensors are the parameters to begin with, under the energy's own names or
   * as a checkpoint of a run has them; the path is relative to the experiment file. Where names or layouts
   * are others, `{ file: 'net.safetensors', names: { weight1: 'net.0.weight' }, transpose: ['weight1'] }`.
   * Default `null`: the seed draws them.
   */
  readonly initialize?: string | InitializeOptions | null;
  /** What is shown of the model while it trains, and how often. */
  readonly preview?: PreviewOptions;
  /** When all that a run needs to go on is written to disk. */
  readonly checkpoint?: CheckpointOptions;
  /** When a diverging training is paused or rolled back. */
  readonly guard?: GuardOptions;
}

/** A validated experiment, all defaults filled in. */
export interface ExperimentSpec extends Required<ExperimentOptions> {
  /** What is shown of the model while it trains, and how often. */
  readonly preview: Required<PreviewOptions>;
  /** When all that a run needs to go on is written to disk. */
  readonly checkpoint: Required<CheckpointOptions>;
  readonly guard: GuardSpec;
}

/** The schema of {@link ExperimentOptions}. @internal */
export const experimentSchema = z.strictObject({
  // Filled in by whoever knows the file.
  name: z.string().max(200).default(''),
  data: familySchema('data', dataMethods),
  energy: familySchema('energy', energies),
  objective: familySchema('objective', objectives),
  optimizer: familySchema('optimizer', optimizers).prefault(() => optimizers.adam.create()),
  batchSize: integer(1, 1_000_000).default(128),
  steps: integer(1, 1_000_000_000).default(5_000),
  seed: integer(0).default(0),
  initialize: z
    .union([z.string().min(1), initializeSchema])
    .nullable()
    .default(null),
  preview: z
    .strictObject({
      every: integer(1, 1_000_000).nullable().default(null),
      samples: integer(1, 100_000).optional(),
      resolution: integer(8, 1024).default(96),
      chainSteps: integer(0, 100_000).optional(),
      sampler: familySchema('sampler', samplers).optional(),
      diagnostics: z
        .array(
          z.union([z.enum(Object.keys(diagnostics) as DiagnosticName[]), customDiagnosticSchema]),
        )
        .refine(
          (wanted) => new Set(wanted.flatMap(namesOf)).size === wanted.flatMap(namesOf).length,
          {
            error: "'preview.diagnostics' names one twice.",
            params: { remedy: 'Name each once.' },
          },
        )
        .nullable()
        .default(null),
      outOfDistribution: familySchema('data', dataMethods).nullable().default(null),
    })
    .prefault({}),
  checkpoint: z
    .strictObject({
      every: integer(1, 1_000_000_000).nullable().default(null),
      everySeconds: positive.max(1e9).nullable().default(60),
      keep: integer(1, 1000).default(3),
      best: z
        .strictObject({ metric: z.string().min(1), mode: z.enum(['max', 'min']) })
        .nullable()
        .default(null),
    })
    .prefault({}),
  guard: guardSchema,
});

/** What a diagnostic is called, or the metrics of one of the user's own. */
function namesOf(wanted: DiagnosticSpec): readonly string[] {
  if (typeof wanted === 'string') return [wanted];
  return wanted.metrics ? Object.keys(wanted.metrics) : [wanted.name];
}

/** What moves shown chains where neither the experiment nor its objective says. */
function standardSampler(of: DataSpec): SamplerSpec {
  return (isDiscrete(domainOf(of)) ? samplers.gibbs : samplers.langevin).create();
}

/** The options that each experiment was made from, as the user gave them. */
const given = new WeakMap<ExperimentSpec, ExperimentOptions>();

/**
 * An experiment: data, model, method and how long. A file's default export.
 *
 * @example
 * export default experiment({
 *   data: data.twoMoons(),
 *   energy: energy.mlp({ hidden: [64, 64] }),
 *   objective: objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 10 }) }),
 * });
 */
export function experiment(options: ExperimentOptions): ExperimentSpec {
  const spec = resolveExperiment(options);
  rememberOrigin(spec);
  given.set(spec, options);
  return spec;
}

/** What `experiment()` was given to make `value`, or `undefined` if it did not make it. @internal */
export function optionsOf(value: unknown): ExperimentOptions | undefined {
  return given.get(value as ExperimentSpec);
}

/**
 * The experiment that `options` describe: checked, and with every default filled in.
 *
 * @throws OptionError
 * @internal
 */
export function resolveExperiment(options: unknown): ExperimentSpec {
  const parsed = validate(experimentSchema, 'experiment', options);
  const method = objectiveMethod(parsed.objective);
  const persistentChains = method.persistentChains?.(parsed.objective) ?? Number.POSITIVE_INFINITY;
  if (parsed.batchSize > persistentChains) {
    throw new OptionError(
      `experiment: 'batchSize' is ${parsed.batchSize}, but the objective has only ${persistentChains} chains to draw from.`,
      'Make bufferSize of the objective larger, or batchSize smaller.',
      ['batchSize'],
    );
  }
  const samples = parsed.preview.samples ?? Math.min(1024, persistentChains);
  if (samples > persistentChains) {
    throw new OptionError(
      `experiment: 'preview.samples' is ${samples}, but the objective has only ${persistentChains} chains to show.`,
      'Make bufferSize of the objective larger, or preview.samples smaller.',
      ['preview', 'samples'],
    );
  }
  const { outOfDistribution, diagnostics: measured } = parsed.preview;
  if (outOfDistribution !== null && !measured?.includes('outOfDistribution')) {
    throw new OptionError(
      "experiment: 'preview.outOfDistribution' names data that no diagnostic looks at.",
      "Add diagnostics: ['outOfDistribution'] to preview.",
      ['preview', 'outOfDistribution'],
    );
  }
  const { optimizer, steps } = parsed;
  const spec = Object.freeze({
    ...parsed,
    objective: Object.freeze(method.forRun?.(parsed.objective, steps) ?? parsed.objective),
    optimizer: Object.freeze({
      ...optimizer,
      learningRate: rateForRun(optimizer.learningRate, modelUpdates(parsed.objective, steps)),
    }),
    preview: Object.freeze({
      every: parsed.preview.every,
      samples,
      resolution: parsed.preview.resolution,
      chainSteps:
        parsed.preview.chainSteps ??
        method.previewChainSteps?.(parsed.objective) ??
        defaultPreviewChainSteps,
      sampler:
        parsed.preview.sampler ??
        method.previewSampler?.(parsed.objective) ??
        standardSampler(parsed.data),
      diagnostics: parsed.preview.diagnostics,
      outOfDistribution: parsed.preview.outOfDistribution,
    }),
  });
  requireCompatible(spec);
  return spec;
}
