import type { Rgba } from './contrast';

/** From which share of the colour map on contour lines are dark; below they are light. */
export const brightFrom = 0.45;

/** Ink of contour lines on the bright and on the dark colours of the map, each legible on all of them. */
export const contourInks: { readonly onBright: Rgba; readonly onDark: Rgba } = {
  onBright: [0, 0, 0, 0.6],
  onDark: [1, 1, 1, 0.8],
};
