import { fileValue } from '../protocol/pixel-values';
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
  const { samples, count } = await readPreview(directory, step, layout);
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
  { categories, image }: PreviewLayout,
  transform: DataTransform | undefined,
  dimension: number,
): (value: number) => string {
  const levels = categories?.[dimension]?.levels;
  if (levels) return (code) => levels[code] ?? String(code);
  if (image) return (value) => csvNumber(Math.fround(fileValue(value, image)));
  const { [dimension]: mean = 0 } = transform?.mean ?? [];
  const { [dimension]: scale = 1 } = transform?.scale ?? [];
  return (value) => csvNumber(Math.fround(scale * value + mean));
}
