import path from 'node:path';
import type { WantedBackend } from '../../../protocol/backends';
import { ProblemError } from '../../../protocol/problem';
import type {
  ImageLayout,
  JsonObject,
  KnobChange,
  MetricInfo,
  PreviewLayout,
} from '../../../protocol/run';
import { valuesAfter } from '../../../vocabulary/knobs';
import { chooseBackend } from '../../compiler/backends/choose';
import { userFiles } from '../../compiler/trace/source-location';
import { dataMethod } from '../../methods/data';
import { type Bounds, boundsOf } from '../../methods/data/bounds';
import { codeOfCategories, levelCounts } from '../../methods/data/categories';
import type { ScaledDataset } from '../../methods/data/data-method';
import { isDiscrete } from '../../methods/data/domain';
import { rowsLike } from '../../methods/data/like-rows';
import { prepareDiagnostics } from '../../methods/diagnostics/prepare';
import { buildEnergy, type EnergySpec, energyMethod } from '../../methods/energies';
import type { Energy } from '../../methods/energies/energy-method';
import { readyNoise } from '../../methods/noise-distributions/ready-noise';
import { modelUpdates, objectiveMethod } from '../../methods/objectives';
import { OptionError, type OptionPath } from '../../methods/options/option-error';
import { problemOf } from '../../methods/options/own-function';
import { samplerMethod } from '../../methods/samplers';
import { rateCautions } from '../../methods/schedules';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { placeOfOption } from '../experiment/option-location';
import { bestIn } from './best-checkpoint';
import { ChangeableStep } from './changeable-step';
import {
  type CompiledTraining,
  compileTraining,
  type TrainingDefinition,
} from './compile-training';
import { filterPlanOf } from './filters';
import { readInitialization } from './initialization';
import { TrainingLoop } from './loop';
import type { PreparedTraining } from './prepared-training';
import { requireRowsInChainDomain } from './rows-in-chain-domain';
import type { Checkpoint } from './run-observer';
import { notTrained } from './step-program';
import { turnKnob } from './turn-knob';

/** Rows of data that the panel draws beneath the samples, at most, and numbers in them. */
const shownRows = 4096;
const shownNumbers = 2 ** 20;

interface PrepareOptions {
  /** What the user asked for; `auto` where absent. */
  readonly backend?: WantedBackend;
  /** A checkpoint of the same experiment to go on from. */
  readonly saved?: Checkpoint;
  /** Steps after which all is measured, whatever time that takes: the rungs of a sweep. */
  readonly rungs?: readonly number[];
  /** After how many training steps it stops for now; when finished, where absent. */
  readonly until?: number;
  /** What is changed on the way, ascending by step; see `RunManifest`. */
  readonly changes?: readonly KnobChange[];
  /** Hears that the experiment, its data and its step are sound, and what became of them. */
  readonly onCompiled?: (compiled: CompiledTraining) => void;
}

/**
 * The metrics that a run of an experiment records; for this its data are loaded and its step is compiled.
 *
 * @throws ProblemError of kind `experiment` or `data` that says what is wrong and where
 */
export async function recordedMetrics(loaded: LoadedExperiment): Promise<readonly MetricInfo[]> {
  return (await compileExperiment(loaded)).metrics;
}

/**
 * Loads the data of an experiment and says what is to be trained on them; compiles nothing.
 *
 * @param saved a checkpoint of the same experiment to go on from
 * @throws ProblemError of kind `experiment` or `data` that says what is wrong and where
 */
