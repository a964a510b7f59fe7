/** How far colours stand out from a ground, and colours that do so enough (WCAG 2.2, 1.4.3 and 1.4.11). */

/** Red, green, blue and alpha, 0 to 1, not premultiplied. */
export type Rgba = readonly [red: number, green: number, blue: number, alpha: number];

/** What lines and marks have to stand out by at least (WCAG 2.2, 1.4.11). */
const leastContrast = 3;

/** WCAG's ratio of two colours as they are seen, 1 to 21; `ground` is opaque, `color` is laid over it. */
export function contrastOf(color: Rgba, ground: Rgba): number {
  const [a, b] = [luminanceOf(over(color, ground)), luminanceOf(ground)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/**
 * `color` without its transparency, where it stands out from `ground` by `least`; else the nearest mix of
 * it with white or black that does, whichever of the two stands out more.
 */
export function legible(color: Rgba, ground: Rgba, least = leastContrast): Rgba {
  const opaque: Rgba = [color[0], color[1], color[2], 1];
  if (contrastOf(opaque, ground) >= least) return opaque;
  const [white, black]: readonly Rgba[] = [
    [1, 1, 1, 1],
    [0, 0, 0, 1],
  ];
  const end = contrastOf(white!, ground) > contrastOf(black!, ground) ? white! : black!;
  return firstMix(opaque, end, (mixed) => contrastOf(mixed, ground) >= least);
}

/**
 * `color` faded towards `ground` as far as it still stands out by `least`: what is beneath something
 * else, and yet to be seen.
 */
export function subdued(color: Rgba, ground: Rgba, least = leastContrast): Rgba {
  const whole = legible(color, ground, least);
  return firstMix(ground, whole, (mixed) => contrastOf(mixed, ground) >= least);
}

/** As CSS has it. */
export function cssColor([red, green, blue, alpha]: Rgba): string {
  return `rgba(${255 * red}, ${255 * green}, ${255 * blue}, ${alpha})`;
}

/** The first of 100 steps from `from` to `to` that will do; `to` where none does. */
function firstMix(from: Rgba, to: Rgba, willDo: (mixed: Rgba) => boolean): Rgba {
  for (let k = 1; k < 100; k++) {
    const mix = (i: 0 | 1 | 2) => from[i] + (k / 100) * (to[i] - from[i]);
    const mixed: Rgba = [mix(0), mix(1), mix(2), 1];
    if (willDo(mixed)) return mixed;
  }
  return to;
}

function over(color: Rgba, ground: Rgba): Rgba {
  const mix = (i: 0 | 1 | 2) => color[3] * color[i] + (1 - color[3]) * ground[i];
  return [mix(0), mix(1), mix(2), 1];
}

function luminanceOf([red, green, blue]: Rgba): number {
  const linear = (value: number) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
