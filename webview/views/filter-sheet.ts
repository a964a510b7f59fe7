import type { Filters } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { type FilterImages, filterImages } from '../store/filters';
import { pictureOf, type Raster } from '../store/image-sheet';
import { formatBound } from '../store/number-format';
import { type Shade, signedShade } from '../store/shades';
import { arranged, ordered, type SheetOrder } from '../store/sheet-order';
import { signedColors, type Theme } from '../theme';
import { element, setText } from './element';
import { ImageSheet, type SheetHost } from './image-sheet';
import { Memo } from './memo';

/** What a {@link FilterSheet} shows. */
export interface FilterView {
  readonly filters: Filters;
  readonly order: SheetOrder;
  readonly scale: number | undefined;
  readonly theme: Theme;
}

/** The weights of hidden units as pictures, with the scale of their colours beneath. */
export class FilterSheet {
  readonly root: HTMLElement;
  readonly #sheet: ImageSheet;
  readonly #low = element('span');
  readonly #high = element('span');
  readonly #bar = element('span', { class: 'shade-bar', 'aria-hidden': 'true' });
  readonly #legend = element(
    'p',
    { class: 'shade-legend' },
    this.#low,
    this.#bar,
    this.#high,
    element('span', { class: 'visually-hidden' }, ', zero in the middle'),
  );
  readonly #note = element('p', { class: 'landscape-note', 'data-testid': 'filters-note' });
  readonly #made = new Memo();
  #images: FilterImages | undefined;
  #shade: Shade | undefined;

  constructor(host: SheetHost) {
    this.#sheet = new ImageSheet('Filters', 'unit', host);
    this.root = element(
      'div',
      { class: 'filter-part' },
      this.#sheet.root,
      this.#legend,
      this.#note,
    );
    this.root.hidden = true;
  }

  /** Sides of a pixel as it is shown, where something is. */
  get scale(): number | undefined {
    return this.root.hidden ? undefined : this.#sheet.scale;
  }

  /** The sheet as a picture to be saved, where it is shown. */
  picture(ground: readonly [number, number, number]): Raster | undefined {
    const { shown } = this.#sheet;
    if (shown === undefined || this.#images === undefined) return undefined;
    return pictureOf(shown.values, this.#images.image, shown.sheet, ground, this.#shade);
  }

  draw(view: FilterView | undefined, room: { readonly width: number; readonly height: number }) {
    this.root.hidden = view === undefined;
    if (view === undefined) return;
    const { filters, order, scale, theme } = view;
    if (this.#made.changed(filters, theme)) this.#make(filters, theme);
    const { image, facts } = this.#images!;
    const rows = ordered(filters.units.length, order, facts);
    this.#sheet.draw(
      {
        image,
        values: filters.values,
        facts,
        ...(this.#shade ? { shade: this.#shade } : {}),
        numbers: { of: filters.of, each: filters.units },
        arrange: (columns) => arranged(rows, order, facts, columns),
        orderText: order.name.toLowerCase(),
        scale,
        theme,
      },
      { ...room, height: Math.max(120, room.height - 56) },
    );
  }

  #make(filters: Filters, theme: Theme): void {
    const images = filterImages(filters);
    this.#images = images;
    const { reach } = images;
    const colors = signedColors(theme);
    // Of three channels each has its own brightness: grey is zero in all of them.
    const isGrey = filters.channels === 1;
    this.#shade = isGrey ? signedShade(reach, colors) : undefined;
    const shades = isGrey
      ? [theme.curves[0]!, theme.background, theme.curves[1]!]
      : ['black', 'grey', 'white'];
    this.#bar.style.background = `linear-gradient(to right, ${shades.join(', ')})`;
    setText(this.#low, formatBound(-reach));
    setText(this.#high, formatBound(reach));
    const { length } = filters.units;
    setText(
      this.#note,
      length < filters.of
        ? `The weights of each hidden unit: the ${formatCount(length)} of ${formatCount(filters.of)} with the largest norm.`
        : 'The weights of each hidden unit.',
    );
  }
}
