import type { Filters, PreviewLayout } from '../../../protocol/run';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Energy } from '../../methods/energies/energy-method';
import { parameterName } from './model-programs';

/** Filters that a preview has, at most, and numbers in them. */
export const mostFilters = 100;
const mostNumbers = 2 ** 17;

/** Which of the parameters are filters, and how they lie. */
export interface FilterPlan {
  /** The parameter's name, as checkpoints have it. */
  readonly parameter: string;
  /** How many units it has filters for: its last axis. */
  readonly units: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** How many columns each pixel has, where rows are one-hot. */
  readonly levels?: readonly number[];
}

/**
 * Where the weights of an energy's units are pictures: those of all pixels where rows are images, or of a
 * patch. Nothing where it has no such units, or rows are no images.
 *
 * @param parameters those of the energy
 * @param levels of each category, of categorical data
 */
export function filterPlanOf(
  { filters }: Pick<Energy, 'filters'>,
  parameters: readonly Pick<NamedTensor, 'name' | 'shape'>[],
  { image }: Pick<PreviewLayout, 'image'>,
  levels?: readonly number[],
): FilterPlan | undefined {
  const shape = parameters.find(({ name }) => name === filters)?.shape;
  if (filters === undefined || shape === undefined) return undefined;
  const parameter = parameterName(filters);
  const units = shape.at(-1)!;
  const [height, width, channels] = shape;
  const patch = { height: height!, width: width!, channels: channels! };
  const picture = shape.length === 4 ? patch : image;
  // Of other numbers of channels nobody says what colours they are.
  if (picture === undefined || (picture.channels !== 1 && picture.channels !== 3)) return undefined;
  const sides = { height: picture.height, width: picture.width, channels: picture.channels };
  return { parameter, units, ...sides, ...(levels ? { levels } : {}) };
}

/**
 * The filters of the units, or where there are many, of those whose filters have the largest norms, by the
 * numbers of the units.
 *
 * @param weights `[D, units]`, or `[height, width, channels, units]`
 */
export function filtersOf(weights: Float32Array, plan: FilterPlan): Filters {
  const { units, height, width, channels, levels } = plan;
  const numbers = height * width * channels;
  const slopes = levels ? slopesOf(weights, units, levels) : weights;
  const squares = new Float64Array(units);
  for (const [at, weight] of slopes.entries()) squares[at % units]! += weight ** 2;
  const count = Math.min(units, mostFilters, Math.max(1, Math.floor(mostNumbers / numbers)));
  const largest = Uint32Array.from(squares, (_, unit) => unit)
    .sort((a, b) => squares[b]! - squares[a]! || a - b)
    .subarray(0, count)
    .sort();
  const values = new Float32Array(count * numbers);
  for (const [row, unit] of largest.entries()) {
    for (let at = 0; at < numbers; at++) values[row * numbers + at] = slopes[at * units + unit]!;
  }
  return { values, height, width, channels, units: Float32Array.from(largest), of: units };
}

/**
 * How much a unit's input grows from one level of a pixel to the next, by least squares over its levels:
 * of two levels the difference. What is added to the weights of all levels of a pixel changes nothing, nor
 * does it change the model, but for its biases.
 *
 * @returns `[pixels, units]`
 */
function slopesOf(weights: Float32Array, units: number, levels: readonly number[]): Float32Array {
  const slopes = new Float32Array(levels.length * units);
  let column = 0;
  for (const [pixel, count] of levels.entries()) {
    const middle = (count - 1) / 2;
    // The sum of the squares of the levels' distances from their middle.
    const spread = (count * (count ** 2 - 1)) / 12;
    for (let level = 0; level < count; level++, column++) {
      const share = (level - middle) / spread;
      for (let unit = 0; unit < units; unit++) {
        slopes[pixel * units + unit]! += share * weights[column * units + unit]!;
      }
    }
  }
  return slopes;
}
