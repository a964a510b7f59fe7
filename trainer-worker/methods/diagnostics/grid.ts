import type { Bounds } from '../data/bounds';

/**
 * The centres of `resolution` cells a side of a window of one or two dimensions,
 * `[resolution^D, D]`. Row-major: the first coordinate changes fastest.
 */
export function gridPoints(bounds: Bounds, resolution: number): Float32Array {
  const [horizontal, vertical] = bounds;
  if (horizontal === undefined || bounds.length > 2) {
    throw new RangeError(`A grid needs 1 or 2 dimensions, not ${bounds.length}.`);
  }
  if (vertical === undefined) {
    return Float32Array.from({ length: resolution }, (_, i) => centre(horizontal, i, resolution));
  }
  const points = new Float32Array(resolution * resolution * 2);
  let i = 0;
  for (let row = 0; row < resolution; row++) {
    for (let column = 0; column < resolution; column++) {
      points[i++] = centre(horizontal, column, resolution);
      points[i++] = centre(vertical, row, resolution);
    }
  }
  return points;
}

function centre([low, high]: readonly [number, number], cell: number, cells: number): number {
  return low + ((cell + 0.5) * (high - low)) / cells;
}