export async function defineTraining(loaded: LoadedExperiment, saved?: Checkpoint) {
  const { experiment, file, locations } = loaded;
  const { seed, preview } = experiment;
  const dataset = await atOption(loaded, ['data', 'file'], () =>
    dataMethod(experiment.data).load(experiment.data, { directory: path.dirname(file), seed }),
  );
  const { dimensions, training } = dataset;
  const bounds = dataset.bounds ?? boundsOf(training, dimensions, dataset.domain);
  requireSameImage(loaded, dataset);
  locatingOptions(loaded, () => requireRowsInChainDomain(experiment, dataset));
  const drawn = layoutOf(loaded, dataset, bounds);
  const layout = dataset.labels ? { ...drawn, classes: dataset.labels.classes } : drawn;
  const levels = dataset.categories && levelCounts(dataset.categories);
  const { outOfDistribution: other } = preview;
  const others =
    other === null
      ? undefined
      : await atOption(loaded, ['preview', 'outOfDistribution'], () =>
          rowsLike(
            dataset,
            other,
            { directory: path.dirname(file), seed },
            dataset.heldOut.length / dimensions,
          ),
        );
  const measures = prepareDiagnostics(preview.diagnostics, {
    dataset,
    ...(others ? { others: others.rows } : {}),
    bounds,
    resolution: layout.resolution,
    seed,
    chainsEnd: samplerMethod(preview.sampler).ends ?? false,
    files: loaded.sources.map((source) => source.path),
    knowsPartition: knowsPartition(experiment.energy, dataset),
    isBound: energyMethod(experiment.energy).latentUnits !== undefined,
    classes: classesOf(experiment.energy, dataset),
    hasFlow: objectiveMethod(experiment.objective).flow !== undefined,
  });
  const noise = await atOption(loaded, ['objective', 'noise'], () =>
    noiseOf(loaded, dataset, bounds),
  );
  // What goes on has all its parameters in the checkpoint.
  const initialization = saved ? undefined : await readInitialization(loaded);
  const definition: TrainingDefinition = {
    energy: experiment.energy,
    origin: {
      files: loaded.sources.map((source) => source.path),
      ...(locations.energy ? { location: locations.energy } : {}),
    },
    objective: experiment.objective,
    optimizer: experiment.optimizer,
    rows: training,
    ...(dataset.trainingNumbers ? { rowNumbers: dataset.trainingNumbers } : {}),
    domain: dataset.domain,
    ...(levels ? { levels } : {}),
    ...(dataset.labels ? { labels: dataset.labels } : {}),
    bounds,
    batchSize: experiment.batchSize,
    seed,
    ...(loaded.arithmetic ? { arithmetic: loaded.arithmetic } : {}),
    preview,
    hasRateFactor: experiment.guard.action === 'rollBack',
    ...(saved ? { saved } : {}),
    ...(initialization ? { initialization } : {}),
    ...(noise ? { noise } : {}),
  };
  return { definition, dataset, others, layout, measures, noise, initialization };
}

/** How previews are drawn: categorical rows by the codes of their levels. */
function layoutOf(
  { experiment: { energy, preview } }: LoadedExperiment,
  { dimensions, axes, domain, image: ofData, categories, codeImage }: ScaledDataset,
  bounds: Bounds,
): PreviewLayout {
  if (categories) {
    return {
      dimensions: categories.length,
      axes: categories.map(({ name }) => name),
      bounds: categories.map((category) => [-0.5, category.levels.length - 0.5]),
      resolution: 0,
      ...(codeImage ? { image: codeImage } : {}),
      categories,
    };
  }
  const image = ofData ?? imageOf(energy, bounds);
  return {
    dimensions,
    axes,
    bounds,
    // Binary points have no landscape between them.
    resolution: domain === 'binary' ? 0 : cellsOf(dimensions, preview.resolution),
    ...(image ? { image } : {}),
  };
}

/** Cells along each side of the shown energies: on a line many cost little, and its density needs them. */
function cellsOf(dimensions: number, resolution: number): number {
  if (dimensions === 1) return Math.min(4096, 8 * resolution);
  return dimensions === 2 ? resolution : 0;
}

/** Loads the data and compiles the training step. */
async function compileExperiment(loaded: LoadedExperiment, saved?: Checkpoint) {
  const defined = await defineTraining(loaded, saved);
  const compiled = locatingOptions(loaded, () => compileTraining(defined.definition));
  const metrics = [
    ...compiled.metrics,
    ...defined.measures.diagnostics.flatMap((diagnostic) => diagnostic.metrics),
  ];
  return { ...defined, compiled, metrics };
}

/** What `work` answers; what is wrong with data, and no place in them, is told where they are named. */
async function atOption<T>(
  loaded: LoadedExperiment,
  option: OptionPath,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.kind !== 'data') {
      throw located(loaded, error);
    }
    const location = error.problem.location ?? placeOfOption(loaded, option);
    throw new ProblemError(
      { ...error.problem, ...(location ? { location } : {}) },
      { cause: error },
    );
  }
}

/** What `work` answers; what is wrong with an option is told at its place. */
export function locatingOptions<T>(loaded: LoadedExperiment, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw located(loaded, error);
  }
}

/** An error of an option as a problem at its place; any other as it is. */
function located(loaded: LoadedExperiment, error: unknown): unknown {
  if (!(error instanceof OptionError)) return error;
  const files = loaded.sources.map((source) => source.path);
  return problemOf(error, files, placeOfOption(loaded, error.path));
}

