import type { ComparedRun } from '../../protocol/compare';
import { type EnergyRange, robustRange } from '../../protocol/energy-range';

/** A run, as far as where its pictures lie is concerned. */
type PicturedRun = Pick<ComparedRun, 'preview' | 'transform'>;

/** Of fields that are looked at time and again, worked out once; none where no energy is finite. */
const knownRanges = new WeakMap<Float32Array, EnergyRange | 'none'>();

function rangeOf(field: Float32Array): EnergyRange | 'none' {
  const known = knownRanges.get(field);
  if (known) return known;
  const isKnown = field.some((energy) => Number.isFinite(energy));
  const range = isKnown ? robustRange(field) : 'none';
  knownRanges.set(field, range);
  return range;
}

/** One range of colours for several fields; none where no energy is finite. */
export function commonRange(fields: readonly Float32Array[]): EnergyRange | undefined {
  const ranges = fields.map(rangeOf).filter((range) => range !== 'none');
  if (ranges.length === 0) return undefined;
  return {
    low: Math.min(...ranges.map(({ low }) => low)),
    high: Math.max(...ranges.map(({ high }) => high)),
  };
}

/** Whether two runs' previews lie in one window, in units of their data. */
export function isOneWindow(one: PicturedRun, other: PicturedRun): boolean {
  const windowOf = ({ preview, transform }: PicturedRun) => {
    const { bounds = [], image, dimensions = 0 } = preview ?? {};
    if (image) return JSON.stringify(image);
    return bounds.slice(0, Math.min(2, dimensions)).flatMap((ends, axis) => {
      const scale = transform?.scale[axis] ?? 1;
      return ends.map((end) => scale * end + (transform?.mean[axis] ?? 0));
    });
  };
  const [a, b] = [windowOf(one), windowOf(other)];
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  if (a.length !== b.length) return false;
  // Within a hair: what nobody sees is no difference.
  return a.every((end, at) => {
    const width = Math.abs(a[at | 1]! - a[at & ~1]!);
    return Math.abs(end - b[at]!) <= 0.002 * width;
  });
}
