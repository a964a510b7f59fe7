import { type ChainTracks, trackUpTo } from '../store/chain-tracks';
import type { PlotAxis } from '../store/plot-window';
import type { Theme } from '../theme';
import { element } from './element';
import { type Box, prepareCanvas } from './plot-axes';

/** How long chains take from where they began to the sample, in milliseconds. */
const duration = 3200;

/** What a {@link ChainLayer} shows. */
interface ChainLayerView {
  readonly tracks: ChainTracks;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly box: Box;
  readonly theme: Theme;
}

/**
 * Ways of chains over a plane, which run once from where they began to the samples and then stand; at
 * once where people want less motion.
 */
export class ChainLayer {
  readonly canvas = element('canvas', { class: 'plot-overlay', 'data-testid': 'chains' });
  readonly #ratherStill = window.matchMedia('(prefers-reduced-motion: reduce)');
  #view: ChainLayerView | undefined;
  /** In CSS pixels. */
  #size: readonly [width: number, height: number] = [0, 0];
  /** When what is shown began to run; none where it stands. */
  #begun: number | undefined;
  #isAsked = false;

  /** Shows other chains, or none. Those that come while others run go on from where these are. */
  draw(view: ChainLayerView | undefined, width: number, height: number): void {
    this.#size = [width, height];
    const isOther = view?.tracks !== this.#view?.tracks;
    this.#view = view;
    if (view === undefined || this.#isStill) this.#begun = undefined;
    else if (isOther) this.#begun ??= performance.now();
    this.#paint(performance.now());
    this.#ask();
  }

  /** The system or the editor asks for less motion. */
  get #isStill(): boolean {
    return this.#ratherStill.matches || document.body.classList.contains('vscode-reduce-motion');
  }

  #ask(): void {
    if (this.#isAsked || this.#begun === undefined) return;
    this.#isAsked = true;
    requestAnimationFrame((now) => {
      this.#isAsked = false;
      if (this.#begun !== undefined && now - this.#begun >= duration) this.#begun = undefined;
      this.#paint(now);
      this.#ask();
    });
  }

  #paint(now: number): void {
    this.canvas.dataset['state'] = this.#begun === undefined ? 'still' : 'running';
    const context = prepareCanvas(this.canvas, ...this.#size);
    if (!context || !this.#view) return;
    const { tracks, x, y, box, theme } = this.#view;
    const progress = this.#begun === undefined ? 1 : (now - this.#begun) / duration;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    const toX = (value: number) => box.left + ((value - x.low) / (x.high - x.low)) * box.width;
    const toY = (value: number) => box.top + (1 - (value - y.low) / (y.high - y.low)) * box.height;
    const [ways, marks] = [new Path2D(), new Path2D()];
    const reached = Math.floor(Math.min(1, progress) * (tracks.iterations.length - 1));
    for (let chain = 0; chain < tracks.chains; chain++) {
      const way = trackUpTo(tracks, chain, progress);
      for (let k = 0; k < way.length; k += 2) {
        const [left, top] = [toX(way[k]!), toY(way[k + 1]!)];
        if (k === 0) ways.moveTo(left, top);
        else ways.lineTo(left, top);
        if (k / 2 <= reached) markStop(marks, tracks, { stop: k / 2, chain }, left, top);
      }
    }
    const thick = theme.isHighContrast ? 1.5 : 1;
    stroke(context, ways, [theme.background, 3.8 * thick]);
    stroke(context, ways, [theme.curves[1]!, 2 * thick]);
    stroke(context, marks, [theme.background, 3.4 * thick]);
    stroke(context, marks, [theme.foreground, 1.4 * thick]);
    context.restore();
  }
}

/** A circle where a chain began, a cross where it stood still, a dot where it moved to. */
function markStop(
  marks: Path2D,
  { stood, chains }: ChainTracks,
  { stop, chain }: { readonly stop: number; readonly chain: number },
  x: number,
  y: number,
): void {
  if (stop === 0) {
    marks.moveTo(x + 3.5, y);
    marks.arc(x, y, 3.5, 0, 2 * Math.PI);
  } else if (stood[stop * chains + chain] === 1) {
    for (const side of [-1, 1]) {
      marks.moveTo(x - 3, y - 3 * side);
      marks.lineTo(x + 3, y + 3 * side);
    }
  } else {
    marks.moveTo(x + 1, y);
    marks.arc(x, y, 1, 0, 2 * Math.PI);
  }
}

function stroke(
  context: CanvasRenderingContext2D,
  path: Path2D,
  [color, width]: readonly [string, number],
): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.lineCap = 'round';
  context.stroke(path);
}