/**
 * Loads the data, compiles the training step and hands it to a backend.
 *
 * @throws ProblemError of kind `experiment`, `data` or `environment` that says what is wrong and where
 */
export async function prepareTraining(
  loaded: LoadedExperiment,
  {
    backend: wanted = 'auto',
    saved,
    changes = [],
    rungs = [],
    until,
    onCompiled,
  }: PrepareOptions = {},
): Promise<PreparedTraining> {
  const { experiment } = loaded;
  const completed = saved?.step ?? 0;
  const before = valuesAfter(changes, completed);
  const {
    definition,
    dataset,
    others,
    layout,
    measures,
    noise,
    initialization,
    compiled,
    metrics,
  } = await compileExperiment(withValues(loaded, before), saved);
  const { dimensions, training } = dataset;
  const { preview } = experiment;
  const best = bestOf(experiment, metrics, saved);
  onCompiled?.(compiled);
  const backend = await chooseBackend({
    wanted,
    program: compiled.program,
    feeds: compiled.feeds,
    initial: compiled.initial,
    experimentFolder: path.dirname(loaded.file),
  });
  const step = new ChangeableStep({
    completed,
    first: await compiled.start(backend),
    changes,
    async make(values, state) {
      const { objective, optimizer, preview } = withValues(loaded, values).experiment;
      const changed = locatingOptions(loaded, () =>
        compileTraining({ ...definition, objective, optimizer, preview, saved: state }),
      );
      return { step: await changed.start(backend), metrics: changed.metrics };
    },
  });
  // Of its own: a part of an array would keep the whole of it.
  const rows = Math.min(shownRows, Math.max(1, Math.floor(shownNumbers / dimensions)));
  const code = dataset.categories && codeOfCategories(dataset.categories);
  const filters = filterPlanOf(
    energyFor(experiment.energy, dataset),
    compiled.parameters,
    layout,
    definition.levels,
  );
  const first = Float32Array.from(training.subarray(0, rows * dimensions));
  const shown = code ? code.shown(first) : first;
  const count = first.length / dimensions;
  return {
    description: {
      metrics,
      preview: layout,
    },
    backend: { name: backend.name, reason: backend.reason },
    program: compiled.program,
    warnings: [
      ...loaded.warnings,
      ...rateCautions(
        experiment.optimizer.learningRate,
        modelUpdates(experiment.objective, experiment.steps),
      ),
      ...(dataset.notes ?? []),
      ...(dataset.warnings ?? []),
      ...(others?.warnings ?? []),
      ...(noise?.pool?.warnings ?? []),
      ...compiled.unreached.map(notTrained),
      ...compiled.warnings,
      ...measures.warnings,
    ],
    ...(dataset.transform ? { transform: dataset.transform } : {}),
    dataFiles: [...(dataset.files ?? []), ...(others?.files ?? []), ...(noise?.pool?.files ?? [])],
    ...(initialization
      ? {
          initial: {
            file: initialization.file,
            sha256: initialization.sha256,
            tensors: compiled.parameters,
          },
        }
      : {}),
    shownData: {
      values: shown,
      count,
      ...(dataset.labels ? { labels: dataset.labels.training.slice(0, count) } : {}),
    },
    createLoop: (observers) =>
      new TrainingLoop(
        {
          step,
          completed,
          steps: experiment.steps,
          ...(until === undefined ? {} : { until }),
          preview: { every: preview.every, rungs, layout, ...(code ? { code } : {}) },
          checkpoint: experiment.checkpoint,
          ...(best ? { best } : {}),
          guard: experiment.guard,
          diagnostics: measures.diagnostics,
          data: training,
          heldOut: dataset.heldOut,
          ...(others ? { others: others.rows } : {}),
          classes: classesOf(experiment.energy, dataset),
          ...(measures.space ? { space: measures.space } : {}),
          ...(filters ? { filters } : {}),
          turn: (turn, at, hearers) => turnKnob(loaded, step, turn, at, hearers),
        },
        observers,
      ),
  };
}

/** The experiment with some of its options changed: dotted path → value. */
function withValues(loaded: LoadedExperiment, values: JsonObject): LoadedExperiment {
  if (Object.keys(values).length === 0) return loaded;
  return { ...loaded, experiment: loaded.changed(values) };
}

/** How many classes an energy tells rows of such data apart by; 0 where none. */
function classesOf(spec: EnergySpec, dataset: ScaledDataset): number {
  const { condition, classes = 0 } = energyFor(spec, dataset);
  return condition === 'label' ? classes : 0;
}

