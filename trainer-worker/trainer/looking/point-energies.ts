import type { WantedBackend } from '../../../protocol/backends';
import { ProblemError } from '../../../protocol/problem';
import { codeOfCategories } from '../../methods/data/categories';
import type { ScaledDataset } from '../../methods/data/data-method';
import { knowsPartition } from '../training/prepare';
import { defineKeptModel, readKeptModel, startKeptModel } from './kept-model';

/** What is asked of which checkpoint. */
export interface PointsOptions {
  /** Points as people write them: a value for each column of the data, with commas. */
  readonly points: readonly string[];
  /** The step of the checkpoint; the newest where absent. */
  readonly checkpoint?: number;
  readonly backend?: WantedBackend;
}

/** What a kept model makes of a point. */
interface PointEnergy {
  /** A value for each column, in the units of the data; categories by name. */
  readonly point: readonly (number | string)[];
  /** E, in nats. */
  readonly energy: number;
  /** -dE/dx for each column, in nats per unit of the data; absent of data that are not continuous. */
  readonly score?: readonly number[];
  /**
   * -log p in nats, of a density per units of the data, or of a probability; absent where the energy does
   * not know its log Z exactly.
   */
  readonly negativeLogDensity?: number;
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
 *   {@link readKeptModel} and {@link startKeptModel}
 */
export async function pointEnergies(
  directory: string,
  { points: texts, checkpoint: wanted, backend }: PointsOptions,
): Promise<PointEnergies> {
  const model = await readKeptModel(directory, wanted);
  const { definition, dataset, layout } = await defineKeptModel(model);
  if (layout.image) {
    throw new ProblemError({
      kind: 'environment',
      message: `A point of ‘${model.manifest.name}’ is an image, which cannot be written as a list of numbers here.`,
      remedy: 'ebm draw writes the energies of its samples to a .safetensors file.',
    });
  }
  const written = texts.map((text) => pointIn(text, layout.axes, dataset));
  const points = inModelSpace(written, dataset);
  const { step } = await startKeptModel(model, definition, backend);
  try {
    const energies = await step.energy(points);
    const scores = dataset.domain === 'real' ? await step.score(points) : undefined;
    const logZ = knowsPartition(model.experiment.energy, dataset)
      ? await step.logPartition()
      : undefined;
    const { dimensions, transform, logScale } = dataset;
    const rowOf = (all: Float32Array, row: number) =>
      all.subarray(row * dimensions, (row + 1) * dimensions);
    return {
      checkpoint: model.checkpoint.step,
      axes: layout.axes,
      points: written.map((point, row): PointEnergy => {
        const energy = energies[row]!;
        const scale = typeof logScale === 'number' ? logScale : logScale(rowOf(points, row));
        return {
          point,
          energy,
          ...(scores
            ? {
                score: Array.from(
                  rowOf(scores, row),
                  (slope, column) => slope / (transform?.scale[column] ?? 1),
                ),
              }
            : {}),
          ...(logZ === undefined ? {} : { negativeLogDensity: energy + logZ + scale }),
        };
      }),
    };
  } finally {
    await step.dispose();
  }
}

/** @throws ProblemError that says which value of a point is none */
function pointIn(
  text: string,
  axes: readonly string[],
  { categories, domain }: ScaledDataset,
): readonly (number | string)[] {
  const fields = text.split(',').map((field) => field.trim());
  if (fields.length !== axes.length) {
    throw noPoint(text, `it has ${fields.length} values, not ${axes.length}`, axes);
  }
  return fields.map((field, column) => {
    const levels = categories?.[column]?.levels;
    if (levels) {
      if (levels.includes(field)) return field;
      throw noPoint(text, `${axes[column]} is one of ${levels.join(', ')}`, axes);
    }
    const value = field === '' ? Number.NaN : Number(field);
    const fault = faultOf[domain]?.(value) ?? (Number.isFinite(value) ? undefined : 'a number');
    if (fault === undefined) return value;
    throw noPoint(text, `${axes[column]} is ${fault}`, axes);
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
    message: `'${text}' is no point of the data: ${why}.`,
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
