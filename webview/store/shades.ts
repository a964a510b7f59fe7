import type { Rgba } from './contrast';

/** How much of red (0), green (1) or blue (2) a number has, 0 to 1. */
export type Shade = (value: number, channel: number) => number;

/** Colours from -`reach` through the ground, which is zero, to `reach`; what is beyond is cut. */
export function signedShade(
  reach: number,
  { below, ground, above }: { readonly below: Rgba; readonly ground: Rgba; readonly above: Rgba },
): Shade {
  return (value, channel) => {
    const share = reach > 0 ? Math.min(1, Math.abs(value) / reach) : 0;
    const [from, to] = [ground[channel]!, (value < 0 ? below : above)[channel]!];
    return Number.isNaN(value) ? value : from + share * (to - from);
  };
}
