/** Distance of two lines of the hatching that stands for no number, in CSS pixels. */
export const hatchDistance = 8;

/** Where a field is not a number: in which share of its cells, and the box around them. */
export interface FieldHoles {
  /** `[resolution, resolution]`: 1 where the energy is not a number. */
  readonly mask: Uint8Array;
  /** Share of the cells, above 0 and up to 1. */
  readonly share: number;
  /** The box around them along x and y, as shares of the window. */
  readonly u: readonly [number, number];
  readonly v: readonly [number, number];
}

/**
 * Where energies are NaN; none where all are numbers. One that is infinite is a number: points there have
 * a probability of 0.
 *
 * @param field `[resolution, resolution]`, row-major, rows along y
 */
export function holesOf(field: Float32Array, resolution: number): FieldHoles | undefined {
  // Nearly always there are none, and fields are large.
  if (!field.some(Number.isNaN)) return undefined;
  const mask = Uint8Array.from(field, (energy) => Number(Number.isNaN(energy)));
  let count = 0;
  let [left, right, bottom, top] = [resolution, -1, resolution, -1];
  for (const [cell, isHole] of mask.entries()) {
    if (isHole === 0) continue;
    const [row, column] = [Math.floor(cell / resolution), cell % resolution];
    count += 1;
    left = Math.min(left, column);
    right = Math.max(right, column);
    bottom = Math.min(bottom, row);
    top = Math.max(top, row);
  }
  return {
    mask,
    share: count / mask.length,
    u: [left / resolution, (right + 1) / resolution],
    v: [bottom / resolution, (top + 1) / resolution],
  };
}

/**
 * A field that can be drawn: what is infinite is the nearer end of the scale, and what is not a number,
 * which is drawn as a hole, lies in its middle. The field itself where all is finite.
 */
export function drawableField(
  field: Float32Array,
  { low, high }: { readonly low: number; readonly high: number },
): Float32Array {
  if (field.every((energy) => Number.isFinite(energy))) return field;
  return field.map((energy) => {
    if (Number.isFinite(energy)) return energy;
    if (Number.isNaN(energy)) return (low + high) / 2;
    return energy > 0 ? high : low;
  });
}
