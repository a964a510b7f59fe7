import { csvLine, csvNumber } from '../../vocabulary/csv';
import type { Series } from './series';

/**
 * Curves as comma-separated values: a header, then one row a step; a cell is empty where a curve
 * has no point. Both ends of `range` are included.
 */
export function seriesToCsv(
  curves: readonly { readonly name: string; readonly series: Series }[],
  range: readonly [number, number],
): string {
  const [from, to] = range;
  const rows = [csvLine(['step', ...curves.map(({ name }) => name)])];
  const next = curves.map(({ series }) => series.indexFrom(from));
  for (;;) {
    let step = Number.POSITIVE_INFINITY;
    for (const [k, { series }] of curves.entries()) {
      const candidate = series.stepAt(next[k]!);
      if (candidate < step) step = candidate;
    }
    if (!(step <= to) || step === Number.POSITIVE_INFINITY) return rows.join('');
    const cells = curves.map(({ series }, k) => {
      const index = next[k]!;
      if (series.stepAt(index) !== step) return '';
      next[k] = index + 1;
      return csvNumber(series.values.at(index));
    });
    rows.push(csvLine([step, ...cells]));
  }
}
