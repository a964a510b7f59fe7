import { csvLine, csvNumber } from '../vocabulary/csv';
import { validScalars } from './valid-scalars';

const linesAtOnce = 4096;

/**
 * All metrics of a run as a table, a line a step and a column a metric, in pieces of text. A metric
 * without a value at a step has an empty field there, of several the newest; what a restart made void
 * is left out. NaN and Infinity are written as such. Numbers are the shortest that read back to the
 * same 32-bit value.
 *
 * The event files are read twice and not held: lines wait only as long as a later place in the files
 * may still have something for them.
 *
 * @throws ProblemError of kind `storage` when there is no event file or it cannot be opened
 */
export async function* metricsAsCsv(directory: string): AsyncGenerator<string, void, undefined> {
  const { tags, chunks } = await validScalars(directory);
  const columns = new Map(tags.map((tag, column) => [tag, column]));
  yield csvLine(['step', ...tags]);
  /** Fields by step, of lines that are not written yet. */
  const waiting = new Map<number, string[]>();
  for await (const { series, nextStep } of chunks()) {
    for (const [name, { steps, values }] of Object.entries(series)) {
      const column = columns.get(name)!;
      for (const [index, step] of steps.entries()) {
        const fields = waiting.get(step) ?? new Array<string>(columns.size).fill('');
        fields[column] = csvNumber(values[index]!);
        waiting.set(step, fields);
      }
    }
    yield* taken(waiting, nextStep);
  }
}

/** Takes out the lines of all steps before `end`, in their order. */
function* taken(waiting: Map<number, string[]>, end: number): Generator<string, void, undefined> {
  const steps = [...waiting.keys()].filter((step) => step < end).sort((a, b) => a - b);
  for (let start = 0; start < steps.length; start += linesAtOnce) {
    const lines = steps.slice(start, start + linesAtOnce).map((step) => {
      const fields = waiting.get(step)!;
      waiting.delete(step);
      return csvLine([step, ...fields]);
    });
    yield lines.join('');
  }
}
