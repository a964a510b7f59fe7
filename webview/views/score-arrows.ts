import type { PlotAxis } from '../store/plot-window';
import { type EnergyGrid, type ScoreArrows, scoreArrows } from '../store/score-field';
import type { Theme } from '../theme';
import { Memo } from './memo';
import type { Box } from './plot-axes';

/** About how far arrows are from one another, in CSS pixels, and how long the longest are. */
const spacing = 30;
const longest = 22;
/** Shorter ones have no direction that could be seen. */
const shortest = 1.5;

/** Arrows along the score over a field: where chains drift to, the longer the steeper. */
export class ScoreArrowLayer {
  readonly #making = new Memo();
  #arrows: ScoreArrows | undefined;

  /** The size of a score that is drawn at full length; none where none is drawn. */
  get scale(): number | undefined {
    return this.#arrows?.scale;
  }

  /** Draws the arrows of a field, or none. */
  draw(
    context: CanvasRenderingContext2D,
    box: Box,
    view: { readonly x: PlotAxis; readonly y: PlotAxis; readonly theme: Theme },
    field: EnergyGrid | undefined,
  ): void {
    if (field === undefined) {
      this.#making.changed();
      this.#arrows = undefined;
      return;
    }
    const { x, y, theme } = view;
    const [columns, rows] = [box.width, box.height].map((side) =>
      Math.max(4, Math.round(side / spacing)),
    ) as [number, number];
    const size = [x.high - x.low, y.high - y.low] as const;
    if (this.#making.changed(field.values, ...size, columns, rows)) {
      this.#arrows = scoreArrows(field, size, columns, rows);
    }
    const path = arrowPath(this.#arrows!, box, size);
    context.save();
    context.lineCap = 'round';
    context.lineJoin = 'round';
    // A rim of the ground around them: they lie on all colours of the scale.
    context.strokeStyle = theme.background;
    context.lineWidth = theme.isHighContrast ? 4 : 3;
    context.stroke(path);
    context.strokeStyle = theme.foreground;
    context.lineWidth = theme.isHighContrast ? 1.6 : 1.1;
    context.stroke(path);
    context.restore();
  }
}

/** All arrows, each with its middle in the place that it is of. */
function arrowPath(
  { values, scale }: ScoreArrows,
  box: Box,
  [width, height]: readonly [number, number],
): Path2D {
  const path = new Path2D();
  for (let k = 0; k < values.length; k += 4) {
    const [u, v, scoreX, scoreY] = values.subarray(k, k + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    // The direction in which a chain moves over the picture, whose axes may differ in scale.
    const [dx, dy] = [(scoreX / width) * box.width, (-scoreY / height) * box.height];
    const onScreen = Math.hypot(dx, dy);
    const length = longest * Math.min(1, Math.hypot(scoreX, scoreY) / scale);
    if (!(length >= shortest && onScreen > 0)) continue;
    const [alongX, alongY] = [dx / onScreen, dy / onScreen];
    const [x, y] = [box.left + u * box.width, box.top + (1 - v) * box.height];
    const [tipX, tipY] = [x + 0.5 * length * alongX, y + 0.5 * length * alongY];
    path.moveTo(x - 0.5 * length * alongX, y - 0.5 * length * alongY);
    path.lineTo(tipX, tipY);
    const head = Math.min(5, 0.45 * length);
    for (const side of [-1, 1]) {
      path.moveTo(tipX, tipY);
      path.lineTo(
        tipX - head * (alongX - 0.6 * side * alongY),
        tipY - head * (alongY + 0.6 * side * alongX),
      );
    }
  }
  return path;
}
