import type { EnergyRange } from '../../protocol/energy-range';

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
