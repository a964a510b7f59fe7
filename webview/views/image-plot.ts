import type { ChainPaths, Filters, ImageLayout } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { largestScale, pictureOf, type Raster } from '../store/image-sheet';
import {
  arranged,
  ordered,
  type RowFacts,
  type SheetOrder,
  sheetOrders,
} from '../store/sheet-order';
import { rgba, type Theme } from '../theme';
import { DropDown, PushButton } from '../toolkit';
import { element, icon, setText } from './element';
import { FilterSheet } from './filter-sheet';
import { ImageDifference } from './image-difference';
import { ImageSheet, type SheetHost } from './image-sheet';
import { Memo } from './memo';
import { PickedImage } from './picked-image';

/** What an {@link ImagePlot} shows: `[n, D]` numbers in model space. */
export interface ImageView {
  readonly image: ImageLayout;
  readonly samples: Float32Array | undefined;
  readonly data: Float32Array | undefined;
  readonly facts: { readonly samples: RowFacts; readonly data: RowFacts };
  readonly paths: ChainPaths | undefined;
  readonly filters: Filters | undefined;
  readonly classNames: readonly string[];
  readonly theme: Theme;
}

/** What the images ask of what they are a part of. */
export interface ImageHost {
  /** Told what is under the pointer, in words, or that nothing is. */
  pointed(text: string | undefined): void;
  /** Something else is to be shown. */
  redraw(): void;
  /** Keeps a picture where the user says. */
  save(name: string, picture: Raster): void;
  /** An image was picked: its numbers in model space. */
  picked(image: Float32Array): void;
}

/** What can be looked at, and how it is called. */
const looks = {
  sheets: 'Sheets',
  difference: 'Difference',
  paths: 'From noise',
  filters: 'Filters',
} as const;
type Look = keyof typeof looks;

