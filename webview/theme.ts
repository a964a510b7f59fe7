import { cssColor, type Rgba } from './store/contrast';
import { type Palette, paletteOf } from './store/palette';

/** Colours as CSS writes them. */
type Written<T> = T extends Rgba ? string : { readonly [K in keyof T]: Written<T[K]> };

/** The colours and type of the editor's theme, for what is drawn on canvases. CSS reads them itself. */
export interface Theme extends Written<Palette> {
  readonly isHighContrast: boolean;
  readonly fontFamily: string;
}

/** The theme as it is now. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const isHighContrast = /\bvscode-high-contrast(-light)?\b/.test(document.body.className);
  const read = (name: string) => {
    const value = style.getPropertyValue(`--vscode-${name}`).trim();
    return value === '' ? undefined : rgba(value);
  };
  const { curves, subduedCurves, tones, ...colors } = paletteOf(read, isHighContrast);
  return {
    isHighContrast,
    fontFamily: style.getPropertyValue('--vscode-font-family').trim() || 'sans-serif',
    background: cssColor(colors.background),
    foreground: cssColor(colors.foreground),
    muted: cssColor(colors.muted),
    grid: cssColor(colors.grid),
    contour: cssColor(colors.contour),
    border: cssColor(colors.border),
    accent: cssColor(colors.accent),
    curves: curves.map(cssColor),
    subduedCurves: subduedCurves.map(cssColor),
    samples: cssColor(colors.samples),
    data: cssColor(colors.data),
    filled: cssColor(colors.filled),
    tones: {
      busy: cssColor(tones.busy),
      good: cssColor(tones.good),
      attention: cssColor(tones.attention),
      bad: cssColor(tones.bad),
    },
  };
}

/** Lets the style sheet have those of a theme's colours that were made legible. */
export function showTheme(root: HTMLElement, { samples, data, curves, tones }: Theme): void {
  // Not every theme has colours for charts.
  const [first, second] = curves as [string, string];
  const shown = { samples, data, chains: second, 'class-first': first, 'class-second': second };
  for (const [name, color] of Object.entries({ ...shown, ...tones })) {
    root.style.setProperty(`--${name}`, color);
  }
}

/** Calls `changed` whenever the editor's theme changes: it rewrites these attributes. */
export function watchTheme(changed: () => void): void {
  const observer = new MutationObserver(changed);
  const attributes = { attributes: true, attributeFilter: ['class', 'style'] };
  observer.observe(document.body, attributes);
  observer.observe(document.documentElement, attributes);
}

/** Colours of numbers on both sides of zero: two of the curves', and between them the ground. */
export function signedColors({ background, curves }: Theme) {
  return { below: rgba(curves[0]!), ground: rgba(background), above: rgba(curves[1]!) };
}

let probe: CanvasRenderingContext2D | null | undefined;

/** Any CSS colour as red, green, blue and alpha, 0 to 1, not premultiplied. */
export function rgba(color: string): Rgba {
  if (probe === undefined) {
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    probe = canvas.getContext('2d', { willReadFrequently: true });
  }
  if (!probe) return [0.5, 0.5, 0.5, 1];
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, a = 0] = probe.getImageData(0, 0, 1, 1).data;
  return [r / 255, g / 255, b / 255, a / 255];
}
