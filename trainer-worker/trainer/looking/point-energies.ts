import type { WantedBackend } from '../../../protocol/backends';
import type { PointAnswer, PointEnergy } from '../../../protocol/looking';
import { ProblemError } from '../../../protocol/problem';
import { samplesInUnits } from '../../../run-directory/export-samples';
import { codeOfCategories } from '../../methods/data/categories';
import type { ScaledDataset } from '../../methods/data/data-method';
import { knowsPartition } from '../training/prepare';
import type { TrainingStep } from '../training/training-step';
import { type ReadyModel, readyModel, startKeptModel } from './kept-model';

/** What is asked of which checkpoint. */
export interface PointsOptions {
  /** Points as people write them: a value for each column of the data, with commas. */
  readonly points: readonly string[];
  /** The step of the checkpoint; the newest where absent. */
  readonly checkpoint?: number;
  readonly backend?: WantedBackend;
}

/** Points of a run's model as a checkpoint has it. */
export interface PointEnergies {
  readonly checkpoint: number;
  readonly axes: readonly string[];
  readonly points: readonly PointEnergy[];
}

/**
 * The energies of points under the model of a run, with score and density as far as there are such. Writes
 * nothing.
 *
 * @throws ProblemError of kind `environment` where a point is none of the data's, and as of
 *   {@link readyModel} and {@link startKeptModel}
 */
export async function pointEnergies(
  directory: string,
  { points: texts, checkpoint: wanted, backend }: PointsOptions,
): Promise<PointEnergies> {
  const ready = await readyModel(directory, wanted);
  const written = texts.map((text) => writtenPoint(text, ready));
  const points = inModelSpace(written, ready.defined.dataset);
  const { step } = await startKeptModel(ready.model, ready.defined.definition, backend);
  try {
    const found = await energiesOf(points, ready, step);
    return {
      checkpoint: ready.model.checkpoint.step,
      axes: ready.defined.layout.axes,
      points: found.map((one, row) => ({ ...one, point: written[row]! })),
    };
  } finally {
    await step.dispose();
  }
}

/**
 * What a model that is ready and started makes of one point.
 *
 * @param point as somebody writes it, or the numbers of a row as previews have them
 * @throws ProblemError of kind `environment` where it is none of the data's
 */
export async function pointEnergy(
  point: string | Float32Array,
  ready: ReadyModel,
  step: TrainingStep,
): Promise<PointAnswer> {
  const { dataset, layout } = ready.defined;
  const { axes } = layout;
  const { checkpoint } = ready.model;
  if (typeof point === 'string') {
    const written = writtenPoint(point, ready);
    const [found] = await energiesOf(inModelSpace([written], dataset), ready, step);
    return { ...found!, point: written, checkpoint: checkpoint.step, axes };
  }
  if (point.length !== axes.length || !point.every(Number.isFinite)) {
    throw noPoint('The row', `it has ${point.length} finite values, not ${axes.length}`, axes);
  }
  const code = dataset.categories && codeOfCategories(dataset.categories);
  const [found] = await energiesOf(code ? code.points(point) : point, ready, step);
  const inUnits = samplesInUnits(point, layout, dataset.transform);
  const shown = Array.from(
    inUnits,
    (value, column) => layout.categories?.[column]?.levels[value] ?? value,
  );
  return { ...found!, point: shown, checkpoint: checkpoint.step, axes };
}

/** @param points `[n, D]` points of the model */
async function energiesOf(
  points: Float32Array,
  { model, defined }: ReadyModel,
  step: TrainingStep,
): Promise<readonly Omit<PointEnergy, 'point'>[]> {
  const { dataset, layout } = defined;
  const energies = await step.energy(points);
  const scores = dataset.domain === 'real' ? await step.score(points) : undefined;
  const logZ = knowsPartition(model.experiment.energy, dataset)
    ? await step.logPartition()
    : undefined;
  const { dimensions, transform, logScale } = dataset;
  const rowOf = (all: Float32Array, row: number) =>
    all.subarray(row * dimensions, (row + 1) * dimensions);
  const scoreOf = (slopes: Float32Array) => ({
    scoreNorm: Math.hypot(...slopes),
    // Pixels of a file may be no straight way from those of the model.
    ...(layout.image
      ? {}
      : {
          score: Array.from(slopes, (slope, column) => slope / (transform?.scale[column] ?? 1)),
        }),
  });
  return Array.from(energies, (energy, row) => {
    const scale = typeof logScale === 'number' ? logScale : logScale(rowOf(points, row));
    return {
      energy,
      ...(scores ? scoreOf(rowOf(scores, row)) : {}),
      ...(logZ === undefined ? {} : { negativeLogDensity: energy + logZ + scale }),
    };
  });
}

/** @throws ProblemError where points cannot be written, or this is none */
function writtenPoint(
  text: string,
  { model, defined: { layout, dataset } }: ReadyModel,
): readonly (number | string)[] {
  if (!layout.image) return pointIn(text, layout.axes, dataset);
  throw new ProblemError({
    kind: 'environment',
    message: `A point of ‘${model.manifest.name}’ is an image, which cannot be written as a list of numbers here.`,
    remedy:
      'ebm draw writes the energies of its samples to a .safetensors file; the panel tells that of an image that is picked.',
  });
}

/** @throws ProblemError that says which value of a point is none */
function pointIn(
  text: string,
  axes: readonly string[],
  { categories, domain }: ScaledDataset,
): readonly (number | string)[] {
  const fields = text.split(',').map((field) => field.trim());
  if (fields.length !== axes.length) {
    throw noPoint(`'${text}'`, `it has ${fields.length} values, not ${axes.length}`, axes);
  }
  return fields.map((field, column) => {
    const levels = categories?.[column]?.levels;
    if (levels) {
      if (levels.includes(field)) return field;
      throw noPoint(`'${text}'`, `${axes[column]} is one of ${levels.join(', ')}`, axes);
    }
    const value = field === '' ? Number.NaN : Number(field);
    const fault = faultOf[domain]?.(value) ?? (Number.isFinite(value) ? undefined : 'a number');
    if (fault === undefined) return value;
    throw noPoint(`'${text}'`, `${axes[column]} is ${fault}`, axes);
  });
}

/** What a value has to be, where it is not. */
const faultOf: Readonly<Record<string, (value: number) => string | undefined>> = {
  binary: (value) => (value === 0 || value === 1 ? undefined : '0 or 1'),
  nonnegative: (value) => (value >= 0 && Number.isFinite(value) ? undefined : '0 or more'),
};

function noPoint(text: string, why: string, axes: readonly string[]): ProblemError {
  return new ProblemError({
    kind: 'environment',
    message: `${text} is no point of the data: ${why}.`,
    remedy: `Write a value each of ${axes.join(', ')}, with commas.`,
  });
}

/** `[n, D]` points of the model. */
function inModelSpace(
  points: readonly (readonly (number | string)[])[],
  { categories, transform }: ScaledDataset,
): Float32Array {
  if (categories) {
    const codes = points.flatMap((point) =>
      point.map((level, column) => categories[column]!.levels.indexOf(String(level))),
    );
    return codeOfCategories(categories).points(Float32Array.from(codes));
  }
  return Float32Array.from(
    points.flatMap((point) =>
      point.map((value, column) => {
        const { [column]: mean = 0 } = transform?.mean ?? [];
        const { [column]: scale = 1 } = transform?.scale ?? [];
        return (Number(value) - mean) / scale;
      }),
    ),
  );
}
