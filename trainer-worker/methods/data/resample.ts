/** Pixels of an image, rows from the top, channels together; whole numbers of 0 to 255 where they are bytes. */
export type Pixels = Uint8Array | Float32Array;

/** Height, width and channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * The middle of an image; where it is not exact, one pixel more is left out on the right or below.
 *
 * @param to height and width, no more than those of the image
 */
export function cropped<P extends Pixels>(
  pixels: P,
  [height, width, channels]: ImageShape,
  [newHeight, newWidth]: readonly [number, number],
): P {
  const top = Math.floor((height - newHeight) / 2);
  const left = Math.floor((width - newWidth) / 2);
  const out = pixels.slice(0, newHeight * newWidth * channels) as P;
  for (let row = 0; row < newHeight; row++) {
    const start = ((top + row) * width + left) * channels;
    out.set(pixels.subarray(start, start + newWidth * channels), row * newWidth * channels);
  }
  return out;
}

/**
 * An image scaled by a triangle filter as wide as the scale, so that nothing is skipped where it shrinks
 * and neighbours are interpolated where it grows: Pillow's `BILINEAR`.
 *
 * @param isWhole whether pixels are rounded to whole numbers, after each of the two directions as there
 */
export function resized<P extends Pixels>(
  pixels: P,
  [height, width, channels]: ImageShape,
  [newHeight, newWidth]: readonly [number, number],
  isWhole = pixels instanceof Uint8Array,
): P {
  const across = alongLines(pixels, [height, width, channels], newWidth, isWhole);
  // What are columns of pixels to one direction are long pixels to the other.
  return alongLines(across, [1, height, newWidth * channels], newHeight, isWhole);
}

/** Scales each line of an image to another length. */
function alongLines<P extends Pixels>(
  pixels: P,
  [lines, length, channels]: readonly [number, number, number],
  newLength: number,
  isWhole: boolean,
): P {
  if (length === newLength) return pixels;
  const out = new (pixels.constructor as new (length: number) => P)(lines * newLength * channels);
  for (const [place, { from, weights }] of taps(length, newLength, isWhole).entries()) {
    for (let line = 0; line < lines; line++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          sum += weights[i]! * pixels[(line * length + from + i) * channels + channel]!;
        }
        out[(line * newLength + place) * channels + channel] = isWhole
          ? Math.floor(sum + 0.5)
          : sum;
      }
    }
  }
  return out;
}

/** Weights of whole numbers are rounded to multiples of this, as Pillow rounds them: the same bytes come out. */
const weightStep = 2 ** -22;

/** Of each new place, which old ones it is made of and how much each counts; the weights add up to 1. */
function taps(length: number, newLength: number, isWhole: boolean) {
  const scale = length / newLength;
  const reach = Math.max(scale, 1);
  return Array.from({ length: newLength }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const from = Math.max(0, Math.floor(centre - reach + 0.5));
    const to = Math.min(length, Math.floor(centre + reach + 0.5));
    const raw = Array.from({ length: to - from }, (_, i) =>
      Math.max(0, 1 - Math.abs((from + i - centre + 0.5) / reach)),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    const weights = raw.map((weight) => weight / sum);
    const rounded = (weight: number) => weightStep * Math.floor(weight / weightStep + 0.5);
    return { from, weights: isWhole ? weights.map(rounded) : weights };
  });
}
