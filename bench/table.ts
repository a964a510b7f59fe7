/** What benches measure, as tables for a terminal and as rows for a record. One place prints both. */
import { writeFileSync } from 'node:fs';

/** How numbers of a unit are written. Ratios are those of a peer's time to ours where not said otherwise. */
const units = {
  ms: (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ms`,
  s: (value: number) => `${value.toFixed(0)} s`,
  seconds: (value: number) => `${value.toFixed(2)} s`,
  ratio: (value: number) => `${value.toFixed(value < 10 ? 2 : 1)}x`,
  '%': (value: number) => `${value.toFixed(2)} %`,
  GFLOP: (value: number) => `${value.toFixed(value < 1 ? 3 : 2)} GFLOP`,
  M: (value: number) => `${value.toFixed(1)} M`,
  operations: (value: number) => value.toFixed(0),
  power: (value: number) => value.toFixed(2),
  MiB: (value: number) => `${value.toFixed(1)} MiB`,
  'MB/s': (value: number) => `${value.toFixed(0)} MB/s`,
  'M/s': (value: number) => `${value.toFixed(0)} M/s`,
  '1/s': (value: number) => `${value.toFixed(0)}`,
  minutes: (value: number) => `${value.toFixed(1)} min`,
  distance: (value: number) => value.toFixed(3),
  share: (value: number) => value.toFixed(3),
  nats: (value: number) => value.toFixed(4),
} as const;

type Unit = keyof typeof units;

/** What was measured, once or several times. */
export interface Measure {
  readonly unit: Unit;
  readonly median: number;
  /** The smallest and the largest, where it was measured several times. */
  readonly spread?: readonly [lowest: number, highest: number];
}

export function measure(unit: Unit, values: number | readonly number[]): Measure {
  if (typeof values === 'number') return { unit, median: values };
  const spread = [Math.min(...values), Math.max(...values)] as const;
  return values.length > 1
    ? { unit, median: median(values), spread }
    : { unit, median: median(values) };
}

/** A table of a bench. */
export interface Section {
  readonly title: string;
  /** Headings of the names and of the measures. */
  readonly head: readonly string[];
  readonly rows: readonly Line[];
  readonly remarks?: readonly string[];
}

/** A name and its measures, in the order of the head; nothing where something could not be measured. */
export interface Line {
  readonly name: string;
  readonly measures: readonly (Measure | undefined)[];
}

/** What a record keeps of a measure. */
interface RecordedRow extends Measure {
  readonly name: string;
}

/** The measures of tables, each under the names of table, row and column. */
export function recordedRows(sections: readonly Section[]): RecordedRow[] {
  return sections.flatMap(({ title, head, rows }) =>
    rows.flatMap(({ name, measures }) =>
      measures.flatMap((one, column) =>
        one === undefined ? [] : [{ name: `${title}: ${name}: ${head[column + 1]}`, ...one }],
      ),
    ),
  );
}

/** Prints what a bench found, and writes it where scripts/bench.mjs asked for it. */
export function report(sections: readonly Section[]): void {
  for (const { title, head, rows, remarks = [] } of sections) {
    const cells = rows.map(({ name, measures }) => [
      name,
      ...measures.map((one) => (one === undefined ? '–' : units[one.unit](one.median))),
    ]);
    console.log([title, ...remarks, table(head, cells), ''].join('\n'));
  }
  const file = process.env['EBM_BENCH_ROWS'];
  if (file) writeFileSync(file, JSON.stringify(recordedRows(sections)));
}

/** A table for a terminal: the first column to the left, the others to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ');
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head), rule, ...rows.map(line)].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Milliseconds of each of so many calls; one more goes before, to warm up. */
export async function timesOf(
  call: () => Promise<void> | void,
  repetitions: number,
): Promise<number[]> {
  await call();
  const times: number[] = [];
  for (let index = 0; index < repetitions; index++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return times;
}

/** Milliseconds of each call, for so many seconds of them, three at least, after as many to warm up. */
export async function steadyTimesOf(
  call: () => Promise<void> | void,
  seconds: number,
): Promise<number[]> {
  const during = async () => {
    const times: number[] = [];
    const end = performance.now() + 1000 * seconds;
    while (times.length < 3 || performance.now() < end) {
      const start = performance.now();
      await call();
      times.push(performance.now() - start);
    }
    return times;
  };
  await during();
  return await during();
}
