import type { ImageLayout } from '../../../protocol/run';
import type { Random } from '../../compiler/random/random';

/** Patches of each image. */
export const patchesOfImage = 8;

/** Pixels per side of a patch: a quarter of the image's shorter side, but 3 to 7, and no more than it has. */
export function patchSide({ height, width }: Pick<ImageLayout, 'height' | 'width'>): number {
  const shorter = Math.min(height, width);
  return Math.min(shorter, Math.max(3, Math.min(7, Math.round(shorter / 4))));
}

/**
 * Eight square patches at random places of each image, one after the other.
 *
 * @param images `[n, D]`
 * @returns `[8 n, side² · channels]`
 */
export function patchesOf(
  images: Float32Array,
  { height, width, channels }: Pick<ImageLayout, 'height' | 'width' | 'channels'>,
  random: Random,
): Float32Array {
  const side = patchSide({ height, width });
  const [size, line] = [height * width * channels, side * channels];
  const count = images.length / size;
  const patches = new Float32Array(count * patchesOfImage * side * line);
  for (let patch = 0; patch < count * patchesOfImage; patch++) {
    const image = Math.floor(patch / patchesOfImage);
    const [top, left] = [random.integer(height - side + 1), random.integer(width - side + 1)];
    for (let row = 0; row < side; row++) {
      const from = image * size + ((top + row) * width + left) * channels;
      patches.set(images.subarray(from, from + line), (patch * side + row) * line);
    }
  }
  return patches;
}
