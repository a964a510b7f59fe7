/** A row that occurs, as often as it may. */
export interface Pattern {
  /** Its numbers, codes of categories among them. */
  readonly values: readonly number[];
  readonly inData: number;
  readonly inSamples: number;
  /** NaN where it is not known. */
  readonly energy: number;
  /** `exp(-E - log Z)`; NaN where that is not known. */
  readonly probability: number;
}

/** Rows to be counted, with the energies of the first of them. */
export interface CountedRows {
  /** `[n, D]` */
  readonly values: Float32Array;
  readonly energies?: Float32Array | undefined;
}

/** Whether there are numbers, and each of them is a bit. */
export function areBits(values: Float32Array): boolean {
  return values.length > 0 && values.every((value) => value === 0 || value === 1);
}

/**
 * All rows that occur among data or samples, in the order in which they do.
 *
 * @param logPartition log Z over all rows that there can be, where it is known
 */
export function patternsOf(
  data: CountedRows,
  samples: CountedRows,
  dimensions: number,
  logPartition = Number.NaN,
): readonly Pattern[] {
  const found = new Map<string, { values: number[]; counts: [number, number]; energy: number }>();
  for (const [of, { values, energies }] of [data, samples].entries()) {
    for (let row = 0; (row + 1) * dimensions <= values.length; row++) {
      const own = [...values.subarray(row * dimensions, (row + 1) * dimensions)];
      const key = own.join();
      let pattern = found.get(key);
      if (pattern === undefined) {
        pattern = { values: own, counts: [0, 0], energy: Number.NaN };
        found.set(key, pattern);
      }
      pattern.counts[of]!++;
      pattern.energy = energies?.[row] ?? pattern.energy;
    }
  }
  return [...found.values()].map(({ values, counts: [inData, inSamples], energy }) => ({
    values,
    inData,
    inSamples,
    energy,
    probability: Math.exp(-energy - logPartition),
  }));
}

/** What patterns can be sorted by. */
export type PatternColumn = 'pattern' | 'inData' | 'inSamples' | 'energy' | 'probability';

/** Patterns by a column; equal ones by their numbers, those of which it is not known last. */
export function sortedPatterns(
  patterns: readonly Pattern[],
  column: PatternColumn,
  isDescending: boolean,
): readonly Pattern[] {
  const sign = isDescending ? -1 : 1;
  const byNumbers = (a: Pattern, b: Pattern) => {
    const place = a.values.findIndex((value, at) => value !== b.values[at]);
    return place < 0 ? 0 : a.values[place]! - b.values[place]!;
  };
  if (column === 'pattern') return patterns.toSorted((a, b) => sign * byNumbers(a, b));
  return patterns.toSorted((a, b) => {
    const [left, right] = [a[column], b[column]];
    const isUnknown = Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    if (isUnknown !== 0) return isUnknown;
    return left === right || Number.isNaN(left) ? byNumbers(a, b) : sign * (left < right ? -1 : 1);
  });
}
