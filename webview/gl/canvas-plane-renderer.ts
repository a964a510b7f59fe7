import { viridisTable } from '../../protocol/viridis';
import { brightFrom, contourInks } from '../store/contour-ink';
import { contours, evenLevels } from '../store/contours';
import { cssColor as css } from '../store/contrast';
import { hatchDistance } from '../store/field-holes';
import type { PlaneRenderer, PlaneScene } from './plane-renderer';
import { pointPicture } from './point-picture';

/** The colour map, a pixel of a picture each. */
const colors = new Uint32Array(viridisTable.slice().buffer);

/** Draws a plane with Canvas 2D, for machines without WebGL 2. Slower; the picture is the same. */
export class CanvasPlaneRenderer implements PlaneRenderer {
  readonly canvas = document.createElement('canvas');
  readonly kind = 'canvas';
  readonly #context = this.canvas.getContext('2d');
  readonly #points = document.createElement('canvas');
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
    this.#drawPoints(context, scene);
  }

  #drawField(
    context: CanvasRenderingContext2D,
    { range }: PlaneScene,
    { values, resolution }: NonNullable<PlaneScene['field']>,
  ): void {
    const picture = new ImageData(resolution, resolution);
    const pixels = new Uint32Array(picture.data.buffer);
    const scale = 255 / (range.high - range.low);
    for (let row = 0; row < resolution; row++) {
      // Rows of a picture run downwards, those of the field upwards.
      const to = (resolution - 1 - row) * resolution;
      for (let column = 0; column < resolution; column++) {
        const t = (range.high - values[row * resolution + column]!) * scale;
        pixels[to + column] = colors[Math.round(Math.min(255, Math.max(0, t)))]!;
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
    const levels = evenLevels(step, [range.low, range.high]);
    for (const [k, segments] of contours(values, resolution, levels)) {
      const t = (range.high - k * step) / (range.high - range.low);
      const inkOnMap = t > brightFrom ? contourInks.onBright : contourInks.onDark;
      context.strokeStyle = css(showField ? inkOnMap : contourColor);
      context.beginPath();
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

  /** All points at once: a canvas takes seconds to draw a hundred thousand of them one by one. */
  #drawPoints(context: CanvasRenderingContext2D, { window, layers }: PlaneScene): void {
    const { width, height } = this.canvas;
    if (layers.length === 0 || width === 0 || height === 0) return;
    const picture = pointPicture(layers, window, [width, height], this.#pixelRatio);
    this.#points.width = width;
    this.#points.height = height;
    this.#points.getContext('2d')?.putImageData(picture, 0, 0);
    context.drawImage(this.#points, 0, 0);
  }
}
