import { viridisTable } from '../../protocol/viridis';
import { brightFrom, contourInks } from '../store/contour-ink';
import { contourSegments } from '../store/contours';
import { cssColor as css } from '../store/contrast';
import { hatchDistance } from '../store/field-holes';
import type { PlaneRenderer, PlaneScene, PointLayer } from './plane-renderer';

/** Draws a plane with Canvas 2D, for machines without WebGL 2. Slower; the picture is the same. */
export class CanvasPlaneRenderer implements PlaneRenderer {
  readonly canvas = document.createElement('canvas');
  readonly kind = 'canvas';
  readonly #context = this.canvas.getContext('2d');
  #pixelRatio = 1;

  resize(width: number, height: number, pixelRatio: number): void {
    this.canvas.width = Math.round(width * pixelRatio);
    this.canvas.height = Math.round(height * pixelRatio);
    this.#pixelRatio = pixelRatio;
  }

  draw(scene: PlaneScene): void {
    const context = this.#context;
    if (!context) return;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (scene.field && scene.showField) this.#drawField(context, scene, scene.field);
    if (scene.field && scene.contourStep !== undefined) {
      this.#drawContours(context, scene, scene.field, scene.contourStep);
    }
    if (scene.field?.holes) {
      this.#hatch(context, scene, scene.field.holes, scene.field.resolution);
    }
    for (const layer of scene.layers) this.#drawPoints(context, scene, layer);
  }

  #drawField(
    context: CanvasRenderingContext2D,
    { range }: PlaneScene,
    { values, resolution }: NonNullable<PlaneScene['field']>,
  ): void {
    const picture = new ImageData(resolution, resolution);
    for (let row = 0; row < resolution; row++) {
      for (let column = 0; column < resolution; column++) {
        const energy = values[row * resolution + column]!;
        const t = (range.high - energy) / (range.high - range.low);
        const color = 4 * Math.round(255 * Math.min(1, Math.max(0, t)));
        // Rows of a picture run downwards, those of the field upwards.
        const at = 4 * ((resolution - 1 - row) * resolution + column);
        picture.data.set(viridisTable.subarray(color, color + 4), at);
      }
    }
    const small = document.createElement('canvas');
    small.width = resolution;
    small.height = resolution;
    small.getContext('2d')?.putImageData(picture, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(small, 0, 0, this.canvas.width, this.canvas.height);
  }

  #drawContours(
    context: CanvasRenderingContext2D,
    { range, showField, contourColor }: PlaneScene,
    { values, resolution }: NonNullable<PlaneScene['field']>,
    step: number,
  ): void {
    const { width, height } = this.canvas;
    context.lineWidth = this.#pixelRatio;
    for (let k = Math.ceil(range.low / step); k * step <= range.high; k++) {
      const t = (range.high - k * step) / (range.high - range.low);
      const inkOnMap = t > brightFrom ? contourInks.onBright : contourInks.onDark;
      context.strokeStyle = css(showField ? inkOnMap : contourColor);
      context.beginPath();
      const segments = contourSegments(values, resolution, k * step);
      for (let i = 0; i < segments.length; i += 4) {
        context.moveTo(segments[i]! * width, (1 - segments[i + 1]!) * height);
        context.lineTo(segments[i + 2]! * width, (1 - segments[i + 3]!) * height);
      }
      context.stroke();
    }
  }

  #hatch(
    context: CanvasRenderingContext2D,
    { contourColor }: PlaneScene,
    holes: Uint8Array,
    resolution: number,
  ): void {
    const { width, height } = this.canvas;
    context.save();
    context.beginPath();
    for (const [cell, isHole] of holes.entries()) {
      if (isHole === 0) continue;
      const [row, column] = [Math.floor(cell / resolution), cell % resolution];
      const [left, right] = [column, column + 1].map((at) => Math.round((at / resolution) * width));
      const [top, bottom] = [row + 1, row].map((at) => Math.round((1 - at / resolution) * height));
      context.rect(left!, top!, right! - left!, bottom! - top!);
    }
    context.clip();
    context.clearRect(0, 0, width, height);
    context.strokeStyle = css(contourColor);
    context.lineWidth = this.#pixelRatio;
    context.beginPath();
    for (let x = -height; x < width; x += hatchDistance * this.#pixelRatio) {
      context.moveTo(x, 0);
      context.lineTo(x + height, height);
    }
    context.stroke();
    context.restore();
  }

  #drawPoints(
    context: CanvasRenderingContext2D,
    { window: { xLow, xHigh, yLow, yHigh } }: PlaneScene,
    layer: PointLayer,
  ): void {
    const sprite = this.#disc(layer);
    const { width, height } = this.canvas;
    const { points } = layer;
    for (let i = 0; i + 1 < points.length; i += 2) {
      const x = ((points[i]! - xLow) / (xHigh - xLow)) * width;
      const y = (1 - (points[i + 1]! - yLow) / (yHigh - yLow)) * height;
      // Also false for a coordinate that is not a number.
      if (x >= 0 && x <= width && y >= 0 && y <= height) {
        context.drawImage(sprite, x - sprite.width / 2, y - sprite.height / 2);
      }
    }
  }

  /** One point, drawn once and then stamped. */
  #disc({ radius, outlineWidth, fill, outline }: PointLayer): HTMLCanvasElement {
    const ratio = this.#pixelRatio;
    const outer = (radius + outlineWidth) * ratio;
    const sprite = document.createElement('canvas');
    sprite.width = Math.ceil(2 * outer) + 2;
    sprite.height = sprite.width;
    const context = sprite.getContext('2d');
    if (context) {
      for (const [r, color] of [
        [outer, outline],
        [radius * ratio, fill],
      ] as const) {
        context.beginPath();
        context.arc(sprite.width / 2, sprite.width / 2, r, 0, 2 * Math.PI);
        context.fillStyle = css(color);
        context.fill();
      }
    }
    return sprite;
  }
}
