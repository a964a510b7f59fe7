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
  const copy = new Float32Array(field.length);
  let count = 0;
  for (let cell = 0; cell < field.length; cell++) {
    const energy = field[cell]!;
    // Of what is not finite nothing is left by itself.
    if (energy - energy === 0) copy[count++] = energy;
  }
  const finite = copy.subarray(0, count);
  if (finite.length === 0) return { low: 0, high: 1 };
  const high = inOrder(finite, Math.ceil(0.9 * (finite.length - 1)));
  const low = inOrder(finite, Math.floor(0.01 * (finite.length - 1)));
  const least = 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
  return high - low >= least ? { low, high } : { low: low - least / 2, high: low + least / 2 };
}

/**
 * The number that would be at a place if all were sorted (Hoare's FIND, 1961): in a time that grows as
 * their count does. Changes their order.
 */
function inOrder(values: Float32Array, place: number): number {
  let [from, to] = [0, values.length - 1];
  while (from < to) {
    const pivot = values[place]!;
    let [i, j] = [from, to];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (pivot < values[j]!) j--;
      if (i > j) break;
      const swapped = values[i]!;
      values[i] = values[j]!;
      values[j] = swapped;
      i++;
      j--;
    }
    if (j < place) from = i;
    if (place < i) to = j;
  }
  return values[place]!;
}
