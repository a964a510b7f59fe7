import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { integer } from '../options/numbers';

/** Height, width and channels of images that rows of data are. */
export type ImageShape = readonly [height: number, width: number, channels: number];

const side = integer(1, 16_384);

/** The schema of an {@link ImageShape}. @internal */
export const imageShapeField = z.tuple([side, side, side]);

/** @throws ProblemError (`experiment`) where rows of data are no such images */
export function requireImageRows(type: string, shape: ImageShape, dimensions: number): void {
  const [height, width, depth] = shape;
  if (height * width * depth === dimensions) return;
  throw new ProblemError({
    kind: 'experiment',
    message: `energy.${type}: images of ${shape.join(' × ')} have ${height * width * depth} numbers, but a data row has ${dimensions}.`,
    remedy: 'Set shape to height, width and channels of the images.',
  });
}
