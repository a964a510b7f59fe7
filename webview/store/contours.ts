/**
 * Line segments along which a field takes the value `level`, by marching squares between cell
 * centres (Lorensen & Cline 1987 in two dimensions; saddles are resolved by the mean of the cell).
 *
 * @param field `[resolution, resolution]`, row-major, rows along y
 * @returns x0 y0 x1 y1 of each segment, 0 to 1 over the window
 */
export function contourSegments(
  field: Float32Array,
  resolution: number,
  level: number,
): readonly number[] {
  const segments: number[] = [];
  for (let row = 0; row + 1 < resolution; row++) {
    for (let column = 0; column + 1 < resolution; column++) {
      const at = row * resolution + column;
      const southWest = field[at]! - level;
      const southEast = field[at + 1]! - level;
      const northWest = field[at + resolution]! - level;
      const northEast = field[at + resolution + 1]! - level;
      const isLow = southWest < 0;
      if (isLow === southEast < 0 && isLow === northWest < 0 && isLow === northEast < 0) continue;
      const corners = { southWest, southEast, northWest, northEast };
      addSegments(segments, corners, column, row, resolution);
    }
  }
  return segments;
}

/** The energies above the level in the corners of a cell between four middles. */
interface Corners {
  readonly southWest: number;
  readonly southEast: number;
  readonly northWest: number;
  readonly northEast: number;
}

/** Adds what crosses the level between four middles. */
function addSegments(
  segments: number[],
  { southWest, southEast, northWest, northEast }: Corners,
  column: number,
  row: number,
  resolution: number,
): void {
  const mean = (southWest + southEast + northWest + northEast) / 4;
  if (!Number.isFinite(mean)) return;
  const crossings: number[] = [];
  const cross = (a: number, b: number, x: number, y: number, dx: number, dy: number) => {
    if (a < 0 === b < 0) return;
    const t = a / (a - b);
    crossings.push((column + x + t * dx + 0.5) / resolution, (row + y + t * dy + 0.5) / resolution);
  };
  cross(southWest, southEast, 0, 0, 1, 0);
  cross(southEast, northEast, 1, 0, 0, 1);
  cross(northWest, northEast, 0, 1, 1, 0);
  cross(southWest, northWest, 0, 0, 0, 1);
  if (crossings.length === 4) {
    segments.push(...crossings);
  } else if (crossings.length === 8) {
    // A saddle: south, east, north, west are all crossed. The middle joins like with like.
    const [south, east, north, west] = [0, 2, 4, 6].map((k) => crossings.slice(k, k + 2));
    const joinsSouthWest = mean < 0 === southWest < 0;
    if (joinsSouthWest) segments.push(...south!, ...east!, ...north!, ...west!);
    else segments.push(...south!, ...west!, ...north!, ...east!);
  }
}
