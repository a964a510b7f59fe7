/** A rule for integrals over a box, with a second one of lower degree on the same points. */
export interface CubatureRule {
  /** Each point's place in `[-1, 1]^D`. */
  readonly points: readonly (readonly number[])[];
  /** Shares of the box's volume, of the rule that counts. */
  readonly weights: readonly number[];
  /** Those of the rule it is compared with. */
  readonly embedded: readonly number[];
  /**
   * Along which side values at the points vary least like a parabola: a box is halved across it.
   *
   * @param values at the points
   * @param sides lengths of the box, which decide where values do not
   */
  roughest(values: ArrayLike<number>, sides: readonly number[]): number;
}

/**
 * The rule for so many dimensions.
 *
 * @throws RangeError where there is none
 */
export function cubatureRule(dimensions: number): CubatureRule {
  if (dimensions === 1) return gaussKronrod;
  if (dimensions === 2) return genzMalik;
  throw new RangeError(`There is a rule for 1 or 2 dimensions, not ${dimensions}.`);
}

/** The positive half of the Kronrod points, with their weights and Gauss's (0: not one of his). */
const kronrod: readonly (readonly [point: number, weight: number, gauss: number])[] = [
  [0.9914553711208126, 0.022935322010529224, 0],
  [0.9491079123427585, 0.06309209262997856, 0.1294849661688697],
  [0.8648644233597691, 0.10479001032225019, 0],
  [0.7415311855993945, 0.14065325971552592, 0.27970539148927664],
  [0.5860872354676911, 0.1690047266392679, 0],
  [0.4058451513773972, 0.19035057806478542, 0.3818300505051189],
  [0.20778495500789848, 0.20443294007529889, 0],
];
const [kronrodMiddle, gaussMiddle] = [0.20948214108472782, 0.4179591836734694];

/** Gauss–Kronrod's 7 and 15 points, of degree 13 and 22 (Piessens et al., QUADPACK, 1983). */
const gaussKronrod: CubatureRule = {
  points: [...kronrod.map(([at]) => [-at]), [0], ...kronrod.map(([at]) => [at]).reverse()],
  weights: symmetric(
    kronrod.map(([, weight]) => weight / 2),
    kronrodMiddle / 2,
  ),
  embedded: symmetric(
    kronrod.map(([, , gauss]) => gauss / 2),
    gaussMiddle / 2,
  ),
  roughest: () => 0,
};

function symmetric(half: readonly number[], middle: number): readonly number[] {
  return [...half, middle, ...half.toReversed()];
}

const near = Math.sqrt(9 / 70);
const far = Math.sqrt(9 / 10);
const corner = Math.sqrt(9 / 19);
const signs = [-1, 1];

/**
 * Genz and Malik's rule of degree 7 with one of degree 5 inside, 17 points in the plane (Genz & Malik
 * 1980, An adaptive algorithm for numerical integration over an N-dimensional rectangular region).
 */
const genzMalik: CubatureRule = {
  points: [
    [0, 0],
    ...[near, far].flatMap((at) =>
      [0, 1].flatMap((side) => signs.map((sign) => along(side, sign * at))),
    ),
    ...[far, corner].flatMap((at) => signs.flatMap((x) => signs.map((y) => [x * at, y * at]))),
  ],
  weights: classes(-3816 / 19683, 980 / 6561, 1020 / 19683, 200 / 19683, 6859 / 78732),
  embedded: classes(-971 / 729, 245 / 486, 65 / 1458, 25 / 729, 0),
  roughest(values, sides) {
    const [across, up] = [0, 1].map((side) => {
      const [twice, nearby, apart] = [2 * values[0]!, 1 + 2 * side, 5 + 2 * side];
      const second = (at: number) => values[at]! + values[at + 1]! - twice;
      return Math.abs(second(nearby) - second(apart) / 7);
    }) as [number, number];
    if (across === up) return sides[0]! >= sides[1]! ? 0 : 1;
    return across > up ? 0 : 1;
  },
};

function along(side: number, at: number): readonly number[] {
  return side === 0 ? [at, 0] : [0, at];
}

/** A weight for each point, by where it lies: middle, near and far on the axes, and two on diagonals. */
function classes(middle: number, ...others: readonly number[]): readonly number[] {
  return [middle, ...others.flatMap((weight) => [weight, weight, weight, weight])];
}
