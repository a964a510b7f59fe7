import { fileValueIn } from '../protocol/pixel-values';
import { ProblemError } from '../protocol/problem';
import type { DataTransform, PreviewLayout } from '../protocol/run';
import { csvLine, csvNumber } from '../vocabulary/csv';
import { readManifest } from './manifest';
import { listPreviewSteps, readPreview } from './previews';

const rowsAtOnce = 1024;

/**
 * The samples of a run's newest preview as a table, a line a sample and a column a column of the data, in
 * pieces of text: numbers in the data's units, categories by the names of their levels.
 *
 * @throws ProblemError of kind `storage` when the run has no preview, or what there is cannot be read
 */
export async function* samplesAsCsv(directory: string): AsyncGenerator<string, void, undefined> {
  const { preview: layout, transform } = await readManifest(directory);
  const step = (await listPreviewSteps(directory)).at(-1);
  if (layout === undefined || step === undefined) {
    throw new ProblemError({
      kind: 'storage',
      message: `${directory} has kept no preview, so that there are no samples.`,
      remedy: 'Wait for the first one, or train the run on.',
    });
  }
  yield* rowsAsCsv(await readPreview(directory, step, layout), layout, transform);
}

/**
 * The same of any rows.
 *
 * @param rows `[count, D]` samples as previews have them
 */
export function* rowsAsCsv(
  { samples, count }: { readonly samples: Float32Array; readonly count: number },
  layout: PreviewLayout,
  transform: DataTransform | undefined,
): Generator<string, void, undefined> {
  const { dimensions, axes } = layout;
  const fields = Array.from({ length: dimensions }, (_, d) => fieldOf(layout, transform, d));
  yield csvLine(axes);
  for (let start = 0; start < count; start += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, count - start);
    const lines = Array.from({ length: rows }, (_, row) =>
      csvLine(fields.map((field, d) => field(samples[(start + row) * dimensions + d]!))),
    );
    yield lines.join('');
  }
}

/** How the numbers of a column are written. */
function fieldOf(
  layout: PreviewLayout,
  transform: DataTransform | undefined,
  dimension: number,
): (value: number) => string {
  const levels = layout.categories?.[dimension]?.levels;
  if (levels) return (code) => levels[code] ?? String(code);
  const unit = inUnits(layout, transform, dimension);
  return (value) => csvNumber(Math.fround(unit(value)));
}

/**
 * `[count, D]` samples as previews have them in the units of the data: what was scaled is scaled back,
 * pixels are as in the file, categories stay the numbers of their levels.
 */
export function samplesInUnits(
  samples: Float32Array,
  layout: PreviewLayout,
  transform: DataTransform | undefined,
): Float32Array {
  const { dimensions } = layout;
  const units = Array.from({ length: dimensions }, (_, d) => inUnits(layout, transform, d));
  return samples.map((value, at) => units[at % dimensions]!(value));
}

/** What the numbers of a column are in the units of the data. */
function inUnits(
  { categories, image }: PreviewLayout,
  transform: DataTransform | undefined,
  dimension: number,
): (value: number) => number {
  if (categories) return (code) => code;
  if (image) return fileValueIn(image);
  const { [dimension]: mean = 0 } = transform?.mean ?? [];
  const { [dimension]: scale = 1 } = transform?.scale ?? [];
  return (value) => scale * value + mean;
}
