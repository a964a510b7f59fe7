import { fileValueIn } from '../../protocol/pixel-values';
import type { ImageLayout } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { rasterOf } from '../store/image-sheet';
import { type Neighbour, nearestRows } from '../store/nearest-rows';
import { formatBound, formatValue } from '../store/number-format';
import type { RowFacts } from '../store/sheet-order';
import type { Theme } from '../theme';
import { PushButton } from '../toolkit';
import { element, icon, setText } from './element';
import { factsText } from './image-sheet';
import { Memo } from './memo';

/** An image that is looked at closely. */
export interface PickedView {
  readonly of: 'samples' | 'data';
  readonly index: number;
  /** What it is one of, `[n, D]`. */
  readonly rows: Float32Array;
  /** `[n, D]` rows of the data, among which its neighbours are. */
  readonly data: Float32Array | undefined;
  readonly image: ImageLayout;
  readonly facts: { readonly samples: RowFacts; readonly data: RowFacts };
  readonly classNames: readonly string[];
  readonly theme: Theme;
}

const mostNeighbours = 6;
/** About the sides of the picked image and of its neighbours, in CSS pixels. */
const large = 120;
const small = 64;

/** What a neighbour takes beside its picture, and the gap before it. */
const besidesPicture = 18;

/** One image enlarged, and the rows of the data that are nearest to it. */
export class PickedImage {
  readonly root: HTMLElement;
  readonly #host: { readonly pick: (row: number) => void };
  readonly #figures = element('div', { class: 'picked-figures' });
  readonly #title = element('h3', { class: 'picked-title' });
  readonly #note = element('p', { class: 'landscape-note' });
  readonly #drawing = new Memo();

  constructor(host: { pick(row: number): void; close(): void }) {
    this.#host = host;
    const close = new PushButton({
      label: 'Close',
      appearance: 'icon',
      icon: icon('close'),
      press: () => host.close(),
    });
    this.root = element(
      'section',
      { class: 'picked', 'aria-label': 'Picked image', 'data-testid': 'picked' },
      element('div', { class: 'image-head' }, this.#title, close.root),
      this.#figures,
      this.#note,
    );
    this.root.hidden = true;
  }

  draw(view: PickedView | undefined, width: number): void {
    const numbers = view ? view.image.width * view.image.height * view.image.channels : 0;
    const picked = view?.rows.subarray(view.index * numbers, (view.index + 1) * numbers);
    this.root.hidden = !view || picked?.length !== numbers;
    if (!view || !picked || this.root.hidden) return;
    const { of, index, rows, data, image, facts, classNames } = view;
    if (!this.#drawing.changed(of, index, rows, data, image, facts, width)) return;
    const one = of === 'samples' ? 'Sample' : 'Row';
    const parts = [`${one} ${formatCount(index + 1)}`, ...factsText(index, facts[of], classNames)];
    setText(this.#title, parts.join(' · '));
    const neighbours = data ? neighboursOf(view, picked, data, width) : [];
    const figures = neighbours.map(({ index: row, distance }) => {
      const words = [`row ${formatCount(row + 1)}`, ...factsText(row, facts.data, classNames)];
      const figure = element(
        'button',
        { class: 'neighbour', type: 'button', title: words.join(', ') },
        picture(data!, row, image, small),
        element('span', {}, formatValue(distance)),
      );
      figure.setAttribute('aria-label', `${words.join(', ')}, distance ${formatValue(distance)}`);
      figure.addEventListener('click', () => this.#host.pick(row));
      return figure;
    });
    this.#figures.replaceChildren(picture(rows, index, image, large), ...figures);
    const count = data ? Math.floor(data.length / numbers) : 0;
    const [dark, bright] = image.from;
    setText(
      this.#note,
      neighbours.length === 0
        ? ''
        : `Nearest of the ${formatCount(count)} rows of the data that the run keeps to show, by the root mean square difference of a pixel, of ${formatBound(dark)} to ${formatBound(bright)}.`,
    );
  }
}

/** Its neighbours, without itself. */
function neighboursOf(
  { of, index, image }: PickedView,
  picked: Float32Array,
  data: Float32Array,
  width: number,
): readonly Neighbour[] {
  const [own, each] = [large, small].map((side) => image.width * scaleFor(image, side));
  const fitting = Math.floor((width - own!) / (each! + besidesPicture));
  const count = Math.max(1, Math.min(mostNeighbours, fitting));
  const found = nearestRows(picked, data, count + 1, fileValueIn(image));
  const others = found.filter((row) => of === 'samples' || row.index !== index);
  return others.slice(0, count);
}

/** A canvas of one image whose longer side is about so long. */
function picture(rows: Float32Array, index: number, image: ImageLayout, side: number) {
  const canvas = element('canvas', { 'aria-hidden': 'true', class: 'picture' });
  const { data, width, height } = rasterOf(rows, image, Int32Array.of(index), 1);
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  const scale = scaleFor(image, side);
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
  return canvas;
}

/** How large a pixel is where the longer side of an image is to be about so long. */
function scaleFor({ width, height }: ImageLayout, side: number): number {
  return Math.max(1, Math.round(side / Math.max(width, height)));
}
