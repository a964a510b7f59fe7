/**
 * `exp(-E)/Z` at the middles of the equal cells of a window, where Z is over the window, by the midpoint
 * rule; per unit of the window's coordinate. None where an energy is not a number or falls without end:
 * what is there of all mass nobody can tell.
 */
export function lineDensity(
  energies: Float32Array,
  [low, high]: readonly [number, number],
): Float64Array | undefined {
  // Against overflow: only differences of energies count.
  let least = Number.POSITIVE_INFINITY;
  for (const energy of energies) {
    if (Number.isNaN(energy) || energy === Number.NEGATIVE_INFINITY) return undefined;
    least = Math.min(least, energy);
  }
  if (!Number.isFinite(least)) return undefined;
  const weights = Float64Array.from(energies, (energy) => Math.exp(least - energy));
  const cell = (high - low) / energies.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0) * cell;
  return weights.map((weight) => weight / total);
}

/** The value at a share `u` of the window: between the middles of cells linear, constant beyond the outer ones. */
export function alongLine(values: ArrayLike<number>, u: number): number {
  const last = values.length - 1;
  const at = Math.min(last, Math.max(0, u * values.length - 0.5));
  const cell = Math.min(last, Math.floor(at));
  const next = Math.min(last, cell + 1);
  return values[cell]! + (at - cell) * (values[next]! - values[cell]!);
}
