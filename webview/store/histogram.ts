/** Shares of values in equal bins over a window; values outside are counted in the total only. */
export interface Histogram {
  /** Density per bin: the share of values divided by the bin's width. */
  readonly densities: Float64Array;
  readonly outside: number;
}

/** The histogram of `count` values over `[low, high]`. */
export function histogram(
  values: Float32Array,
  low: number,
  high: number,
  bins: number,
): Histogram {
  const densities = new Float64Array(bins);
  const width = (high - low) / bins;
  let outside = 0;
  for (const value of values) {
    const bin = Math.floor((value - low) / width);
    // The upper edge belongs to the last bin.
    if (bin >= 0 && bin < bins) densities[bin]!++;
    else if (value === high) densities[bins - 1]!++;
    else outside++;
  }
  for (let bin = 0; bin < bins; bin++) densities[bin]! /= Math.max(1, values.length) * width;
  return { densities, outside };
}
