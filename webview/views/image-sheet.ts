import type { ImageLayout } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import {
  type Arrangement,
  cellsIn,
  columnsThatFit,
  comfortableScale,
  cornerOf,
  pixelAt,
  pixelValues,
  type Raster,
  rasterOf,
  type Sheet,
  type SheetPart,
  type SheetPixel,
  sheetOf,
} from '../store/image-sheet';
import { formatValue } from '../store/number-format';
import type { Shade } from '../store/shades';
import { arranged, className, ordered, type RowFacts, sheetOrders } from '../store/sheet-order';
import type { Theme } from '../theme';
import { PushButton } from '../toolkit';
import { element, icon, onPlainKey, setAttribute, setText } from './element';
import { prepareCanvas } from './plot-axes';

/** What an {@link ImageSheet} shows. */
export interface SheetView {
  readonly image: ImageLayout;
  /** `[n, D]` numbers in model space; nothing hides the sheet. */
  readonly values: Float32Array | undefined;
  readonly facts?: RowFacts;
  /** What classes are called. */
  readonly classNames?: readonly string[];
  /** What lies where, with so many columns; by index where absent. */
  readonly arrange?: (columns: number) => Arrangement;
  /** How the images are sorted, in words. */
  readonly orderText?: string;
  /** Sides of a pixel of an image in CSS pixels; as is comfortable where absent. */
  readonly scale?: number | undefined;
  /** How its numbers are coloured, where they are no brightness. */
  readonly shade?: Shade;
  /** `[n]`: as what each of them is counted, from 0, where that is not its place; and of how many they are. */
  readonly numbers?: { readonly of: number; readonly each: Float32Array };
  /** The image that is looked at more closely. */
  readonly picked?: number | undefined;
  readonly theme: Theme;
}

/** What a sheet asks of what it is a part of. */
export interface SheetHost {
  /** Told what is under the pointer or where the keyboard is, in words, or that nothing is. */
  pointed(text: string | undefined, byKeyboard: boolean): void;
  /** An image is to be looked at more closely, or none any more. */
  pick?(index: number | undefined): void;
  /** The sheet is to be larger or smaller, or as large as is comfortable again. */
  zoom?(direction: -1 | 0 | 1): void;
  save?(): void;
}

/** Room for headings before the images. */
const gutter = 72;
/** What a scroll bar takes, about. */
const scrollBar = 16;

