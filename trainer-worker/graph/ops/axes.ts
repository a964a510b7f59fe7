import { util } from '@tensorflow/tfjs';
import { normalizeAxes, type Shape } from '../shape';

/**
 * The axes that a kernel is given, all where it is given none: counted from the front, sorted, each
 * once.
 *
 * @throws Error in tfjs's own words where one of them is no axis of this shape
 */
export function axesIn(
  shape: Shape,
  given: number | readonly number[] | null | undefined,
): number[] {
  return normalizeAxes(util.parseAxisParam(given as number[], [...shape]), shape.length);
}
