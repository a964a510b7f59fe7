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
  const rows = [['step', ...curves.map(({ name }) => quoted(name))].join(',')];
  const next = curves.map(({ series }) => series.indexFrom(from));
  for (;;) {
    let step = Number.POSITIVE_INFINITY;
    for (const [k, { series }] of curves.entries()) {
      const candidate = series.stepAt(next[k]!);
      if (candidate < step) step = candidate;
    }
    if (!(step <= to) || step === Number.POSITIVE_INFINITY) return `${rows.join('\n')}\n`;
    const cells = curves.map(({ series }, k) => {
      const index = next[k]!;
      if (series.stepAt(index) !== step) return '';
      next[k] = index + 1;
      return String(series.values.at(index));
    });
    rows.push([step, ...cells].join(','));
  }
}

function quoted(name: string): string {
  return /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
