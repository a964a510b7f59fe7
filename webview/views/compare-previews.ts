import type { ComparedRun } from '../../protocol/compare';
import type { EnergyRange } from '../../protocol/energy-range';
import type { RunClock } from '../../protocol/panel';
import { problemOf } from '../../protocol/problem';
import type { PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import {
  type MatchBy,
  matchByStep,
  matchByTime,
  matchByValue,
  type PreviewMatch,
} from '../store/compare-match';
import { commonRange } from '../store/compare-range';
import type { ComparedMetric } from '../store/compare-state';
import { PreviewSelection } from '../store/preview-selection';
import type { Series } from '../store/series';
import type { Theme } from '../theme';
import { CheckBox, DropDown, PushButton } from '../toolkit';
import { ComparePicture } from './compare-picture';
import type { LineStyle } from './compare-table';
import { CompareWipe } from './compare-wipe';
import { element, icon, LineSwatch, setAttribute, setText, showFill } from './element';
import { Memo, memoized } from './memo';

/** More are neither drawn with ease nor seen. */
const mostPreviews = 12;

/** Which previews are looked at. */
export interface PreviewLook {
  readonly by: MatchBy;
  /** Of a match by value; that by which runs are ranked where absent. */
  readonly metric: string | undefined;
  /** A place of the match, or none where it has not been chosen. */
  readonly place: number | undefined;
}

/** What {@link ComparePreviews} shows. */
export interface ComparePreviewsView {
  /** The runs that are shown, in their order; of more than twelve the first, and those picked. */
  readonly runs: readonly ComparedRun[];
  readonly picked: readonly string[];
  /** The two that a wipe is between, or fewer where the first two are meant. */
  readonly pair: readonly ComparedRun[];
  readonly look: PreviewLook;
  /** The metric of a match by value, all that there are, and the curves of that one. */
  readonly metric: string;
  readonly goal: 'minimize' | 'maximize';
  readonly metrics: readonly ComparedMetric[];
  readonly curveOf: (directory: string) => Series | undefined;
  readonly styleOf: (directory: string) => LineStyle;
  readonly theme: Theme;
}

/** What it asks of the page. */
export interface ComparePreviewsHost {
  fetch(directory: string, step: number): Promise<PreviewFrame>;
  fetchClock(directory: string): Promise<RunClock>;
  redraw(): void;
  look(look: Partial<PreviewLook>): void;
  pick(directory: string, isAdded: boolean): void;
}

const matches: readonly (readonly [by: MatchBy, name: string])[] = [
  ['step', 'By step'],
  ['time', 'By time'],
  ['value', 'By value of'],
];

/** What the models have learned, side by side where they have come equally far. */
export class ComparePreviews {
  readonly root: HTMLElement;
  readonly #host: ComparePreviewsHost;
  readonly #cells = new Map<string, PreviewCell>();
  readonly #grid = element('div', { class: 'compare-grid' });
  readonly #wipe = new CompareWipe();
  readonly #note = element('span', { class: 'pane-note' });
  readonly #sameRange: CheckBox;
  readonly #wiping: CheckBox;
  readonly #by: DropDown;
  readonly #metricHolder = element('span');
  readonly #range = element('input', {
    type: 'range',
    min: '0',
    step: '1',
    class: 'slider',
    'data-testid': 'compare-scrubber',
  });
  readonly #shownPlace = element('output', { 'data-testid': 'compare-step' });
  readonly #usual: PushButton;
  readonly #clocks: Clocks;
  readonly #metrics = new Memo();
  readonly #match = memoized(
    (
      runs: readonly ComparedRun[],
      { look, goal, curveOf }: ComparePreviewsView,
      _metric: string,
      _clocks: number,
    ): PreviewMatch => {
      if (look.by === 'value') return matchByValue(runs, curveOf, goal);
      if (look.by === 'step') return matchByStep(runs);
      return matchByTime(runs, (directory) => this.#clocks.of(directory));
    },
    ([runs, { look, goal, curveOf }, metric, clocks]) => [
      ...[runs.length, ...runs, look.by, goal, metric, clocks],
      ...(look.by === 'value' ? runs.map(({ directory }) => curveOf(directory)) : []),
    ],
  );
  #metricPicker: DropDown | undefined;
  #places: readonly number[] = [];
  #hasSameRange = true;
  #isWiping = false;

  constructor(host: ComparePreviewsHost) {
    this.#host = host;
    this.#clocks = new Clocks((directory) => host.fetchClock(directory), host.redraw);
    this.#sameRange = new CheckBox('Same colours', (checked) => {
      this.#hasSameRange = checked;
      host.redraw();
    });
    this.#sameRange.root.title = 'One range of energies for the colours of all';
    this.#wiping = new CheckBox('Wipe', (checked) => {
      this.#isWiping = checked;
      host.redraw();
    });
    this.#wiping.root.title =
      'Two previews in one place: the two runs that are picked, or the first two';
    this.#by = new DropDown(
      'Match previews',
      matches.map(([, name]) => name),
      (index) => host.look({ by: matches[index]![0], place: undefined }),
    );
    this.#usual = new PushButton({
      label: 'Newest',
      appearance: 'secondary',
      icon: icon('dot'),
      press: () => host.look({ place: undefined }),
    });
    this.#range.addEventListener('input', () => {
      host.look({ place: this.#places[Number(this.#range.value)] });
    });
    this.root = element(
      'section',
      { class: 'pane compare-previews', 'aria-label': 'Previews' },
      element(
        'div',
        { class: 'pane-head compare-options' },
        element('h2', {}, 'Previews'),
        this.#by.root,
        this.#metricHolder,
        this.#sameRange.root,
        this.#wiping.root,
        this.#note,
      ),
      element(
        'div',
        { class: 'compare-scrubber' },
        this.#range,
        this.#shownPlace,
        this.#usual.root,
      ),
      this.#wipe.root,
      this.#grid,
    );
  }

  render(view: ComparePreviewsView): void {
    const { runs, picked, look, metric, styleOf, theme } = view;
    const able = runs.filter(({ preview, previewSteps }) => preview && previewSteps.length > 0);
    const shown = previewed(able, picked);
    this.root.hidden = shown.length === 0;
    if (shown.length === 0) return;
    if (look.by === 'time') this.#clocks.ask(shown);
    const match = this.#match(shown, view, metric, this.#clocks.version);
    const place = look.place ?? match.places[match.usual];
    this.#showControls(view, match, place);

    const cells = shown.map((run) => this.#cell(run));
    for (const [directory, cell] of this.#cells) {
      if (!cells.includes(cell)) this.#cells.delete(directory);
    }
    const roots = cells.map(({ root }) => root);
    const isSame =
      roots.length === this.#grid.children.length &&
      roots.every((root, k) => this.#grid.children[k] === root);
    if (!isSame) this.#grid.replaceChildren(...roots);
    for (const [k, cell] of cells.entries()) {
      cell.look(place === undefined ? undefined : match.previewAt(shown[k]!, place));
    }
    const range = this.#hasSameRange
      ? commonRange(cells.flatMap(({ frame }) => frame?.field ?? []))
      : undefined;
    for (const [k, cell] of cells.entries()) {
      const run = shown[k]!;
      const clockProblem = look.by === 'time' ? this.#clocks.problemOf(run.directory) : undefined;
      cell.draw(run, {
        range,
        missing: clockProblem ?? match.missing,
        isPicked: picked.includes(run.directory),
        style: styleOf(run.directory),
        theme,
      });
    }
    this.#drawWipe(view, shown, cells);
    setText(this.#note, this.#noteOf(able.length, shown.length));
  }

  #noteOf(able: number, shown: number): string {
    const part = able > shown ? `${shown} of ${formatCount(able)} shown runs` : '';
    const wipe = this.#isWiping && this.#wipe.root.hidden ? 'a wipe needs two previews' : '';
    return [part, wipe].filter((text) => text !== '').join(' · ');
  }

  #showControls(
    { look, metric, metrics }: ComparePreviewsView,
    match: PreviewMatch,
    place: number | undefined,
  ): void {
    this.#sameRange.isChecked = this.#hasSameRange;
    this.#wiping.isChecked = this.#isWiping;
    this.#by.index = matches.findIndex(([by]) => by === look.by);
    if (this.#metrics.changed(metrics.map(({ name }) => name).join('\n'))) {
      const labels = metrics.map(({ label }) => label);
      this.#metricPicker = new DropDown('Metric of the value', labels, (index) =>
        this.#host.look({ metric: metrics[index]?.name, place: undefined }),
      );
      this.#metricHolder.replaceChildren(this.#metricPicker.root);
    }
    this.#metricHolder.hidden = look.by !== 'value';
    const chosen = metrics.findIndex(({ name }) => name === metric);
    if (this.#metricPicker && chosen >= 0) this.#metricPicker.index = chosen;

    this.#places = match.places;
    const last = match.places.length - 1;
    const at = place === undefined ? 0 : indexUpTo(match.places, place);
    setAttribute(this.#range, 'max', String(Math.max(0, last)));
    this.#range.value = String(at);
    this.#range.disabled = last < 1;
    showFill(this.#range);
    const label = { step: 'Step shown', time: 'Time shown', value: 'Value shown' }[look.by];
    setAttribute(this.#range, 'aria-label', label);
    const text = place === undefined ? '–' : match.text(place);
    setText(this.#shownPlace, text);
    const isUsual = look.place === undefined;
    const usual = match.usualName;
    const told = look.by === 'step' ? `step ${text}` : text;
    setAttribute(this.#range, 'aria-valuetext', isUsual ? `${told}, ${usual.toLowerCase()}` : told);
    if (this.#usual.root.getAttribute('aria-label') !== usual) this.#usual.show(usual);
    setAttribute(this.#usual.root, 'aria-pressed', String(isUsual));
  }

  #drawWipe(
    { pair, theme }: ComparePreviewsView,
    shown: readonly ComparedRun[],
    cells: readonly PreviewCell[],
  ): void {
    const wanted = pair.length === 2 ? pair : shown.slice(0, 2);
    const sides = wanted.flatMap(({ directory }) => {
      const at = shown.findIndex((run) => run.directory === directory);
      const frame = cells[at]?.frame;
      return frame ? [{ run: shown[at]!, frame }] : [];
    });
    const range = commonRange(sides.flatMap(({ frame }) => frame.field ?? []));
    this.#wipe.draw({ sides: this.#isWiping ? sides : [], range, theme });
  }

  #cell({ directory }: ComparedRun): PreviewCell {
    const known = this.#cells.get(directory);
    if (known) return known;
    const cell = new PreviewCell({
      fetch: (step) => this.#host.fetch(directory, step),
      redraw: this.#host.redraw,
      pick: (isAdded) => this.#host.pick(directory, isAdded),
    });
    this.#cells.set(directory, cell);
    return cell;
  }
}

/** The first runs, with those that are picked among them. */
function previewed(
  able: readonly ComparedRun[],
  picked: readonly string[],
): readonly ComparedRun[] {
  if (able.length <= mostPreviews) return able;
  const wanted = able.filter(({ directory }) => picked.includes(directory)).slice(0, mostPreviews);
  const others = able.filter((run) => !wanted.includes(run));
  const chosen = new Set([...wanted, ...others.slice(0, mostPreviews - wanted.length)]);
  return able.filter((run) => chosen.has(run));
}

/** The index of the last place up to one, in the order of the places; the first where there is none. */
function indexUpTo(places: readonly number[], place: number): number {
  const sign = (places.at(-1) ?? 0) >= (places[0] ?? 0) ? 1 : -1;
  return Math.max(
    0,
    places.findLastIndex((known) => sign * (place - known) >= 0),
  );
}

/** When the steps of runs were recorded; asked for once, and again when a run has a newer preview. */
class Clocks {
  readonly #fetch: (directory: string) => Promise<RunClock>;
  readonly #changed: () => void;
  readonly #known = new Map<
    string,
    { readonly clock?: RunClock; readonly problem?: string; readonly upTo: number }
  >();
  /** Up to which preview each was last asked for. */
  readonly #asked = new Map<string, number>();
  /** Grows with each answer. */
  version = 0;

  constructor(fetch: (directory: string) => Promise<RunClock>, changed: () => void) {
    this.#fetch = fetch;
    this.#changed = changed;
  }

  of(directory: string): RunClock | undefined {
    return this.#known.get(directory)?.clock;
  }

  problemOf(directory: string): string | undefined {
    return this.#known.get(directory)?.problem;
  }

  ask(runs: readonly ComparedRun[]): void {
    for (const { directory, previewSteps } of runs) {
      const upTo = previewSteps.at(-1) ?? 0;
      if (upTo <= (this.#asked.get(directory) ?? -1)) continue;
      this.#asked.set(directory, upTo);
      const settle = (told: { readonly clock?: RunClock; readonly problem?: string }) => {
        if ((this.#known.get(directory)?.upTo ?? -1) > upTo) return;
        this.#known.set(directory, { ...told, upTo });
        this.version += 1;
        this.#changed();
      };
      this.#fetch(directory).then(
        (clock) => settle({ clock }),
        (thrown: unknown) => settle({ problem: problemOf(thrown).message }),
      );
    }
  }
}

/** How a cell is drawn beside the others. */
interface CellLook {
  readonly range: EnergyRange | undefined;
  /** What is said where there is no preview. */
  readonly missing: string;
  readonly isPicked: boolean;
  readonly style: LineStyle;
  readonly theme: Theme;
}

interface CellHost {
  fetch(step: number): Promise<PreviewFrame>;
  redraw(): void;
  pick(isAdded: boolean): void;
}

/** One run's preview under its name. */
class PreviewCell {
  readonly root: HTMLElement;
  readonly #swatch = new LineSwatch();
  readonly #name = element('button', { type: 'button', class: 'cell-name cell-pick' });
  readonly #step = element('span', { class: 'pane-note', 'data-testid': 'cell-step' });
  readonly #readout = element('div', { class: 'readout' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #picture = new ComparePicture((text) => setText(this.#readout, text ?? ''));
  readonly #selection: PreviewSelection;

  constructor({ fetch, redraw, pick }: CellHost) {
    this.#selection = new PreviewSelection({ fetch, changed: redraw });
    this.#name.addEventListener('click', (event) =>
      pick(event.ctrlKey || event.metaKey || event.shiftKey),
    );
    this.root = element(
      'article',
      { class: 'compare-cell' },
      element('div', { class: 'cell-head' }, this.#swatch.root, this.#name, this.#step),
      this.#picture.root,
      this.#readout,
      this.#empty,
    );
  }

  /** What is shown. */
  get frame(): PreviewFrame | undefined {
    return this.#selection.frame;
  }

  /** Looks at a run's preview of a step, or at none. */
  look(step: number | undefined): void {
    if (step !== this.#selection.step) this.#selection.select(step);
  }

  draw(run: ComparedRun, { range, missing, isPicked, style, theme }: CellLook): void {
    const { name } = run;
    const { frame, step, error, isLoading } = this.#selection;
    this.#swatch.show(style.color, style.dash);
    setText(this.#name, name);
    setAttribute(this.#name, 'title', `Pick ${name}`);
    setAttribute(this.#name, 'aria-pressed', String(isPicked));
    setAttribute(this.root, 'aria-label', name);
    setText(this.#step, frame ? `step ${formatCount(frame.step)}${isLoading ? ' …' : ''}` : '');
    this.#empty.hidden = step !== undefined && error === undefined;
    this.#picture.root.hidden = step === undefined || error !== undefined || frame === undefined;
    setText(this.#empty, error === undefined ? missing : problemOf(error).message);
    if (!frame || this.#picture.root.hidden) return;
    this.#picture.draw({ run, frame, range, theme, mostHeight: 300 });
  }
}
