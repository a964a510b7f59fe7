/**
 * The perceptual colour map viridis (van der Walt & Smith, matplotlib 1.5, 2015), as the polynomials
 * of degree six that Matt Zucker fitted to it (https://www.shadertoy.com/view/WlfXRN, CC0). Off by at
 * most about 0.01 a channel.
 */
const coefficients = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
] as const;

/** Red, green and blue, 0 to 1, at `t` from 0 (dark) to 1 (bright). */
export function viridis(t: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, t));
  const channel = (k: 0 | 1 | 2) => {
    const sum = coefficients.reduceRight((above, c) => above * at + c[k], 0);
    return Math.min(1, Math.max(0, sum));
  };
  return [channel(0), channel(1), channel(2)];
}

/** The map as `[256, 4]` bytes of red, green, blue and alpha. */
export const viridisTable: Uint8Array = Uint8Array.from({ length: 4 * 256 }, (_, i) => {
  const k = i % 4;
  return k === 3 ? 255 : Math.round(255 * viridis(Math.floor(i / 4) / 255)[k]!);
});
