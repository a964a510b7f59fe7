import type { SeriesChunk } from '../protocol/run';
import { readScalars } from './event-file';

/** One curve, its points in the order of their steps. */
interface Curve {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

const linesAtOnce = 4096;

/**
 * All metrics of a run as a table, a line a step and a column a metric, in pieces of text. A metric
 * without a value at a step has an empty field there, of several the newest; NaN and Infinity are
 * written as such. Numbers are the shortest that read back to the same 32-bit value.
 *
 * @throws ProblemError of kind `storage` when there is no event file or it cannot be opened
 */
export async function* metricsAsCsv(directory: string): AsyncGenerator<string, void, undefined> {
  const collected = new Map<string, { steps: number[]; values: number[] }>();
  for await (const { series } of readScalars(directory)) {
    for (const [name, chunk] of Object.entries(series)) {
      const curve = collected.get(name) ?? { steps: [], values: [] };
      collected.set(name, curve);
      append(curve, chunk);
    }
  }
  const curves = [...collected].map(([name, points]) => ({ name, ...inOrder(points) }));
  yield `${['step', ...curves.map(({ name }) => quoted(name))].join(',')}\n`;
  const at = curves.map(() => 0);
  let lines: string[] = [];
  for (;;) {
    const step = curves.reduce(
      (least, { steps }, k) => Math.min(least, steps[at[k]!] ?? Number.POSITIVE_INFINITY),
      Number.POSITIVE_INFINITY,
    );
    if (step === Number.POSITIVE_INFINITY) break;
    const fields = curves.map((curve, k) => takeField(curve, at, k, step));
    lines.push([step, ...fields].join(','));
    if (lines.length < linesAtOnce) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}

/** The newest of a curve's values at `step`, and moves on past them. */
function takeField({ steps, values }: Curve, at: number[], k: number, step: number): string {
  let field = '';
  for (let index = at[k]!; steps[index] === step; index += 1) {
    field = shortest(values[index]!);
    at[k] = index + 1;
  }
  return field;
}

function append(curve: { steps: number[]; values: number[] }, chunk: SeriesChunk): void {
  for (const step of chunk.steps) curve.steps.push(step);
  for (const value of chunk.values) curve.values.push(value);
}

/** Sorted by step where some other program wrote them in another order; equal ones stay in theirs. */
function inOrder({ steps, values }: { steps: number[]; values: number[] }) {
  if (steps.every((step, k) => k === 0 || step >= steps[k - 1]!)) return { steps, values };
  const order = steps.map((_, k) => k).sort((a, b) => steps[a]! - steps[b]!);
  return { steps: order.map((k) => steps[k]!), values: order.map((k) => values[k]!) };
}

/** Nine digits tell all 32-bit values apart; most need fewer. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits += 1) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

/** A field as RFC 4180 has it. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
