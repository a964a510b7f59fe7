import type { PointLayer } from '../gl/plane-renderer';
import { drawnPoints, type PlotAxis } from '../store/plot-window';
import { byClass } from '../store/point-classes';
import { rgba, type Theme } from '../theme';

/** Which class points are of: `[count]` numbers of each, where they are known. */
export interface PointClasses {
  /** How many classes have a name. */
  readonly count: number;
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
}

/** Points over a plane, and which of them are shown. */
interface ShownPoints {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  /** `[count, 2]` points in model space. */
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
  /** By which they are coloured; by data and samples where absent. */
  readonly classes?: PointClasses | undefined;
  readonly layers: { readonly data: boolean; readonly samples: boolean };
  readonly theme: Theme;
}

/** What is drawn of them, data beneath samples, in a picture of a width in CSS pixels. */
export function pointLayers(shown: ShownPoints, width: number): PointLayer[] {
  const { data, samples, layers, theme } = shown;
  const drawn: PointLayer[] = [];
  if (data && layers.data) {
    // High contrast leaves little between the two colours: there the size tells them apart too.
    const isSmall = theme.isHighContrast && shown.classes === undefined;
    const size = sizeOf(data, { factor: isSmall ? 0.06 : 0.09, least: 0.8 }, width);
    drawn.push(...layersOf(shown, 'data', size));
  }
  if (samples && layers.samples) {
    drawn.push(...layersOf(shown, 'samples', sizeOf(samples, { factor: 0.12, least: 1.2 }, width)));
  }
  return drawn;
}

/** The radius of points: smaller in a small picture, and where there are many. */
function sizeOf(
  points: Float32Array,
  { factor, least }: { readonly factor: number; readonly least: number },
  width: number,
): number {
  const radius = (factor * width) / Math.sqrt(points.length / 2);
  const smallest = least * Math.min(1, Math.max(0.6, width / 200));
  return Math.min(2.2, Math.max(smallest, radius));
}

/** Points of one kind, in its colour or in those of their classes. */
function layersOf(
  { x, y, theme, classes, ...points }: ShownPoints,
  kind: 'data' | 'samples',
  radius: number,
): PointLayer[] {
  const drawn = drawnPoints(points[kind]!, x, y);
  // The outline must not outweigh the fill.
  const size = { radius, outlineWidth: (theme.isHighContrast ? 0.45 : 0.3) * radius };
  const outline = rgba(theme.background);
  const ofEach = classes?.[kind];
  if (classes === undefined || ofEach?.length !== drawn.length / 2) {
    return [{ points: drawn, ...size, fill: rgba(theme[kind]), outline }];
  }
  // A rim of the other kind of colour tells samples from data of their class.
  const rim = kind === 'samples' ? rgba(theme.foreground) : outline;
  return byClass(drawn, ofEach, classes.count).map((group, k) => ({
    ...{ points: group, ...size, outline: rim },
    fill: rgba(k < classes.count ? classColor(theme, k) : theme.muted),
  }));
}

/** The colour of a class by its number. */
export function classColor({ curves, subduedCurves }: Theme, k: number): string {
  return [...curves, ...subduedCurves][k % (curves.length + subduedCurves.length)]!;
}