/** Images in rows under a heading, as many as there are; those in view are drawn. */
export class ImageSheet {
  readonly root: HTMLElement;
  readonly #name: string;
  readonly #one: string;
  readonly #host: SheetHost;
  readonly #heading = element('h3', { class: 'image-heading' });
  readonly #canvas = element('canvas', { 'aria-hidden': 'true' });
  /** As large as all of the sheet, so that its scroll bars are right. */
  readonly #whole = element('div', { class: 'sheet-whole' }, this.#canvas);
  readonly #scroll = element(
    'div',
    { class: 'sheet-scroll', role: 'img', tabindex: '0' },
    this.#whole,
  );
  readonly #atlas = document.createElement('canvas');
  #shown:
    | { readonly values: Float32Array; readonly view: SheetView; readonly sheet: Sheet }
    | undefined;
  /** The image and pixel that is told, where the keyboard moves it. */
  #at = { index: 0, x: 0, y: 0 };
  #hasFocus = false;

  /** @param one what one of them is called */
  constructor(name: string, one: string, host: SheetHost) {
    this.#name = name;
    this.#one = one;
    this.#host = host;
    this.#scroll.dataset['testid'] = `images-${name.toLowerCase().replaceAll(' ', '-')}`;
    const head = element('div', { class: 'image-head' }, this.#heading);
    const { save } = host;
    if (save) {
      const press = () => save();
      const label = `Save ${name} as PNG…`;
      head.append(new PushButton({ label, appearance: 'icon', icon: icon('save'), press }).root);
    }
    this.root = element('div', { class: 'image-part' }, head, this.#scroll);
    this.#listen();
  }

  /** The sheet as it lies, with what it is of; nothing while it is hidden. */
  get shown(): { readonly values: Float32Array; readonly sheet: Sheet } | undefined {
    return this.#shown;
  }

  /** Sides of a pixel as it is shown. */
  get scale(): number {
    return this.#shown?.sheet.scale ?? 1;
  }

  /** Lays the images out in `room` CSS pixels, beyond which they scroll, and draws those in view. */
  draw(view: SheetView, room: { readonly width: number; readonly height: number }): void {
    const { image, values } = view;
    const count =
      values === undefined
        ? 0
        : Math.floor(values.length / (image.width * image.height * image.channels));
    this.root.hidden = count === 0;
    if (values === undefined || count === 0) {
      this.#shown = undefined;
      return;
    }
    const sheet = this.#laidOut(count, view, room);
    this.#shown = { values, view, sheet };
    this.#at = { ...this.#at, index: Math.min(this.#at.index, count - 1) };
    const all =
      view.numbers && view.numbers.of > count ? ` of ${formatCount(view.numbers.of)}` : '';
    setText(this.#heading, `${this.#name} (${formatCount(count)}${all})`);
    const energies = knownOf(view.facts?.energies);
    setAttribute(
      this.#scroll,
      'aria-label',
      [
        `${this.#name}: ${formatCount(count)} images of ${image.width} × ${image.height} pixels`,
        ...(view.orderText ? [view.orderText] : []),
        ...(energies.length > 0
          ? [`energies from ${formatValue(min(energies))} to ${formatValue(max(energies))}`]
          : []),
      ].join(', '),
    );
    this.#whole.style.width = `${sheet.width}px`;
    this.#whole.style.height = `${sheet.height}px`;
    this.#scroll.style.maxHeight = `${room.height}px`;
    const beside = sheet.height > room.height ? scrollBar : 0;
    this.#scroll.style.width = `${Math.min(room.width, sheet.width + beside)}px`;
    // A bar for the few pixels that another one takes would hide images.
    this.#scroll.style.overflowX = sheet.width + beside > room.width ? 'auto' : 'hidden';
    this.#paint();
  }

  #laidOut(
    count: number,
    { image, scale: chosen, arrange = byIndex(count) }: SheetView,
    room: { readonly width: number; readonly height: number },
  ): Sheet {
    const scale = chosen ?? comfortableScale(image, room);
    const within = (width: number) => {
      const all = arrange(columnsThatFit(image, scale, width));
      if (all.headings.length === 0) return sheetOf(all, image, scale);
      const beside = arrange(columnsThatFit(image, scale, width - gutter));
      return sheetOf(beside, image, scale, gutter);
    };
    const sheet = within(room.width);
    return sheet.height <= room.height ? sheet : within(room.width - scrollBar);
  }

  #paint(): void {
    if (this.#shown === undefined) return;
    const { values, view, sheet } = this.#shown;
    const { image, theme, picked } = view;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.#scroll;
    const size = {
      width: Math.min(sheet.width, clientWidth),
      height: Math.min(sheet.height, clientHeight),
    };
    const context = prepareCanvas(this.#canvas, size.width, size.height);
    const part = cellsIn(sheet, image, { left: scrollLeft, top: scrollTop, ...size });
    const cells = part.places.map((place) => sheet.cells[place] ?? -1);
    const raster = rasterOf(values, image, cells, part.columns, view.shade);
    if (!context || raster.width === 0 || raster.height === 0) return;
    context.translate(-scrollLeft, -scrollTop);
    this.#drawImages(context, raster, part);
    context.strokeStyle = theme.border;
    context.beginPath();
    for (const [at, index] of cells.entries()) {
      if (index >= 0) context.rect(...this.#frameOf(part.places[at]!, 0.5));
    }
    // Dark images on a dark ground, and light ones on a light, have an edge too.
    context.stroke();
    this.#drawHeadings(context);
    const outline = (index: number | undefined, color: string) => {
      const cell = index === undefined ? -1 : sheet.cells.indexOf(index);
      if (cell < 0) return;
      context.strokeStyle = color;
      context.lineWidth = 2;
      context.strokeRect(...this.#frameOf(cell, -1));
    };
    outline(picked, theme.samples);
    if (this.#hasFocus) outline(this.#at.index, theme.accent);
  }

  #drawImages(context: CanvasRenderingContext2D, raster: Raster, part: SheetPart): void {
    const { view, sheet } = this.#shown!;
    const { width, height } = view.image;
    const atlas = this.#atlas;
    atlas.width = raster.width;
    atlas.height = raster.height;
    const { data } = raster;
    atlas.getContext('2d')?.putImageData(new ImageData(data, raster.width, raster.height), 0, 0);
    context.imageSmoothingEnabled = false;
    const [across, down] = [width * sheet.scale, height * sheet.scale];
    for (const [at, place] of part.places.entries()) {
      if ((sheet.cells[place] ?? -1) < 0) continue;
      const [x, y] = cornerOf(sheet, view.image, place);
      const [left, top] = [(at % part.columns) * width, Math.floor(at / part.columns) * height];
      context.drawImage(atlas, left, top, width, height, x, y, across, down);
    }
  }

  #drawHeadings(context: CanvasRenderingContext2D): void {
    const { view, sheet } = this.#shown!;
    if (sheet.headings.length === 0) return;
    // They stay where lines are longer than the window.
    const { scrollLeft } = this.#scroll;
    context.fillStyle = view.theme.background;
    context.fillRect(scrollLeft, 0, gutter - 3, sheet.height);
    context.font = `11px ${view.theme.fontFamily}`;
    context.fillStyle = view.theme.foreground;
    context.textBaseline = 'middle';
    for (const { row, name } of sheet.headings) {
      const [, y] = cornerOf(sheet, view.image, row * sheet.columns);
      const middle = y + (view.image.height * sheet.scale) / 2;
      context.fillText(name, scrollLeft, middle, gutter - 8);
    }
  }

  /** The rectangle around a cell, so far beyond it. */
  #frameOf(cell: number, beyond: number): [x: number, y: number, width: number, height: number] {
    const { view, sheet } = this.#shown!;
    const [x, y] = cornerOf(sheet, view.image, cell);
    const [width, height] = [view.image.width * sheet.scale, view.image.height * sheet.scale];
    return [x - beyond, y - beyond, width + 2 * beyond, height + 2 * beyond];
  }

  #listen(): void {
    const scroll = this.#scroll;
    scroll.addEventListener('scroll', () => this.#paint());
    scroll.addEventListener('pointermove', (event) => this.#tell(this.#under(event)));
    scroll.addEventListener('pointerleave', () => this.#host.pointed(undefined, false));
    scroll.addEventListener('click', (event) => {
      const at = this.#under(event);
      if (at === undefined) return;
      this.#at = at;
      this.#host.pick?.(at.index);
    });
    scroll.addEventListener('focus', () => this.#setFocus(scroll.matches(':focus-visible')));
    scroll.addEventListener('blur', () => {
      this.#setFocus(false);
      this.#host.pointed(undefined, false);
    });
    onPlainKey(scroll, (event) => this.#onKey(event));
    scroll.addEventListener(
      'wheel',
      (event) => {
        if (!(event.ctrlKey || event.metaKey) || event.deltaY === 0 || !this.#host.zoom) return;
        event.preventDefault();
        this.#host.zoom(event.deltaY < 0 ? 1 : -1);
      },
      { passive: false },
    );
  }

  #setFocus(hasFocus: boolean): void {
    this.#hasFocus = hasFocus;
    this.#paint();
  }

  #under(event: MouseEvent): SheetPixel | undefined {
    if (this.#shown === undefined) return undefined;
    const { left, top } = this.#whole.getBoundingClientRect();
    const point = [event.clientX - left, event.clientY - top] as const;
    return pixelAt(this.#shown.sheet, this.#shown.view.image, point);
  }

  #tell(at: Omit<SheetPixel, 'cell'> | undefined, byKeyboard = false): void {
    if (at === undefined || this.#shown === undefined) {
      this.#host.pointed(undefined, byKeyboard);
      return;
    }
    this.#at = at;
    const { values, view } = this.#shown;
    const shades = pixelValues(values, at, view.image).map((value) =>
      Number.isNaN(value) ? 'not a number' : formatValue(value),
    );
    const parts = [
      `${this.#one} ${formatCount((view.numbers?.each[at.index] ?? at.index) + 1)}`,
      ...factsText(at.index, view.facts, view.classNames),
      `pixel (${at.x}, ${at.y})`,
      shades.join(' '),
    ];
    this.#host.pointed(parts.join('   '), byKeyboard);
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#shown === undefined) return;
    const { view, sheet } = this.#shown;
    const { pick, zoom } = this.#host;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.#move(event.shiftKey, -1, 0),
      ArrowRight: () => this.#move(event.shiftKey, 1, 0),
      ArrowUp: () => this.#move(event.shiftKey, 0, -1),
      ArrowDown: () => this.#move(event.shiftKey, 0, 1),
      Home: () => this.#goTo(0, 1),
      End: () => this.#goTo(sheet.cells.length - 1, -1),
      ...(pick
        ? {
            Enter: () => pick(this.#at.index),
            ' ': () => pick(this.#at.index),
            Escape: () => pick(undefined),
          }
        : {}),
      ...(zoom
        ? { '+': () => zoom(1), '=': () => zoom(1), '-': () => zoom(-1), '0': () => zoom(0) }
        : {}),
    };
    const act = keys[event.key];
    if (act === undefined) return;
    if (event.key === 'Escape' && view.picked === undefined) return;
    event.preventDefault();
    this.#hasFocus = true;
    act();
  }

  /** From image to image, or from pixel to pixel. */
  #move(byPixel: boolean, right: number, down: number): void {
    const { view, sheet } = this.#shown!;
    if (byPixel) {
      const clamp = (value: number, end: number) => Math.min(end - 1, Math.max(0, value));
      const { index, x, y } = this.#at;
      const { width, height } = view.image;
      this.#tell({ index, x: clamp(x + right, width), y: clamp(y + down, height) }, true);
      this.#paint();
      return;
    }
    const by = right + down * sheet.columns;
    this.#goTo(sheet.cells.indexOf(this.#at.index) + by, Math.sign(by) as -1 | 1);
  }

  /** To the image of a cell, or the next one in that direction where there is none. */
  #goTo(cell: number, direction: -1 | 1): void {
    const { sheet } = this.#shown!;
    let at = cell;
    while (sheet.cells[at] === -1) at += direction;
    const index = sheet.cells[at];
    if (index !== undefined) {
      this.#tell({ ...this.#at, index }, true);
      const [x, y, width, height] = this.#frameOf(at, 2);
      const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.#scroll;
      this.#scroll.scrollTo(
        x - sheet.gutter < scrollLeft
          ? x - sheet.gutter
          : Math.max(scrollLeft, x + width - clientWidth),
        y < scrollTop ? y : Math.max(scrollTop, y + height - clientHeight),
      );
    } else {
      // Nothing lies there: it stays, and is told again.
      this.#tell(this.#at, true);
    }
    this.#paint();
  }
}

/** What is known of a row, in words. */
export function factsText(
  index: number,
  { energies, ages, classes, norms }: RowFacts = {},
  classNames: readonly string[] = [],
): string[] {
  const energy = energies?.[index];
  const age = ages?.[index];
  const own = classes?.[index];
  const norm = norms?.[index];
  return [
    ...(energy === undefined ? [] : [`energy ${formatValue(energy)}`]),
    ...(own === undefined ? [] : [`class ${className(own, classNames)}`]),
    ...(norm === undefined ? [] : [`norm ${formatValue(norm)}`]),
    ...(age === undefined ? [] : [`chain of ${formatCount(age)} steps`]),
  ];
}

const byIndex = (count: number) => (columns: number) => {
  const [order] = sheetOrders;
  return arranged(ordered(count, order, {}), order, {}, columns);
};

const knownOf = (values: Float32Array = new Float32Array(0)) => values.filter(Number.isFinite);
const min = (values: Float32Array) => values.reduce((a, b) => Math.min(a, b));
const max = (values: Float32Array) => values.reduce((a, b) => Math.max(a, b));
