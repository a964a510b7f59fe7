import type { ComparedRun } from '../../protocol/compare';
import type { EnergyRange } from '../../protocol/energy-range';
import type { PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { plotAxis } from '../store/plot-window';
import { column, plane } from '../store/point-set';
import type { Theme } from '../theme';
import { element, setAttribute } from './element';
import { HistogramPlot } from './histogram-plot';
import { ImageSheet } from './image-sheet';
import { Memo } from './memo';
import { PlanePlot } from './plane-plot';

/** What a {@link ComparePicture} shows. */
export interface PictureView {
  readonly run: ComparedRun;
  readonly frame: PreviewFrame;
  /** The energies at the ends of the colours; its own where absent. */
  readonly range: EnergyRange | undefined;
  readonly theme: Theme;
  /** In CSS pixels; the width is that of its element. */
  readonly mostHeight: number;
}

const layers = { field: true, contours: true, data: false, samples: true };

/** One preview of a run: samples over its landscape, a histogram over one axis, or images. */
export class ComparePicture {
  readonly root = element('div', { class: 'plot-holder' });
  readonly #pointed: (text: string | undefined) => void;
  readonly #drawing = new Memo();
  #plane: PlanePlot | undefined;
  #histogram: HistogramPlot | undefined;
  #images: ImageSheet | undefined;

  /** @param pointed told what is under the pointer, in words, or that it is gone */
  constructor(pointed: (text: string | undefined) => void) {
    this.#pointed = pointed;
  }

  /** Draws into the room that it has, where anything drawn has changed. */
  draw({ run, frame, range, theme, mostHeight }: PictureView): void {
    const { preview: layout, transform, name } = run;
    const width = this.root.clientWidth;
    if (!layout || width === 0) return;
    const inputs = [layout, frame, range?.low, range?.high, theme, width, window.devicePixelRatio];
    if (!this.#drawing.changed(name, mostHeight, ...inputs)) return;
    const samples = `${formatCount(frame.count)} samples of ${name} at step ${formatCount(frame.step)}`;
    if (layout.image) {
      this.#images ??= new ImageSheet('Samples', 'sample', { pointed: this.#pointed });
      const { energies } = frame;
      this.#show(this.#images, samples);
      this.#images.draw(
        {
          image: layout.image,
          values: frame.samples,
          facts: energies ? { energies: energies.samples } : {},
          theme,
        },
        { width, height: mostHeight - 68 },
      );
      return;
    }
    const x = plotAxis(layout, transform, 0);
    const { resolution, dimensions } = layout;
    if (dimensions === 1) {
      this.#histogram ??= new HistogramPlot(this.#pointed);
      this.#show(this.#histogram, samples);
      const values = column(frame.samples, 1, 0);
      const field = frame.field?.length === resolution ? frame.field : undefined;
      this.#histogram.draw(
        { axis: x, field, data: undefined, samples: values, layers, theme },
        width,
        mostHeight - 60,
      );
      return;
    }
    this.#plane ??= new PlanePlot(this.#pointed, () => this.#drawing.changed());
    this.#show(this.#plane, samples);
    const hasField = frame.field !== undefined && frame.field.length === resolution ** 2;
    this.#plane.draw(
      {
        x,
        y: plotAxis(layout, transform, 1),
        field: hasField && frame.field ? { values: frame.field, resolution } : undefined,
        range,
        data: undefined,
        samples: plane(frame.samples, dimensions, [0, 1]),
        layers,
        theme,
      },
      width,
      mostHeight,
    );
  }

  #show({ root }: { readonly root: HTMLElement }, label: string): void {
    if (this.root.firstElementChild !== root) this.root.replaceChildren(root);
    setAttribute(root, 'aria-label', label);
  }
}
