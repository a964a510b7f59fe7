import type { ImageLayout } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import {
  cornerOf,
  pixelAt,
  pixelsOf,
  pixelValues,
  type Sheet,
  sheetOf,
} from '../store/image-sheet';
import { formatValue } from '../store/number-format';
import type { Theme } from '../theme';
import { element, setAttribute, setText } from './element';
import { prepareCanvas } from './plot-axes';

/** What an {@link ImagePlot} shows: `[n, D]` numbers in model space. */
export interface ImageView {
  readonly image: ImageLayout;
  readonly samples: Float32Array | undefined;
  readonly data: Float32Array | undefined;
  readonly theme: Theme;
}

/** Images of samples, and of the data beside them. */
export class ImagePlot {
  readonly root: HTMLElement;
  readonly #parts: { readonly samples: ImagePart; readonly data: ImagePart };

  /** @param pointed told what is under the pointer, in words, or that nothing is */
  constructor(pointed: (text: string | undefined) => void) {
    this.#parts = {
      samples: new ImagePart('Samples', 'sample', pointed),
      data: new ImagePart('Data', 'row', pointed),
    };
    this.root = element(
      'div',
      { class: 'image-plot', role: 'group' },
      this.#parts.samples.root,
      this.#parts.data.root,
    );
  }

  /** Draws into `width` CSS pixels and at most `maxHeight`. */
  draw(view: ImageView, width: number, maxHeight: number): void {
    const shown = (['samples', 'data'] as const).filter((name) => view[name] !== undefined);
    // Side by side, where both have room.
    const isBeside = shown.length < 2 || width >= 520;
    this.root.classList.toggle('beside', isBeside);
    const room = {
      width: isBeside ? Math.floor((width - 24) / Math.max(1, shown.length)) : width,
      height: (isBeside ? maxHeight : Math.floor(maxHeight / 2)) - 28,
    };
    this.#parts.samples.draw(view.samples, view, room);
    this.#parts.data.draw(view.data, view, room);
  }
}

/** One sheet of images under its heading. */
class ImagePart {
  readonly root: HTMLElement;
  readonly #name: string;
  readonly #one: string;
  readonly #pointed: (text: string | undefined) => void;
  readonly #heading = element('div', { class: 'image-heading' });
  readonly #canvas = element('canvas', { role: 'img', tabindex: '0' });
  readonly #atlas = document.createElement('canvas');
  #shown:
    | { readonly values: Float32Array; readonly image: ImageLayout; readonly sheet: Sheet }
    | undefined;
  /** The image and pixel that is told, where the keyboard moves it. */
  #at = { index: 0, x: 0, y: 0 };

  /** @param one what one of them is called */
  constructor(name: string, one: string, pointed: (text: string | undefined) => void) {
    this.#name = name;
    this.#one = one;
    this.#pointed = pointed;
    this.#canvas.dataset['testid'] = `images-${name.toLowerCase()}`;
    this.root = element('div', { class: 'image-part' }, this.#heading, this.#canvas);
    this.#canvas.addEventListener('pointermove', (event) => {
      this.#tell(this.#under(event.offsetX, event.offsetY));
    });
    this.#canvas.addEventListener('pointerleave', () => pointed(undefined));
    this.#canvas.addEventListener('blur', () => pointed(undefined));
    this.#canvas.addEventListener('keydown', (event) => this.#onKey(event));
  }

  draw(
    values: Float32Array | undefined,
    { image, theme }: ImageView,
    room: { readonly width: number; readonly height: number },
  ): void {
    const numbers = image.width * image.height * image.channels;
    const count = values === undefined ? 0 : Math.floor(values.length / numbers);
    this.root.hidden = count === 0;
    if (values === undefined || count === 0) {
      this.#shown = undefined;
      return;
    }
    const sheet = sheetOf(count, image, room);
    this.#shown = { values, image, sheet };
    const some =
      sheet.shown < count
        ? `${formatCount(sheet.shown)} of ${formatCount(count)}`
        : formatCount(count);
    setText(this.#heading, `${this.#name} (${some})`);
    setAttribute(
      this.#canvas,
      'aria-label',
      `${this.#name}: ${some} images of ${image.width} × ${image.height} pixels.`,
    );
    const context = prepareCanvas(this.#canvas, sheet.width, sheet.height);
    const atlas = this.#atlas;
    atlas.width = image.width;
    atlas.height = image.height * sheet.shown;
    const pixels = atlas.getContext('2d');
    if (!context || !pixels) return;
    for (let index = 0; index < sheet.shown; index++) {
      const drawn = new ImageData(pixelsOf(values, index, image), image.width, image.height);
      pixels.putImageData(drawn, 0, index * image.height);
    }
    context.imageSmoothingEnabled = false;
    const [width, height] = [image.width * sheet.scale, image.height * sheet.scale];
    context.strokeStyle = theme.border;
    for (let index = 0; index < sheet.shown; index++) {
      const [x, y] = cornerOf(sheet, image, index);
      const top = index * image.height;
      context.drawImage(atlas, 0, top, image.width, image.height, x, y, width, height);
      // Dark images on a dark ground, and light ones on a light, have an edge too.
      context.strokeRect(x - 0.5, y - 0.5, width + 1, height + 1);
    }
  }

  #under(left: number, top: number) {
    return this.#shown && pixelAt(this.#shown.sheet, this.#shown.image, [left, top]);
  }

  #tell(at: { index: number; x: number; y: number } | undefined): void {
    if (at === undefined || this.#shown === undefined) {
      this.#pointed(undefined);
      return;
    }
    this.#at = at;
    const { values, image } = this.#shown;
    const shades = pixelValues(values, at, image).map((value) =>
      Number.isNaN(value) ? 'not a number' : formatValue(value),
    );
    this.#pointed(`${this.#one} ${at.index + 1}   pixel (${at.x}, ${at.y})   ${shades.join(' ')}`);
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#shown === undefined) return;
    const { image, sheet } = this.#shown;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const clamp = (value: number, end: number) => Math.min(end - 1, Math.max(0, value));
    const { index, x, y } = this.#at;
    // With Shift from image to image, else from pixel to pixel.
    this.#tell(
      event.shiftKey
        ? { index: clamp(index + move[0] + move[1] * sheet.columns, sheet.shown), x, y }
        : { index, x: clamp(x + move[0], image.width), y: clamp(y + move[1], image.height) },
    );
  }
}
