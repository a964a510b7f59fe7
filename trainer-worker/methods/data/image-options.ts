import * as z from 'zod';
import { integer } from '../options/numbers';
import { type PixelOptions, type PixelSpec, pixelFields } from './pixels';

/** Options of images that are files of their own, or stand in one as such. */
export interface ImageFilesOptions extends Omit<PixelOptions, 'crop' | 'resize'> {
  /**
   * Height and width that all images become: of each the largest part of that shape is cut out of the
   * middle, and scaled, each pixel a weighted mean of those that it covers. Default `null`: as they are,
   * all of one size.
   */
  readonly size?: readonly [number, number] | null;
  /**
   * 1 for grey, 3 for colours, 4 for colours with opacity; images become so where they are not. Default
   * `null`: as the first of them, and all alike.
   */
  readonly channels?: 1 | 3 | 4 | null;
}

const { crop: _crop, resize: _resize, ...pixelOptions } = pixelFields;
const side = integer(1, 4096);

/** The schemas of {@link ImageFilesOptions}. @internal */
export const imageFilesFields = {
  ...pixelOptions,
  size: z.tuple([side, side]).readonly().nullable().default(null),
  channels: z
    .union([z.literal(1), z.literal(3), z.literal(4)])
    .nullable()
    .default(null),
};

/** What is done with pixels of images whose size says all of cropping and scaling. @internal */
export function pixelsOf(spec: Omit<PixelSpec, 'crop' | 'resize'>): PixelSpec {
  return { ...spec, crop: null, resize: null };
}
