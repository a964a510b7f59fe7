import type { ImageLayout } from './run';

type Code = Pick<ImageLayout, 'from' | 'to' | 'logit'>;

/** How bright a number in model space is, 0 for the darkest and 1 for the brightest; beyond them for others. */
export function brightness(value: number, { to: [low, high], logit }: Code): number {
  if (logit === undefined) return (value - low) / (high - low);
  const share = 1 / (1 + Math.exp(-value));
  return (share - logit) / (1 - 2 * logit);
}

/** A number in model space in units of the file that the images are from. */
export function fileValue(value: number, code: Code): number {
  const [dark, bright] = code.from;
  return dark + (bright - dark) * brightness(value, code);
}
