/** The colours and type of the editor's theme, for what is drawn on canvases. CSS reads them itself. */
export interface Theme {
  readonly isHighContrast: boolean;
  readonly fontFamily: string;
  readonly background: string;
  readonly foreground: string;
  readonly muted: string;
  readonly grid: string;
  /** Contour lines on the bare background. */
  readonly contour: string;
  readonly border: string;
  /** The step marker, and whatever else is to catch the eye. */
  readonly accent: string;
  /** Colours of curves, in order of use. */
  readonly curves: readonly string[];
  /** Fill of the model's samples and of the data. */
  readonly samples: string;
  readonly data: string;
}

const curveColors = ['blue', 'orange', 'green', 'purple', 'red', 'yellow'];

/** The theme as it is now. Every variable has a fallback, because themes may leave any out. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const read = (...names: string[]) => {
    for (const name of names) {
      const value = style.getPropertyValue(`--vscode-${name}`).trim();
      if (value !== '') return value;
    }
    return style.color;
  };
  const isHighContrast = /\bvscode-high-contrast(-light)?\b/.test(document.body.className);
  const foreground = read('foreground', 'editor-foreground');
  return {
    isHighContrast,
    fontFamily: read('font-family'),
    background: read('editor-background'),
    foreground,
    muted: isHighContrast ? foreground : read('descriptionForeground', 'foreground'),
    grid: faded(foreground, isHighContrast ? 0.35 : 0.12),
    contour: faded(foreground, isHighContrast ? 0.8 : 0.4),
    border: isHighContrast ? read('contrastBorder') : read('panel-border', 'charts-lines'),
    accent: read('focusBorder'),
    // Thin lines need the whole colour; the themes' orange is that of a highlight one sees through.
    curves: curveColors.map((color) => faded(read(`charts-${color}`, 'charts-foreground'), 1)),
    samples: read('charts-red', 'errorForeground'),
    data: read('editor-foreground'),
  };
}

/** Calls `changed` whenever the editor's theme changes: it rewrites these attributes. */
export function watchTheme(changed: () => void): void {
  const observer = new MutationObserver(changed);
  const attributes = { attributes: true, attributeFilter: ['class', 'style'] };
  observer.observe(document.body, attributes);
  observer.observe(document.documentElement, attributes);
}

function faded(color: string, alpha: number): string {
  const [r, g, b] = rgba(color);
  return `rgba(${255 * r}, ${255 * g}, ${255 * b}, ${alpha})`;
}

let probe: CanvasRenderingContext2D | null | undefined;

/** Any CSS colour as red, green, blue and alpha, 0 to 1, not premultiplied. */
export function rgba(color: string): readonly [number, number, number, number] {
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
