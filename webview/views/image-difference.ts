import { fileValueIn } from '../../protocol/pixel-values';
import type { ImageLayout } from '../../protocol/run';
import { type Difference, differenceOf, type Spread, spreadOf } from '../store/image-difference';
import { formatBound, formatValue } from '../store/number-format';
import { type Shade, signedShade } from '../store/shades';
import { signedColors, type Theme } from '../theme';
import { element, setText } from './element';
import { Memo } from './memo';

/** What an {@link ImageDifference} shows: `[n, D]` numbers in model space. */
export interface DifferenceView {
  readonly samples: Float32Array;
  readonly data: Float32Array;
  readonly image: ImageLayout;
  readonly theme: Theme;
}

/** How data and samples differ as a whole: mean and standard deviation of each pixel. */
export class ImageDifference {
  readonly root: HTMLElement;
  readonly #table = element('tbody');
  readonly #note = element('p', {
    class: 'landscape-note',
    'data-testid': 'image-difference-note',
  });
  readonly #drawing = new Memo();

  constructor() {
    const heads = ['Of pixels', 'Data', 'Samples', 'Samples − data'].map((text) =>
      element('th', { scope: 'col' }, text),
    );
    this.root = element(
      'div',
      { class: 'image-difference', 'data-testid': 'image-difference' },
      element(
        'table',
        {},
        element('caption', { class: 'visually-hidden' }, 'Mean and deviation of each pixel'),
        element('thead', {}, element('tr', {}, ...heads)),
        this.#table,
      ),
      this.#note,
    );
  }

  draw(view: DifferenceView | undefined, width: number): void {
    this.root.hidden = view === undefined;
    if (view === undefined) return;
    const { samples, data, image, theme } = view;
    if (!this.#drawing.changed(samples, data, image, theme, width)) return;
    const dimensions = image.width * image.height * image.channels;
    const unit = fileValueIn(image);
    const ofData = spreadOf(data, dimensions, unit);
    const ofSamples = spreadOf(samples, dimensions, unit);
    const difference = differenceOf(ofData, ofSamples);
    const [dark, bright] = image.from;
    const span = Math.abs(bright - dark);
    const side = Math.min(220, Math.floor((width - 100) / 3) - 12);
    const row = (name: string, of: keyof Pick<Spread, 'means' | 'deviations'>) => {
      const low = of === 'means' ? Math.min(dark, bright) : 0;
      const high = of === 'means' ? low + span : largest([ofData.deviations, ofSamples.deviations]);
      const grey = { low, high, shade: (value: number) => shareOf(value, low, high) };
      const reach = largest([difference[of]]);
      const signed = { low: -reach, high: reach, shade: signedShade(reach, signedColors(theme)) };
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, name),
        element('td', {}, picture(ofData[of], image, side, grey)),
        element('td', {}, picture(ofSamples[of], image, side, grey)),
        element('td', {}, picture(difference[of], image, side, signed)),
      );
    };
    this.#table.replaceChildren(row('Mean', 'means'), row('Deviation', 'deviations'));
    setText(this.#note, differenceText(difference, image));
  }
}

/** The pictures in words. */
function differenceText(difference: Difference, { from: [dark, bright] }: ImageLayout): string {
  const { ofMeans, byChance, ofDeviations } = difference;
  return `The means of a pixel differ by ${formatValue(ofMeans)} (root mean square, of ${formatBound(dark)} to ${formatBound(bright)}); independent samples of the same law would differ by ${formatValue(byChance)}. The deviations differ by ${formatValue(ofDeviations)}.`;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly shade: Shade;
}

const shareOf = (value: number, low: number, high: number) =>
  high > low ? (value - low) / (high - low) : 0.5;

/** Numbers of pixels as a picture whose longer side is about so long, above the range of its shades. */
function picture(
  values: Float64Array,
  { width, height, channels }: ImageLayout,
  side: number,
  { low, high, shade }: Scale,
) {
  const canvas = element('canvas', { role: 'img', class: 'picture' });
  canvas.width = width;
  canvas.height = height;
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = values[pixel * channels + (channels === 3 ? channel : 0)]!;
      pixels[4 * pixel + channel] = 255 * shade(value, channel);
    }
    pixels[4 * pixel + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  const scale = Math.max(1, Math.round(side / Math.max(width, height)));
  canvas.style.width = `${width * scale}px`;
  canvas.style.height = `${height * scale}px`;
  const range = `${formatBound(low)} to ${formatBound(high)}`;
  canvas.setAttribute('aria-label', `${width} × ${height} pixels, shades from ${range}`);
  return element('figure', {}, canvas, element('figcaption', {}, range));
}

function largest(all: readonly Float64Array[]): number {
  return Math.max(...all.map((values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)));
}