/** Images of samples and of the data beside them, sorted and enlarged as is wished. */
export class ImagePlot {
  readonly root: HTMLElement;
  readonly #host: ImageHost;
  readonly #tools = element('div', {
    class: 'image-tools',
    role: 'toolbar',
    'aria-label': 'Images',
  });
  readonly #zoom: readonly PushButton[];
  readonly #sheets = element('div', { class: 'image-sheets' });
  readonly #parts: { readonly samples: ImageSheet; readonly data: ImageSheet };
  readonly #filters: FilterSheet;
  readonly #paths: ImageSheet;
  readonly #difference = new ImageDifference();
  readonly #picked: PickedImage;
  /** What the keyboard has come to, for those who do not see it. */
  readonly #spoken = element('div', { class: 'visually-hidden', role: 'status' });
  readonly #note = element('p', { class: 'landscape-note' });
  #lookPicker: DropDown | undefined;
  #orderPicker: DropDown | undefined;
  /** What the pickers offer. */
  readonly #offered = { looks: '', orders: '' };
  /** The rows in order, and what that was made of. */
  readonly #rows: Record<'samples' | 'data', { readonly of: Memo; rows: Int32Array }> = {
    samples: { of: new Memo(), rows: new Int32Array(0) },
    data: { of: new Memo(), rows: new Int32Array(0) },
  };
  #look: Look = 'sheets';
  #order: SheetOrder = sheetOrders[0];
  #filterOrder: SheetOrder = sheetOrders.find(({ by, isFalling }) => by === 'norms' && isFalling)!;
  #scale: number | undefined;
  #chosen: { readonly of: 'samples' | 'data'; readonly index: number } | undefined;
  #view: ImageView | undefined;

  constructor(host: ImageHost) {
    this.#host = host;
    const tool = (label: string, name: Parameters<typeof icon>[0], press: () => void) =>
      new PushButton({ label, appearance: 'icon', icon: icon(name), press });
    this.#zoom = [
      tool('Smaller', 'minus', () => this.#zoomBy(-1)),
      tool('Larger', 'plus', () => this.#zoomBy(1)),
      tool('Comfortable Size', 'fit', () => this.#zoomBy(0)),
    ];
    this.#tools.append(...this.#zoom.map(({ root }) => root));
    this.#parts = {
      samples: new ImageSheet('Samples', 'sample', this.#hostOf('samples')),
      data: new ImageSheet('Data', 'row', this.#hostOf('data')),
    };
    this.#filters = new FilterSheet({
      pointed: (text, byKeyboard) => this.#tell(text, byKeyboard),
      zoom: (direction) => this.#zoomBy(direction),
      save: () => this.#saveFilters(),
    });
    this.#paths = new ImageSheet('From noise to sample', 'point', {
      pointed: (text, byKeyboard) => this.#tell(text, byKeyboard),
      zoom: (direction) => this.#zoomBy(direction),
      save: () => this.#save(this.#paths, 'chains'),
    });
    this.#picked = new PickedImage({
      pick: (index) => this.#choose({ of: 'data', index }),
      close: () => this.#choose(undefined),
    });
    this.#sheets.append(this.#filters.root, this.#parts.samples.root, this.#parts.data.root);
    this.root = element(
      'div',
      { class: 'image-plot', role: 'group' },
      this.#tools,
      this.#sheets,
      this.#difference.root,
      this.#paths.root,
      this.#note,
      this.#picked.root,
      this.#spoken,
    );
  }

  /** Draws into `width` CSS pixels and at most `maxHeight`. */
  draw(view: ImageView, width: number, maxHeight: number): void {
    this.#view = view;
    this.#offer(view);
    const { samples, data, theme, image, classNames } = view;
    const order = this.#order;
    const isSheets = this.#look === 'sheets';
    const isFilters = this.#look === 'filters';
    for (const button of this.#zoom) button.root.hidden = this.#look === 'difference';
    this.#sheets.hidden = !(isSheets || isFilters);
    const chosenOf = this.#chosen && view[this.#chosen.of];
    this.#picked.draw(
      this.#chosen && chosenOf && isSheets
        ? { ...this.#chosen, rows: chosenOf, data, image, facts: view.facts, classNames, theme }
        : undefined,
      width,
    );
    const height = Math.max(160, maxHeight - 64 - (this.#picked.root.hidden ? 0 : 190));
    const there = (['samples', 'data'] as const).filter((name) => view[name] !== undefined);
    // Filters have what the model draws beside them.
    const shown = isFilters ? ['filters', ...there.filter((name) => name === 'samples')] : there;
    // Side by side, where both have room.
    const isBeside = shown.length < 2 || width >= 440;
    this.#sheets.classList.toggle('beside', isBeside);
    const room = {
      width: isBeside ? Math.floor((width - 24) / Math.max(1, shown.length)) : width,
      height: isBeside ? height : Math.floor(height / 2) - 28,
    };
    this.#filters.draw(
      isFilters && view.filters
        ? { filters: view.filters, order: this.#filterOrder, scale: this.#scale, theme }
        : undefined,
      room,
    );
    for (const name of ['samples', 'data'] as const) {
      const facts = view.facts[name];
      const { length = 0 } = view[name] ?? {};
      const count = Math.floor(length / (image.width * image.height * image.channels));
      const kept = this.#rows[name];
      if (kept.of.changed(count, order, facts.energies, facts.ages, facts.classes)) {
        kept.rows = ordered(count, order, facts);
      }
      const { rows } = kept;
      this.#parts[name].draw(
        {
          image,
          values: isSheets || (isFilters && name === 'samples') ? view[name] : undefined,
          facts,
          classNames,
          arrange: (columns) => arranged(rows, order, facts, columns, classNames),
          orderText: order.name.toLowerCase(),
          scale: this.#scale,
          picked: this.#chosen?.of === name ? this.#chosen.index : undefined,
          theme,
        },
        room,
      );
    }
    this.#difference.draw(
      this.#look === 'difference' && samples && data ? { samples, data, image, theme } : undefined,
      width,
    );
    this.#drawPaths(view, { width, height });
  }

  #drawPaths({ image, paths, theme }: ImageView, room: { width: number; height: number }): void {
    const isShown = this.#look === 'paths' && paths !== undefined;
    this.#paths.draw(
      {
        image,
        values: isShown ? paths.values : undefined,
        arrange: () => strips(paths!),
        orderText: `a chain a row, after ${paths?.iterations.join(', ')} iterations`,
        scale: this.#scale,
        theme,
      },
      room,
    );
    this.#note.hidden = !isShown;
    const iterations = paths?.iterations.map(formatCount) ?? [];
    setText(this.#note, `A chain a row, after ${iterations.join(', ')} iterations.`);
  }

  /** Offers what there is to look at and to sort by; what is not there any more is not shown. */
  #offer(view: ImageView): void {
    const { samples, data, paths, filters } = view;
    const there: Record<Look, boolean> = {
      sheets: true,
      difference: samples !== undefined && data !== undefined,
      paths: paths !== undefined,
      filters: filters !== undefined,
    };
    const offered = (Object.keys(looks) as Look[]).filter((look) => there[look]);
    if (!there[this.#look]) this.#look = 'sheets';
    if (this.#offered.looks !== offered.join('\n')) {
      this.#offered.looks = offered.join('\n');
      const names = offered.map((look) => looks[look]);
      const picker = new DropDown('Shown', names, (index) => {
        this.#look = offered[index]!;
        this.#host.redraw();
      });
      if (this.#lookPicker) this.#lookPicker.root.replaceWith(picker.root);
      else this.#tools.prepend(picker.root);
      this.#lookPicker = picker;
    }
    this.#lookPicker!.index = offered.indexOf(this.#look);
    this.#lookPicker!.root.hidden = offered.length < 2;
    this.#offerOrders(view);
  }

  #offerOrders({ facts }: ImageView): void {
    const isFilters = this.#look === 'filters';
    const orders = sheetOrders.filter(
      ({ by }) =>
        by === undefined ||
        (isFilters
          ? by === 'norms'
          : facts.samples[by] !== undefined || facts.data[by] !== undefined),
    );
    if (!isFilters && !orders.includes(this.#order)) this.#order = sheetOrders[0];
    const names = orders.map(({ name }) => name);
    if (this.#offered.orders !== names.join('\n')) {
      this.#offered.orders = names.join('\n');
      const picker = new DropDown('Sorted', names, (index) => {
        if (this.#look === 'filters') this.#filterOrder = orders[index]!;
        else this.#order = orders[index]!;
        this.#host.redraw();
      });
      if (this.#orderPicker) this.#orderPicker.root.replaceWith(picker.root);
      else this.#lookPicker!.root.after(picker.root);
      this.#orderPicker = picker;
    }
    this.#orderPicker!.index = orders.indexOf(isFilters ? this.#filterOrder : this.#order);
    const isSorted = this.#look === 'sheets' || isFilters;
    this.#orderPicker!.root.hidden = !isSorted || orders.length < 2;
  }

  #hostOf(of: 'samples' | 'data'): SheetHost {
    return {
      pointed: (text, byKeyboard) => this.#tell(text, byKeyboard),
      pick: (index) => this.#choose(index === undefined ? undefined : { of, index }),
      zoom: (direction) => this.#zoomBy(direction),
      save: () => this.#save(this.#parts[of], of),
    };
  }

  #tell(text: string | undefined, byKeyboard: boolean): void {
    this.#host.pointed(text);
    if (byKeyboard) setText(this.#spoken, text ?? '');
  }

  #choose(chosen: { readonly of: 'samples' | 'data'; readonly index: number } | undefined): void {
    this.#chosen = chosen;
    const rows = chosen && this.#view?.[chosen.of];
    if (chosen && rows && this.#view) {
      const { height, width, channels } = this.#view.image;
      const numbers = height * width * channels;
      this.#host.picked(rows.slice(chosen.index * numbers, (chosen.index + 1) * numbers));
    }
    this.#host.redraw();
  }

  #zoomBy(direction: -1 | 0 | 1): void {
    const { samples, data } = this.#parts;
    const shown = [this.#paths, samples, data].find((sheet) => sheet.shown !== undefined);
    const now = this.#filters.scale ?? shown?.scale ?? 1;
    // By about a quarter, and by one pixel at least.
    const larger = Math.max(now + 1, Math.round(now * 1.25));
    const smaller = Math.min(now - 1, Math.round(now / 1.25));
    this.#scale =
      direction === 0
        ? undefined
        : Math.min(largestScale, Math.max(1, direction > 0 ? larger : smaller));
    this.#host.redraw();
  }

  #save(sheet: ImageSheet, name: string): void {
    const { shown } = sheet;
    if (shown === undefined || this.#view === undefined) return;
    const { image, theme } = this.#view;
    this.#host.save(name, pictureOf(shown.values, image, shown.sheet, groundOf(theme)));
  }

  #saveFilters(): void {
    const picture = this.#view && this.#filters.picture(groundOf(this.#view.theme));
    if (picture) this.#host.save('filters', picture);
  }
}

/** Red, green and blue, 0 to 255. */
function groundOf({ background }: Theme): readonly [number, number, number] {
  const [red = 0, green = 0, blue = 0] = rgba(background).map((part) => Math.round(255 * part));
  return [red, green, blue];
}

/** Each chain in a row of its own, from where it began. */
function strips({ chains, iterations }: ChainPaths) {
  const columns = iterations.length;
  const cells = Int32Array.from({ length: chains * columns }, (_, cell) => {
    const [chain, moment] = [Math.floor(cell / columns), cell % columns];
    return moment * chains + chain;
  });
  return { cells, columns, headings: [] };
}
