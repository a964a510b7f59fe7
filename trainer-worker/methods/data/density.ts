/** A point of the plane. */
export type Point = readonly [number, number];

/** Log-density of isotropic Gaussian noise at a squared distance from its middle. */
export function logGaussian2(distance2: number, deviation: number): number {
  return -distance2 / (2 * deviation ** 2) - Math.log(2 * Math.PI * deviation ** 2);
}

/** log Σ exp, without overflow. */
export function logSumExp(values: ArrayLike<number>): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) highest = Math.max(highest, values[i]!);
  if (highest === Number.NEGATIVE_INFINITY) return highest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const below = values[i]! - highest;
    // What is smaller does not reach the last bit of a sum of up to 10⁹ terms, and is most of them.
    if (below > -60) sum += Math.exp(below);
  }
  return highest + Math.log(sum);
}

/**
 * Log-density of the mean of Gaussians around points of curves: the midpoint rule for noise around
 * curves, with as many nodes as keep neighbours much closer than the noise is wide.
 *
 * @param curves each `t ↦ point` for t uniform in [0, 1), all equally likely
 * @param length of the longest curve where t passes fastest, `max |d point / dt|`
 */
export function aroundCurves(
  curves: readonly ((t: number) => Point)[],
  length: number,
  deviation: number,
): ((point: ArrayLike<number>) => number) | undefined {
  // The rule errs by (spacing / deviation)² / 24 of the value, and only at the ends of a curve.
  const nodes = Math.ceil((16 * length) / deviation);
  // A line without width has no density; of a hair's width, none in reasonable time.
  if (deviation === 0 || nodes > 100_000) return undefined;
  const middles = curves.flatMap((curve) =>
    Array.from({ length: nodes }, (_, i) => curve((i + 0.5) / nodes)),
  );
  const logNorm = Math.log(middles.length) + Math.log(2 * Math.PI * deviation ** 2);
  const squaresNear = nearestSquares(middles, 2 * negligible * deviation ** 2);
  return (point) => {
    const squares = squaresNear(point[0]!, point[1]!);
    const terms = squares.map((square) => -square / (2 * deviation ** 2));
    return logSumExp(terms) - logNorm;
  };
}

/** Nats below the largest term from which on 10⁷ others do not reach the tenth digit. */
const negligible = 40;
/** Neighbours on a curve that are looked at together. */
const stretch = 64;

/**
 * The squared distances from a place to all points that are hardly farther than the nearest, and to some
 * others. Asked for at every point of an integral: nothing but numbers in the loops.
 *
 * @param points neighbours on curves
 * @param slack how much larger squares than the smallest are of interest
 */
function nearestSquares(
  points: readonly Point[],
  slack: number,
): (x: number, y: number) => Float64Array {
  const xs = Float64Array.from(points, ([x]) => x);
  const ys = Float64Array.from(points, ([, y]) => y);
  const count = Math.ceil(points.length / stretch);
  // Of each stretch a point in its middle, and how far the others are from it.
  const middles = Uint32Array.from({ length: count }, (_, i) =>
    Math.min(i * stretch + stretch / 2, points.length - 1),
  );
  const reaches = Float64Array.from(middles, (middle, i) => {
    let reach = 0;
    for (let k = i * stretch; k < Math.min((i + 1) * stretch, xs.length); k++) {
      reach = Math.max(reach, Math.hypot(xs[k]! - xs[middle]!, ys[k]! - ys[middle]!));
    }
    return reach;
  });
  const apart = new Float64Array(count);
  const squares = new Float64Array(points.length);
  return (x, y) => {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const dx = x - xs[middles[i]!]!;
      const dy = y - ys[middles[i]!]!;
      apart[i] = Math.sqrt(dx * dx + dy * dy);
      if (apart[i]! < least) least = apart[i]!;
    }
    const farthest = Math.sqrt(least * least + slack);
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (apart[i]! - reaches[i]! > farthest) continue;
      const end = Math.min((i + 1) * stretch, xs.length);
      for (let k = i * stretch; k < end; k++) {
        const dx = x - xs[k]!;
        const dy = y - ys[k]!;
        squares[found++] = dx * dx + dy * dy;
      }
    }
    return squares.subarray(0, found);
  };
}

/** `log(exp(-x) I₀(x))` for x ≥ 0, to 2e-7 (Abramowitz & Stegun, 9.8.1 and 9.8.2). */
export function logBesselI0(x: number): number {
  const series = (t: number, coefficients: readonly number[]) =>
    coefficients.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  if (x < 3.75) {
    const small = [1, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813];
    return Math.log(series((x / 3.75) ** 2, small)) - x;
  }
  const large = [
    0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537,
    -0.01647633, 0.00392377,
  ];
  return Math.log(series(3.75 / x, large)) - Math.log(x) / 2;
}

/** erfc to 1.2e-7 of its value (Press et al., Numerical Recipes, section 6.2). */
function erfc(x: number): number {
  const t = 2 / (2 + Math.abs(x));
  const coefficients = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418,
    0.37409196, 1.00002368, -1.26551223,
  ];
  const series = coefficients.reduce((sum, coefficient) => sum * t + coefficient, 0);
  const value = t * Math.exp(-x * x + series);
  return x >= 0 ? value : 2 - value;
}

/**
 * The chance that a normal number with this deviation around `x` falls between `low` and `high`; far
 * from both, relative to its small value.
 */
export function massBetween(low: number, high: number, x: number, deviation: number): number {
  if (deviation === 0) return Number(x >= low && x < high);
  const scaled = (edge: number) => (edge - x) / (deviation * Math.SQRT2);
  const [a, b] = [scaled(low), scaled(high)];
  // Differences are taken on the side where both tails are small.
  return a + b > 0 ? (erfc(a) - erfc(b)) / 2 : (erfc(-b) - erfc(-a)) / 2;
}
