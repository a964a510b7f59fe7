import type { DataTransform, PreviewLayout } from '../../protocol/run';

/** One axis of a plot: its name, its window in model space, and how to read it in the data's units. */
export interface PlotAxis {
  readonly name: string;
  /** The window in model space. */
  readonly low: number;
  readonly high: number;
  /** `data = scale · model + mean`; 1 and 0 where the data were not standardised. */
  readonly scale: number;
  readonly mean: number;
}

/** Axis `dimension` of a run's previews. */
export function plotAxis(
  layout: PreviewLayout,
  transform: DataTransform | undefined,
  dimension: number,
): PlotAxis {
  const [low, high] = layout.bounds[dimension] ?? [-1, 1];
  return {
    name: layout.axes[dimension] ?? `x${dimension + 1}`,
    low,
    high,
    scale: transform?.scale[dimension] ?? 1,
    mean: transform?.mean[dimension] ?? 0,
  };
}

/** A model coordinate in the data's units. */
export function inDataUnits(axis: PlotAxis, model: number): number {
  return axis.scale * model + axis.mean;
}

/**
 * Width over height of the plot. Axes that are coordinates of one plane (not columns with names of
 * their own, which may be millimetres and grams) get equal scales in the data's units, unless that
 * would make a sliver; all others share a square.
 */
export function plotAspect(x: PlotAxis, y: PlotAxis): number {
  const isCoordinate = /^[a-z]\d*$/i;
  if (!isCoordinate.test(x.name) || !isCoordinate.test(y.name)) return 1;
  const aspect = ((x.high - x.low) * x.scale) / ((y.high - y.low) * y.scale);
  return aspect >= 0.4 && aspect <= 2.5 ? aspect : 1;
}
