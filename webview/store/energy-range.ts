/** Energies at the two ends of the colour scale. */
export interface EnergyRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The range of energies that colours are spread over: from the 1st to the 90th percentile of the
 * finite ones. The energy of a window's corners grows without bound and says nothing; the valleys
 * are what is looked at. At least a hair wide; `[0, 1]` where no energy is finite.
 */
export function robustRange(field: Float32Array): EnergyRange {
  const finite = field.filter((energy) => Number.isFinite(energy)).sort();
  if (finite.length === 0) return { low: 0, high: 1 };
  const low = finite[Math.floor(0.01 * (finite.length - 1))]!;
  const high = finite[Math.ceil(0.9 * (finite.length - 1))]!;
  const least = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
  return high - low >= least ? { low, high } : { low: low - least / 2, high: low + least / 2 };
}

/**
 * A range between the one shown and that of the next preview, so that the colours drift rather than
 * flicker. A range that has little to do with the one shown is taken at once.
 */
export function drifted(shown: EnergyRange | undefined, next: EnergyRange): EnergyRange {
  if (shown === undefined) return next;
  const width = shown.high - shown.low;
  const nextWidth = next.high - next.low;
  const isFar =
    nextWidth > 3 * width ||
    width > 3 * nextWidth ||
    Math.abs(next.low - shown.low) > Math.max(width, nextWidth);
  if (isFar) return next;
  const mix = (from: number, to: number) => from + 0.4 * (to - from);
  return { low: mix(shown.low, next.low), high: mix(shown.high, next.high) };
}

/**
 * The energy at a point by bilinear interpolation between cell centres, as the picture has it.
 *
 * @param field `[resolution, resolution]`, row-major, rows along y
 * @param u position along x, 0 to 1 over the window
 * @param v position along y, 0 to 1 over the window
 */
export function energyAt(field: Float32Array, resolution: number, u: number, v: number): number {
  const clamp = (cell: number) => Math.min(resolution - 1, Math.max(0, cell));
  const x = clamp(u * resolution - 0.5);
  const y = clamp(v * resolution - 0.5);
  const column = Math.floor(x);
  const row = Math.floor(y);
  const right = clamp(column + 1);
  const above = clamp(row + 1);
  const at = (r: number, c: number) => field[r * resolution + c]!;
  const lower = at(row, column) + (x - column) * (at(row, right) - at(row, column));
  const upper = at(above, column) + (x - column) * (at(above, right) - at(above, column));
  return lower + (y - row) * (upper - lower);
}
