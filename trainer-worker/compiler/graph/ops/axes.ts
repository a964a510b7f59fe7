import { util } from '@tensorflow/tfjs';
import { normalizeAxes, type Shape } from '../shape';

/**
 * The axes that a kernel is given, all where it is given none: counted from the front, sorted.
 *
 * @throws Error where one of them is no axis of this shape, in tfjs's own words, or is named twice
 */
export function axesIn(
  shape: Shape,
  given: number | readonly number[] | null | undefined,
): number[] {
  const named = util.parseAxisParam(given as number[], [...shape]);
  const axes = normalizeAxes(named, shape.length);
  if (axes.length < named.length)
    throw new Error(`An axis is named twice in [${named.join(', ')}].`);
  return axes;
}
