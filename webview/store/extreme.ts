import type { Series } from './series';

/** A value of a curve and the step where it is. */
export interface Extreme {
  readonly step: number;
  readonly value: number;
}

/** The lowest or the highest finite value of a curve, where it was first reached. O(log² n). */
export function extremeOf(series: Series, which: 'lowest' | 'highest'): Extreme | undefined {
  const { values, length } = series;
  const all = values.range(0, length);
  if (all === undefined) return undefined;
  const value = which === 'lowest' ? all.min : all.max;
  const isReached = (end: number) => {
    const found = values.range(0, end);
    return found !== undefined && (which === 'lowest' ? found.min : found.max) === value;
  };
  // The shortest beginning of the curve that has it ends with it.
  let low = 1;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached(middle)) high = middle;
    else low = middle + 1;
  }
  return { step: series.stepAt(low - 1), value };
}
