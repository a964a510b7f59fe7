import { legible, type Rgba, subdued } from './contrast';

/** What is drawn on canvases, each legible on the ground it is drawn on; only `grid` is decoration. */
export interface Palette {
  /** The panel's own. Opaque. */
  readonly background: Rgba;
  readonly foreground: Rgba;
  /** Words and ticks of less weight. */
  readonly muted: Rgba;
  readonly grid: Rgba;
  /** Contour lines on the bare background. */
  readonly contour: Rgba;
  /** Frames of plots. */
  readonly border: Rgba;
  /** The step marker, and whatever else is to catch the eye. */
  readonly accent: Rgba;
  /** Colours of curves, in order of use. */
  readonly curves: readonly Rgba[];
  /** The same beneath their smoothed selves. */
  readonly subduedCurves: readonly Rgba[];
  readonly samples: Rgba;
  readonly data: Rgba;
  /** What is filled beneath an outline: a histogram of the data. */
  readonly filled: Rgba;
  /** Words about how a run stands. */
  readonly tones: Readonly<Record<'busy' | 'good' | 'attention' | 'bad', Rgba>>;
}

/** Colours of curves by the names of the theme, in order of use. */
const curveColors = ['blue', 'orange', 'green', 'purple', 'red', 'yellow'] as const;

/** The variables of the editor's theme that a palette is made of, without `--vscode-`. */
export const themeColors: readonly string[] = [
  ...['editor-background', 'editor-foreground', 'foreground', 'descriptionForeground'],
  ...['contrastBorder', 'panel-border', 'focusBorder', 'errorForeground'],
  ...['charts-foreground', 'charts-lines'],
  ...curveColors.map((color) => `charts-${color}`),
];

/** What words have to stand out by (WCAG 2.2, 1.4.3). */
const leastOfText = 4.5;

/**
 * The colours of a theme, made to stand out where they do not: themes mean some of them for large areas
 * or to be seen through.
 *
 * @param read a variable of {@link themeColors}, or `undefined` where the theme leaves it out
 */
export function paletteOf(
  read: (name: string) => Rgba | undefined,
  isHighContrast: boolean,
): Palette {
  const first = (...names: string[]): Rgba => {
    for (const name of names) {
      const color = read(name);
      if (color !== undefined) return color;
    }
    return [0.5, 0.5, 0.5, 1];
  };
  const background = first('editor-background');
  const mark = (...names: string[]) => legible(first(...names), background);
  const word = (...names: string[]) => legible(first(...names), background, leastOfText);
  const foreground = word('foreground', 'editor-foreground');
  const curves = curveColors.map((color) => mark(`charts-${color}`, 'charts-foreground'));
  const data = mark('editor-foreground', 'foreground');
  return {
    background,
    foreground,
    muted: isHighContrast ? foreground : word('descriptionForeground', 'foreground'),
    grid: [foreground[0], foreground[1], foreground[2], isHighContrast ? 0.35 : 0.12],
    contour: isHighContrast ? foreground : subdued(foreground, background),
    border: isHighContrast
      ? mark('contrastBorder', 'foreground')
      : subdued(first('panel-border', 'charts-lines', 'foreground'), background),
    accent: mark('focusBorder', 'foreground'),
    curves,
    subduedCurves: curves.map((color) => subdued(color, background)),
    samples: mark('charts-red', 'errorForeground'),
    data,
    filled: subdued(data, background),
    tones: {
      busy: word('charts-blue', 'foreground'),
      good: word('charts-green', 'foreground'),
      attention: word('charts-yellow', 'foreground'),
      bad: word('errorForeground', 'charts-red'),
    },
  };
}
