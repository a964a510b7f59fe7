import { putPoints } from '../store/point-raster';
import type { PlaneWindow, PointLayer } from './plane-renderer';

/**
 * All points of a window as a picture that is clear elsewhere.
 *
 * @param size width and height in pixels, at least 1 each
 * @param pixelRatio of these per CSS pixel
 */
export function pointPicture(
  layers: readonly PointLayer[],
  { xLow, xHigh, yLow, yHigh }: PlaneWindow,
  size: readonly [number, number],
  pixelRatio: number,
): ImageData {
  const picture = new ImageData(...size);
  const looks = layers.map(({ points, radius, outlineWidth, fill, outline }) => ({
    points,
    look: {
      ...{ radius: radius * pixelRatio, outlineWidth: outlineWidth * pixelRatio },
      ...{ fill, outline },
    },
  }));
  putPoints(picture, looks, [xLow, xHigh - xLow, yLow, yHigh - yLow]);
  return picture;
}
