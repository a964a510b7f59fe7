import type { ImageLayout } from './run';

type Code = Pick<ImageLayout, 'from' | 'to' | 'logit'>;

/** How bright a number in model space is, 0 for the darkest and 1 for the brightest; beyond them for others. */
export function brightness(value: number, code: Code): number {
  return brightnessIn(code)(value);
}

/** The same for many numbers. */
export function brightnessIn({ to: [low, high], logit }: Code): (value: number) => number {
  if (logit === undefined) return (value) => (value - low) / (high - low);
  return (value) => (1 / (1 + Math.exp(-value)) - logit) / (1 - 2 * logit);
}

/** A number in model space in units of the file that the images are from. */
export function fileValue(value: number, code: Code): number {
  return fileValueIn(code)(value);
}

/** The same for many numbers. */
export function fileValueIn(code: Code): (value: number) => number {
  const [dark, bright] = code.from;
  const shareOf = brightnessIn(code);
  return (value) => dark + (bright - dark) * shareOf(value);
}
