/** Line segments, x0 y0 x1 y1 of each, 0 to 1 over the window. */
export type Segments = readonly number[];

/**
 * Line segments along which a field takes the value `level`, by marching squares between cell
 * centres (Lorensen & Cline 1987 in two dimensions; saddles are resolved by the mean of the cell).
 *
 * @param field `[resolution, resolution]`, row-major, rows along y
 */
export function contourSegments(field: Float32Array, resolution: number, level: number): Segments {
  return contours(field, resolution, { levelOf: () => level, first: 0, last: 0 }).get(0) ?? [];
}

/** Levels of the contours of a field, numbered so that they ascend with their numbers. */
export interface ContourLevels {
  readonly levelOf: (number: number) => number;
  /** The number of the last level that is not above a value, or any smaller one. */
  readonly upTo?: (value: number) => number;
  readonly first: number;
  readonly last: number;
}

/** Levels at all multiples of `step` within a range. */
export function evenLevels(step: number, [low, high]: readonly [number, number]): ContourLevels {
  return {
    levelOf: (number) => number * step,
    // One less, since the quotient may have been rounded up.
    upTo: (value) => Math.floor(value / step) - 1,
    first: Math.ceil(low / step),
    last: Math.floor(high / step),
  };
}

/**
 * {@link contourSegments} of several levels in one pass over the cells, each of which few of the levels
 * cross.
 *
 * @returns the segments of each level that the field crosses, by its number
 */
export function contours(
  field: Float32Array,
  resolution: number,
  { levelOf, upTo, first, last }: ContourLevels,
): ReadonlyMap<number, Segments> {
  const found = new Map<number, number[]>();
  for (let row = 0; row + 1 < resolution; row++) {
    for (let column = 0; column + 1 < resolution; column++) {
      const at = row * resolution + column;
      const southWest = field[at]!;
      const southEast = field[at + 1]!;
      const northWest = field[at + resolution]!;
      const northEast = field[at + resolution + 1]!;
      const least = Math.min(southWest, southEast, northWest, northEast);
      const most = Math.max(southWest, southEast, northWest, northEast);
      // Also where one of them is no number: both are none then.
      if (!(most - least < Number.POSITIVE_INFINITY)) continue;
      for (let k = upTo ? Math.max(first, upTo(least)) : first; k <= last; k++) {
        const level = levelOf(k);
        if (level > most) break;
        if (level <= least) continue;
        let segments = found.get(k);
        if (!segments) {
          segments = [];
          found.set(k, segments);
        }
        corners[0] = southWest - level;
        corners[1] = southEast - level;
        corners[2] = northEast - level;
        corners[3] = northWest - level;
        addSegments(segments, column, row, resolution);
      }
    }
  }
  return found;
}

/** Of the cell that is looked at: what is above the level in its corners, counterclockwise from south west. */
const corners = new Float64Array(4);
/** Where its sides are crossed, x and y of each: south, east, north, west. */
const crossings = new Float64Array(8);
/** Where the corners lie within the cell, counterclockwise from south west. */
const [cornerX, cornerY] = [
  [0, 1, 1, 0],
  [0, 0, 1, 1],
] as const;

/** Adds what crosses the level between the four corners. */
function addSegments(segments: number[], column: number, row: number, resolution: number): void {
  let crossed = 0;
  for (let side = 0; side < 4; side++) {
    const next = (side + 1) % 4;
    const [a, b] = [corners[side]!, corners[next]!];
    if (a < 0 === b < 0) continue;
    const t = a / (a - b);
    const x = cornerX[side]! + t * (cornerX[next]! - cornerX[side]!);
    const y = cornerY[side]! + t * (cornerY[next]! - cornerY[side]!);
    crossings[2 * crossed] = (column + x + 0.5) / resolution;
    crossings[2 * crossed + 1] = (row + y + 0.5) / resolution;
    crossed += 1;
  }
  if (crossed === 2) {
    add(segments, 0, 1);
  } else if (crossed === 4) {
    // A saddle. The middle joins like with like.
    const mean = (corners[0]! + corners[1]! + corners[2]! + corners[3]!) / 4;
    const joinsSouthWest = mean < 0 === corners[0]! < 0;
    add(segments, 0, joinsSouthWest ? 1 : 3);
    add(segments, 2, joinsSouthWest ? 3 : 1);
  }
}

/** Adds the line between two crossings. */
function add(segments: number[], from: number, to: number): void {
  segments.push(
    crossings[2 * from]!,
    crossings[2 * from + 1]!,
    crossings[2 * to]!,
    crossings[2 * to + 1]!,
  );
}