/** Whether an energy knows its log Z over all rows that such data may have. */
export function knowsPartition(spec: EnergySpec, dataset: ScaledDataset): boolean {
  const { domain } = dataset;
  const { domains } = energyMethod(spec);
  // What is on finitely many rows alone sums over those of the data; others may know an integral instead.
  const isWhole =
    domain === 'real' ||
    (domains?.length === 1 && domains[0] === domain) ||
    (isDiscrete(domain) && (domains?.every(isDiscrete) ?? false));
  return isWhole && energyFor(spec, dataset).logPartition !== undefined;
}

/** An energy of points as these data have them. */
function energyFor(spec: EnergySpec, { dimensions, categories }: ScaledDataset): Energy {
  return buildEnergy(spec, dimensions, categories && levelCounts(categories));
}

/**
 * @throws ProblemError of kind `experiment` where an energy of images takes rows for images of another
 *   shape than they are
 */
function requireSameImage(loaded: LoadedExperiment, { image }: ScaledDataset): void {
  const { energy } = loaded.experiment;
  const wanted = energyMethod(energy).image?.(energy);
  if (wanted === undefined || image === undefined) return;
  const { height, width, channels } = image;
  const shape = [height, width, channels];
  if (shape.every((length, axis) => length === wanted[axis])) return;
  const location = placeOfOption(loaded, ['energy', 'shape']);
  throw new ProblemError({
    kind: 'experiment',
    message: `energy.${energy.type}: the images of the data are ${shape.join(' × ')}, not ${wanted.join(' × ')}.`,
    remedy: `Set shape: [${shape.join(', ')}].`,
    ...(location ? { location } : {}),
  });
}

/** What rows are to an energy of images where the data do not say: as bright as the window is wide. */
function imageOf(energy: EnergySpec, bounds: Bounds): ImageLayout | undefined {
  const shape = energyMethod(energy).image?.(energy);
  if (shape === undefined) return undefined;
  const [height, width, channels] = shape;
  const low = Math.min(...bounds.map(([from]) => from));
  const high = Math.max(...bounds.map(([, to]) => to));
  return { height, width, channels, from: [low, high], to: [low, high] };
}

/**
 * The noise that the objective tells the data from, if it does.
 *
 * @throws ProblemError of kind `experiment` at the option's place where it does not fit the data
 */
async function noiseOf(loaded: LoadedExperiment, dataset: ScaledDataset, bounds: Bounds) {
  const { experiment, file, sources } = loaded;
  const choice = objectiveMethod(experiment.objective).noise?.(experiment.objective);
  if (choice === undefined) return undefined;
  const files = sources.map((source) => source.path);
  try {
    return await readyNoise(choice, {
      rows: dataset.training,
      ...(dataset.categories ? { levels: levelCounts(dataset.categories) } : {}),
      ...(dataset.trainingNumbers ? { rowNumbers: dataset.trainingNumbers } : {}),
      bounds,
      seed: experiment.seed,
      directory: path.dirname(file),
      scaling: dataset,
      axes: dataset.axes,
      fileRows: fileRowsOf(dataset),
      isUserFile: userFiles(files),
      ...(loaded.arithmetic ? { arithmetic: loaded.arithmetic } : {}),
    });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw problemOf(error, files, placeOfOption(loaded, ['objective', ...error.path]));
  }
}

/** How many rows the file of the training rows has: those held out are of it where they are numbered too. */
function fileRowsOf({ training, heldOut, heldOutNumbers, dimensions }: ScaledDataset): number {
  return (training.length + (heldOutNumbers ? heldOut.length : 0)) / dimensions;
}

/**
 * What checkpoints are compared by, and the best one so far.
 *
 * @throws ProblemError (`experiment`) where this run records no such metric
 */
function bestOf(
  { checkpoint: { best } }: LoadedExperiment['experiment'],
  metrics: readonly MetricInfo[],
  saved: Checkpoint | undefined,
) {
  if (best === null) return undefined;
  if (!metrics.some(({ name }) => name === best.metric)) {
    const names = metrics.map(({ name }) => `'${name}'`).join(', ');
    throw new ProblemError({
      kind: 'experiment',
      message: `experiment: 'checkpoint.best.metric' is '${best.metric}', which this run does not record.`,
      remedy: `It records ${names}; preview.diagnostics adds others.`,
    });
  }
  const before = saved && bestIn(saved);
  return { ...best, ...(before ? { before } : {}) };
}
