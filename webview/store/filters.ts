import type { Filters, ImageLayout } from '../../protocol/run';
import type { RowFacts } from './sheet-order';

/** Filters as images on a scale with zero in its middle. */
export interface FilterImages {
  readonly image: ImageLayout;
  /** The largest magnitude of all weights: the scale goes from minus that to it. */
  readonly reach: number;
  readonly facts: RowFacts;
}

/** How filters are shown: all of a step on one scale, so that weak ones look weak. */
export function filterImages({ values, height, width, channels, units }: Filters): FilterImages {
  const reach = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const numbers = height * width * channels;
  const norms = units.map((_, row) =>
    Math.hypot(...values.subarray(row * numbers, (row + 1) * numbers)),
  );
  // A scale of no length has no middle.
  const range = [-(reach || 1), reach || 1] as const;
  return { image: { height, width, channels, from: range, to: range }, reach, facts: { norms } };
}
