import type { ComparedRun } from '../../protocol/compare';
import type { EnergyRange } from '../../protocol/energy-range';
import { problemOf } from '../../protocol/problem';
import type { PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { commonRange, matchedStep, unitedSteps } from '../store/compare-steps';
import { plotAxis } from '../store/plot-window';
import { column, plane } from '../store/point-set';
import { PreviewSelection } from '../store/preview-selection';
import type { Theme } from '../theme';
import { CheckBox, PushButton } from '../toolkit';
import type { LineStyle } from './compare-table';
import { element, icon, LineSwatch, setAttribute, setText, showFill } from './element';
import { HistogramPlot } from './histogram-plot';
import { ImageSheet } from './image-sheet';
import { Memo } from './memo';
import { PlanePlot } from './plane-plot';

/** More are neither drawn with ease nor seen. */
const mostPreviews = 12;

/** What {@link ComparePreviews} shows. */
export interface ComparePreviewsView {
  /** The runs that are shown, in their order; of more than twelve the first. */
  readonly runs: readonly ComparedRun[];
  /** The step that is looked at, or none where each run shows its newest. */
  readonly step: number | undefined;
  readonly styleOf: (directory: string) => LineStyle;
  readonly theme: Theme;
}

/** What it asks of the page. */
export interface ComparePreviewsHost {
  fetch(directory: string, step: number): Promise<PreviewFrame>;
  redraw(): void;
  select(step: number | undefined): void;
}

/** What the models have learned, side by side at one step. */
export class ComparePreviews {
  readonly root: HTMLElement;
  readonly #host: ComparePreviewsHost;
  readonly #cells = new Map<string, PreviewCell>();
  readonly #grid = element('div', { class: 'compare-grid' });
  readonly #note = element('span', { class: 'pane-note' });
  readonly #sameRange: CheckBox;
  readonly #range = element('input', {
    type: 'range',
    min: '0',
    step: '1',
    class: 'slider',
    'aria-label': 'Step shown',
    'data-testid': 'compare-scrubber',
  });
  readonly #shownStep = element('output', { 'data-testid': 'compare-step' });
  readonly #newest: PushButton;
  #steps: readonly number[] = [];
  #hasSameRange = true;

  constructor(host: ComparePreviewsHost) {
    this.#host = host;
    this.#sameRange = new CheckBox('Same colours', (checked) => {
      this.#hasSameRange = checked;
      host.redraw();
    });
    this.#sameRange.root.title = 'One range of energies for the colours of all';
    this.#newest = new PushButton({
      label: 'Newest',
      appearance: 'secondary',
      icon: icon('dot'),
      press: () => host.select(undefined),
    });
    this.#range.addEventListener('input', () => {
      host.select(this.#steps[Number(this.#range.value)]);
    });
    this.root = element(
      'section',
      { class: 'pane compare-previews', 'aria-label': 'Previews' },
      element(
        'div',
        { class: 'pane-head' },
        element('h2', {}, 'Previews'),
        this.#note,
        this.#sameRange.root,
      ),
      element(
        'div',
        { class: 'compare-scrubber' },
        element('span', { 'aria-hidden': 'true' }, 'Step'),
        this.#range,
        this.#shownStep,
        this.#newest.root,
      ),
      this.#grid,
    );
  }

  render({ runs, step, styleOf, theme }: ComparePreviewsView): void {
    const able = runs.filter(({ preview, previewSteps }) => preview && previewSteps.length > 0);
    const shown = able.slice(0, mostPreviews);
    this.root.hidden = shown.length === 0;
    if (shown.length === 0) return;
    setText(
      this.#note,
      able.length > shown.length ? `the first ${shown.length} of ${able.length} shown runs` : '',
    );
    this.#sameRange.isChecked = this.#hasSameRange;
    this.#steps = unitedSteps(shown.map(({ previewSteps }) => previewSteps));
    const last = this.#steps.length - 1;
    const wanted = step ?? this.#steps[last] ?? 0;
    const at = Math.max(
      0,
      this.#steps.findLastIndex((known) => known <= wanted),
    );
    setAttribute(this.#range, 'max', String(Math.max(0, last)));
    this.#range.value = String(at);
    showFill(this.#range);
    const text = formatCount(wanted);
    setText(this.#shownStep, text);
    setAttribute(
      this.#range,
      'aria-valuetext',
      step === undefined ? `step ${text}, newest` : `step ${text}`,
    );
    setAttribute(this.#newest.root, 'aria-pressed', String(step === undefined));

    const cells = shown.map((run) => this.#cell(run));
    for (const [directory, cell] of this.#cells) {
      if (!cells.includes(cell)) this.#cells.delete(directory);
    }
    const roots = cells.map(({ root }) => root);
    const isSame =
      roots.length === this.#grid.children.length &&
      roots.every((root, k) => this.#grid.children[k] === root);
    if (!isSame) this.#grid.replaceChildren(...roots);
    for (const [k, cell] of cells.entries()) cell.look(shown[k]!, wanted);
    const fields = cells.flatMap(({ field }) => field ?? []);
    const range = this.#hasSameRange ? commonRange(fields) : undefined;
    for (const [k, cell] of cells.entries()) {
      cell.draw(shown[k]!, { range, style: styleOf(shown[k]!.directory), theme });
    }
  }

  #cell({ directory }: ComparedRun): PreviewCell {
    const known = this.#cells.get(directory);
    if (known) return known;
    const cell = new PreviewCell((step) => this.#host.fetch(directory, step), this.#host.redraw);
    this.#cells.set(directory, cell);
    return cell;
  }
}

/** How a cell is drawn beside the others. */
interface CellLook {
  readonly range: EnergyRange | undefined;
  readonly style: LineStyle;
  readonly theme: Theme;
}

/** One run's preview under its name. */
class PreviewCell {
  readonly root: HTMLElement;
  readonly #swatch = new LineSwatch();
  readonly #name = element('span', { class: 'cell-name' });
  readonly #step = element('span', { class: 'pane-note', 'data-testid': 'cell-step' });
  readonly #readout = element('div', { class: 'readout' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #holder = element('div', { class: 'plot-holder' });
  readonly #selection: PreviewSelection;
  readonly #drawing = new Memo();
  #plane: PlanePlot | undefined;
  #histogram: HistogramPlot | undefined;
  #images: ImageSheet | undefined;

  constructor(fetch: (step: number) => Promise<PreviewFrame>, redraw: () => void) {
    this.#selection = new PreviewSelection({ fetch, changed: redraw });
    this.root = element(
      'article',
      { class: 'compare-cell' },
      element('div', { class: 'cell-head' }, this.#swatch.root, this.#name, this.#step),
      this.#holder,
      this.#readout,
      this.#empty,
    );
  }

  /** The energies that are shown. */
  get field(): Float32Array | undefined {
    return this.#selection.frame?.field;
  }

  /** Looks at the newest preview up to a step. */
  look({ previewSteps }: ComparedRun, wanted: number): void {
    const step = matchedStep(previewSteps, wanted);
    if (step !== this.#selection.step) this.#selection.select(step);
  }

  draw(run: ComparedRun, { range, style, theme }: CellLook): void {
    const { preview: layout, transform, name } = run;
    const { frame, step, error, isLoading } = this.#selection;
    this.#swatch.show(style.color, style.dash);
    setText(this.#name, name);
    setAttribute(this.#name, 'title', name);
    setAttribute(this.root, 'aria-label', name);
    setText(this.#step, frame ? `step ${formatCount(frame.step)}${isLoading ? ' …' : ''}` : '');
    this.#empty.hidden = step !== undefined && error === undefined;
    this.#holder.hidden = step === undefined || error !== undefined || frame === undefined;
    setText(
      this.#empty,
      error === undefined ? 'No preview yet at this step.' : problemOf(error).message,
    );
    const width = this.#holder.clientWidth;
    if (!layout || !frame || this.#holder.hidden || width === 0) return;
    const inputs = [frame, range?.low, range?.high, theme, width, window.devicePixelRatio];
    if (!this.#drawing.changed(...inputs)) return;
    const layers = { field: true, contours: true, data: false, samples: true };
    const tell = (text: string | undefined) => setText(this.#readout, text ?? '');
    const samples = `${formatCount(frame.count)} samples of ${name} at step ${formatCount(frame.step)}`;
    if (layout.image) {
      this.#images ??= this.#put(new ImageSheet('Samples', 'sample', { pointed: tell }));
      const { energies } = frame;
      this.#images.draw(
        {
          image: layout.image,
          values: frame.samples,
          facts: energies ? { energies: energies.samples } : {},
          theme,
        },
        { width, height: 232 },
      );
      setAttribute(this.#images.root, 'aria-label', samples);
      return;
    }
    const x = plotAxis(layout, transform, 0);
    if (layout.dimensions === 1) {
      this.#histogram ??= this.#put(new HistogramPlot(tell));
      const values = column(frame.samples, 1, 0);
      const field = frame.field?.length === layout.resolution ? frame.field : undefined;
      this.#histogram.draw(
        { axis: x, field, data: undefined, samples: values, layers, theme },
        width,
        240,
      );
      setAttribute(this.#histogram.root, 'aria-label', samples);
      return;
    }
    this.#plane ??= this.#put(new PlanePlot(tell, () => this.#drawing.changed()));
    const { resolution, dimensions } = layout;
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
      300,
    );
    setAttribute(this.#plane.root, 'aria-label', samples);
  }

  #put<P extends { readonly root: HTMLElement }>(plot: P): P {
    this.#holder.replaceChildren(plot.root);
    return plot;
  }
}
