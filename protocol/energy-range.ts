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
