/** Images of a preview side by side, in the greys of their file, as a PNG file. */
import { encode } from 'fast-png';
import { brightness } from '../protocol/pixel-values';
import type { ImageLayout } from '../protocol/run';

const perRow = 20;
const gap = 2;
const ground = 128;

/**
 * @param samples `[n, D]` grey images in model space
 * @param most images that are drawn
 */
export function imageSheet(samples: Float32Array, layout: ImageLayout, most = 100): Uint8Array {
  const { height, width } = layout;
  const zoom = height < 16 ? 4 : 1;
  const size = height * width;
  const count = Math.min(most, samples.length / size);
  const [across, down] = [width * zoom + gap, height * zoom + gap];
  const sheet = { width: perRow * across + gap, height: Math.ceil(count / perRow) * down + gap };
  const data = new Uint8Array(sheet.width * sheet.height).fill(ground);
  for (let i = 0; i < count; i++) {
    const [left, top] = [gap + (i % perRow) * across, gap + Math.floor(i / perRow) * down];
    for (let y = 0; y < height * zoom; y++) {
      for (let x = 0; x < width * zoom; x++) {
        const pixel = Math.floor(y / zoom) * width + Math.floor(x / zoom);
        const share = brightness(samples[i * size + pixel]!, layout);
        const grey = Math.round(255 * Math.min(1, Math.max(0, share)));
        data[(top + y) * sheet.width + left + x] = grey;
      }
    }
  }
  return encode({ ...sheet, data, channels: 1, depth: 8 });
}
