import type { DataTransform, PreviewLayout } from '../../protocol/run';
import { formatTick, formatValue } from './number-format';
import { axisTicks } from './ticks';

/** One axis of a plot: its name, its window in model space, and how to read it in the data's units. */
export interface PlotAxis {
  readonly name: string;
  /** The window in model space. */
  readonly low: number;
  readonly high: number;
  /** `data = scale · model + mean`; 1 and 0 where the data were not standardised. */
  readonly scale: number;
  readonly mean: number;
  /** Of a category, what its values 0, 1, … are called. */
  readonly levels?: readonly string[];
  /** Whether it has ticks alone, or nothing where it is upright: numbers are at another plot of the same axis. */
  readonly isBare?: true;
}

/** Axis `dimension` of a run's previews. */
export function plotAxis(
  layout: PreviewLayout,
  transform: DataTransform | undefined,
  dimension: number,
): PlotAxis {
  const [low, high] = layout.bounds[dimension] ?? [-1, 1];
  const levels = layout.categories?.[dimension]?.levels;
  return {
    name: layout.axes[dimension] ?? `x${dimension + 1}`,
    low,
    high,
    scale: transform?.scale[dimension] ?? 1,
    mean: transform?.mean[dimension] ?? 0,
    ...(levels ? { levels } : {}),
  };
}

/** What is at a model coordinate: a number in the data's units, or the nearest level. */
export function placeText(axis: PlotAxis, model: number): string {
  return axis.levels?.[Math.round(model)] ?? formatValue(inDataUnits(axis, model));
}

/** A mark on an axis. */
interface AxisMark {
  /** As a share of the window. */
  readonly at: number;
  readonly text: string;
}

/** At most about so many marks: round numbers in the data's units, or levels, which are thinned evenly. */
export function axisMarks(axis: PlotAxis, most: number): readonly AxisMark[] {
  const { low, high, levels } = axis;
  if (levels) {
    const every = Math.ceil(levels.length / Math.max(1, most));
    return levels.flatMap((text, level) =>
      level % every === 0 ? [{ at: (level - low) / (high - low), text }] : [],
    );
  }
  const [from, to] = [inDataUnits(axis, low), inDataUnits(axis, high)];
  const { values, increment } = axisTicks(from, to, most);
  return values.map((value) => ({
    at: (value - from) / (to - from),
    text: formatTick(value, increment),
  }));
}

/**
 * Points of a plane as they are drawn: those of categories, of which many lie on the same place, spread
 * around it, each by its number.
 */
export function drawnPoints(points: Float32Array, x: PlotAxis, y: PlotAxis): Float32Array {
  if (!x.levels && !y.levels) return points;
  return points.map((value, i) => {
    const isX = i % 2 === 0;
    if (!(isX ? x : y).levels) return value;
    // The R2 sequence (Roberts 2018) fills a square evenly, whatever its length.
    const share = ((i >> 1) * (isX ? 0.7548776662466927 : 0.5698402909980532)) % 1;
    return value + spread * (share - 0.5);
  });
}

/** Of the distance between two levels, how wide their points are spread. */
const spread = 0.7;

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
