/**
 * The Gauss–Legendre rule on [0, 1]: exact for polynomials of degree 2 · count − 1. Nodes are roots of
 * the Legendre polynomial, found by Newton's method (Abramowitz & Stegun, 25.4.29).
 */
export function gaussLegendre(
  count: number,
): readonly { readonly node: number; readonly weight: number }[] {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 0;
    // The starting values are so close that Newton's method is exact to rounding after five.
    for (let iteration = 0; iteration < 8; iteration++) {
      let [before, value] = [1, x];
      for (let n = 2; n <= count; n++) {
        [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
      }
      slope = (count * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    return { node: (1 + x) / 2, weight: 1 / ((1 - x * x) * slope * slope) };
  });
}
