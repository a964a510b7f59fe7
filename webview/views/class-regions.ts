import type { FieldStack } from '../../protocol/run';
import { classTint, decisionBoundary, fieldCount } from '../store/class-fields';
import { rgba, type Theme } from '../theme';
import { element } from './element';
import { Memo } from './memo';
import { type Box, prepareCanvas } from './plot-axes';
import { classColor } from './point-layers';

/** How opaque the classes' colours are: points of the same class still stand out from them. */
const tintOpacity = 0.4;

/** Which class is how likely where, as a tint beneath points, with the decision boundary over it. */
export class ClassRegions {
  readonly canvas = element('canvas', { class: 'plot-regions', 'data-testid': 'class-regions' });
  readonly #drawing = new Memo();
  readonly #finding = new Memo();
  #boundary: readonly number[] = [];
  readonly #cells = document.createElement('canvas');

  /**
   * Draws the regions of the classes, or none.
   *
   * @param names how many classes have a name: the others share a colour
   */
  draw(fields: FieldStack | undefined, names: number, box: Box, theme: Theme): void {
    const { left, top, width, height } = box;
    this.canvas.hidden = fields === undefined;
    const isUnchanged = !this.#drawing.changed(
      ...[fields, names, left, top, width, height, theme, window.devicePixelRatio],
    );
    if (isUnchanged || fields === undefined) return;
    const context = prepareCanvas(this.canvas, width, height);
    this.canvas.style.left = `${left}px`;
    this.canvas.style.top = `${top}px`;
    if (!context) return;
    this.#drawTint(fields, names, theme);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#cells, 0, 0, width, height);
    if (this.#finding.changed(fields)) this.#boundary = decisionBoundary(fields);
    const path = new Path2D();
    for (let at = 0; at < this.#boundary.length; at += 4) {
      const [x0, y0, x1, y1] = this.#boundary.slice(at, at + 4) as [number, number, number, number];
      path.moveTo(x0 * width, (1 - y0) * height);
      path.lineTo(x1 * width, (1 - y1) * height);
    }
    context.lineCap = 'round';
    context.strokeStyle = theme.foreground;
    context.lineWidth = theme.isHighContrast ? 2.5 : 2;
    context.stroke(path);
  }

  /** The tint, a pixel a cell. */
  #drawTint(fields: FieldStack, names: number, theme: Theme): void {
    const { resolution } = fields;
    this.#cells.width = resolution;
    this.#cells.height = resolution;
    const colors = Array.from({ length: fieldCount(fields) }, (_, label) =>
      rgba(label < names ? classColor(theme, label) : theme.muted),
    );
    const picture = new ImageData(classTint(fields, colors, tintOpacity), resolution, resolution);
    this.#cells.getContext('2d')?.putImageData(picture, 0, 0);
  }
}
