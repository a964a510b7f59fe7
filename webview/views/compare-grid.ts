import type { ComparedRun } from '../../protocol/compare';
import type { EnergyRange } from '../../protocol/energy-range';
import { problemOf } from '../../protocol/problem';
import type { PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { type GridCell, type RunGrid, runGrid, usualGridAxes } from '../store/compare-grid';
import { commonRange } from '../store/compare-range';
import { parameterPaths } from '../store/compare-rows';
import { formatValue } from '../store/number-format';
import type { Theme } from '../theme';
import { CheckBox, DropDown } from '../toolkit';
import { drawThumbnail, type ThumbnailSource, thumbnailSource } from './compare-thumbnail';
import { element, setAttribute, setText } from './element';
import { Memo, memoized } from './memo';

/** What a {@link CompareGrid} shows. */
export interface CompareGridView {
  readonly runs: readonly ComparedRun[];
  readonly picked: readonly string[];
  /** The parameters from left to right and from above to below; the usual where absent. */
  readonly axes: readonly [across: string, down: string] | undefined;
  readonly label: string;
  readonly goal: 'minimize' | 'maximize';
  /** The metric of each run, where it is known, finite and says something. */
  readonly values: ReadonlyMap<string, number>;
  readonly theme: Theme;
}

/** What it asks of the page. */
export interface CompareGridHost {
  fetch(directory: string, step: number): Promise<PreviewFrame>;
  redraw(): void;
  choose(axes: readonly [across: string, down: string]): void;
  pick(directory: string, isAdded: boolean): void;
}

/** So many previews are asked for at a time. */
const mostAsked = 4;

/** What the models of a sweep have learned, by two of its parameters: the last preview of the best run of each combination. */
export class CompareGrid {
  readonly root: HTMLElement;
  readonly #host: CompareGridHost;
  readonly #pickers = element('div', { class: 'axis-pickers' });
  readonly #note = element('span', { class: 'pane-note' });
  readonly #sameRange: CheckBox;
  readonly #table = element('table', { class: 'thumbnails', 'data-testid': 'thumbnails' });
  readonly #paths = new Memo();
  readonly #making = new Memo();
  readonly #drawing = new Memo();
  readonly #usualAxes = memoized(usualGridAxes);
  readonly #grid = memoized(
    (
      runs: readonly ComparedRun[],
      axes: readonly [string, string],
      values: CompareGridView['values'],
      goal: CompareGridView['goal'],
    ) => runGrid(runs, axes, ({ directory }) => values.get(directory), goal),
    ([runs, [across, down], values, goal]) => [runs, across, down, values, goal],
  );
  readonly #seen = new IntersectionObserver((entries) => this.#onSeen(entries));
  readonly #thumbnails = new Map<string, Thumbnail>();
  /** Those in view that have yet to be asked for. */
  readonly #wanted = new Set<Thumbnail>();
  #asked = 0;
  /** Grows with each preview that has come. */
  #version = 0;
  /** The energies at the ends of the colours of all. */
  #range: EnergyRange | undefined;
  #dropDowns: readonly DropDown[] = [];
  #axes: readonly [string, string] | undefined;
  #hasSameRange = true;

  constructor(host: CompareGridHost) {
    this.#host = host;
    this.#sameRange = new CheckBox('Same colours', (checked) => {
      this.#hasSameRange = checked;
      host.redraw();
    });
    this.root = element(
      'section',
      { class: 'pane', 'aria-label': 'Grid of previews' },
      element(
        'div',
        { class: 'pane-head compare-options' },
        element('h2', {}, 'Grid'),
        this.#pickers,
        this.#sameRange.root,
        this.#note,
      ),
      element('div', { class: 'thumbnails-scroll' }, this.#table),
    );
    this.root.hidden = true;
  }

  render(view: CompareGridView): void {
    const { runs, theme, values, goal, label } = view;
    const paths = parameterPaths(runs, true);
    const isPreviewed = runs.some(
      ({ preview, previewSteps }) => preview && previewSteps.length > 0,
    );
    const axes = validAxes(view.axes, paths) ?? this.#usualAxes(runs, paths);
    this.root.hidden = !isPreviewed || axes === undefined;
    if (this.root.hidden || !axes) return;
    this.#axes = axes;
    this.#offer(paths, axes);
    this.#sameRange.isChecked = this.#hasSameRange;
    const grid = this.#grid(runs, axes, values, goal);
    const left = grid.left > 0 ? ` · ${formatCount(grid.left)} values are left out` : '';
    setText(this.#note, `of several runs the best by ${label}${left}`);
    const members = grid.cells.map(({ row, column }) => `${row} ${column}`);
    const shape = [...axes, ...grid.rows, '', ...grid.columns, '', ...members].join('\n');
    if (this.#making.changed(shape)) this.#make(grid, axes);
    for (const cell of grid.cells) this.#show(cell, view);
    this.#ask();
    if (!this.#drawing.changed(grid, this.#version, this.#hasSameRange, theme)) return;
    const shown = grid.cells.flatMap((cell) => this.#thumbnails.get(placeOf(cell)) ?? []);
    // While others come, those that are drawn stay as they are: all of them anew for each would be slow.
    if (this.#asked === 0 || this.#range === undefined) {
      this.#range = commonRange(shown.flatMap(({ source }) => source?.field ?? []));
    }
    const range = this.#hasSameRange ? this.#range : undefined;
    for (const thumbnail of shown) thumbnail.draw(range, theme);
  }

  #offer(paths: readonly string[], [across, down]: readonly [string, string]): void {
    if (this.#paths.changed(paths.join('\n'))) {
      const choose = (k: 0 | 1) => (index: number) => {
        const path = paths[index];
        const [x, y] = this.#axes ?? [];
        if (path === undefined || x === undefined || y === undefined) return;
        // Both cannot be one parameter: to choose the other's is to swap them.
        if (k === 0) this.#host.choose([path, path === y ? x : y]);
        else this.#host.choose([path === x ? y : x, path]);
      };
      this.#dropDowns = [
        new DropDown('Parameter across', paths, choose(0)),
        new DropDown('Parameter down', paths, choose(1)),
      ];
      const [x, y] = this.#dropDowns;
      this.#pickers.replaceChildren(
        x!.root,
        element('span', { 'aria-hidden': 'true' }, '×'),
        y!.root,
      );
    }
    this.#dropDowns[0]!.index = paths.indexOf(across);
    this.#dropDowns[1]!.index = paths.indexOf(down);
  }

  #make({ rows, columns, cells }: RunGrid, [across, down]: readonly [string, string]): void {
    this.#seen.disconnect();
    this.#wanted.clear();
    this.#thumbnails.clear();
    const places = new Map(cells.map((cell) => [placeOf(cell), cell]));
    const body = rows.map((text, row) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row', title: `${down} ${text}` }, text),
        ...columns.map((_, column) => {
          const cell = places.get(placeOf({ row, column }));
          if (!cell) return element('td');
          const thumbnail = new Thumbnail((directory, isAdded) =>
            this.#host.pick(directory, isAdded),
          );
          this.#thumbnails.set(placeOf(cell), thumbnail);
          this.#seen.observe(thumbnail.root);
          return element('td', {}, thumbnail.root);
        }),
      ),
    );
    this.#table.replaceChildren(
      element('caption', { class: 'visually-hidden' }, `Previews by ${across} and ${down}`),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          element('th', { scope: 'col' }, `${down} ↓  ${across} →`),
          ...columns.map((text) =>
            element('th', { scope: 'col', title: `${across} ${text}` }, text),
          ),
        ),
      ),
      element('tbody', {}, ...body),
    );
  }

  #show(cell: GridCell, { picked, values, label }: CompareGridView): void {
    const thumbnail = this.#thumbnails.get(placeOf(cell));
    if (!thumbnail) return;
    const value = values.get(cell.run.directory);
    thumbnail.show(cell, label, value, picked.includes(cell.run.directory));
    if (thumbnail.isSeen && thumbnail.isDue) this.#wanted.add(thumbnail);
  }

  #onSeen(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const thumbnail = [...this.#thumbnails.values()].find(({ root }) => root === target);
      if (!thumbnail) continue;
      thumbnail.isSeen = isIntersecting;
      if (isIntersecting && thumbnail.isDue) this.#wanted.add(thumbnail);
      else this.#wanted.delete(thumbnail);
    }
    this.#ask();
  }

  #ask(): void {
    for (const thumbnail of this.#wanted) {
      if (this.#asked >= mostAsked) return;
      this.#wanted.delete(thumbnail);
      this.#asked += 1;
      const settled = () => {
        this.#asked -= 1;
        this.#version += 1;
        this.#host.redraw();
      };
      thumbnail
        .fetch((directory, step) => this.#host.fetch(directory, step))
        .then(settled, settled);
    }
  }
}

/** One combination: a picture to press, with the metric of its run. */
class Thumbnail {
  readonly root = element('button', { type: 'button', class: 'thumbnail' });
  readonly #picture = element('span', { class: 'thumbnail-picture' });
  readonly #text = element('span', { class: 'thumbnail-text' });
  readonly #drawing = new Memo();
  #run: ComparedRun | undefined;
  /** The preview that was last asked for. */
  #asked: string | undefined;
  #source: ThumbnailSource | undefined;
  isSeen = false;

  constructor(pick: (directory: string, isAdded: boolean) => void) {
    this.root.append(this.#picture, this.#text);
    this.root.addEventListener('click', (event) => {
      if (this.#run) pick(this.#run.directory, event.ctrlKey || event.metaKey || event.shiftKey);
    });
  }

  get source(): ThumbnailSource | undefined {
    return this.#source;
  }

  /** Whether there is a preview that was not asked for yet. */
  get isDue(): boolean {
    return this.#wish !== undefined && this.#wish !== this.#asked;
  }

  get #wish(): string | undefined {
    const step = this.#run?.previewSteps.at(-1);
    return step === undefined || !this.#run?.preview ? undefined : `${step} ${this.#run.directory}`;
  }

  show(
    { run, count }: GridCell,
    label: string,
    value: number | undefined,
    isPicked: boolean,
  ): void {
    if (run.directory !== this.#run?.directory) {
      this.#source = undefined;
      this.#picture.replaceChildren();
    }
    this.#run = run;
    const told = value === undefined ? '–' : formatValue(value);
    setText(this.#text, count > 1 ? `${told} (${count})` : told);
    const best = count > 1 ? `, the best of ${count} runs` : '';
    const title = `${run.name}: ${label} ${told}${best}`;
    setAttribute(this.root, 'aria-label', title);
    setAttribute(this.root, 'aria-pressed', String(isPicked));
    if (!this.root.title.startsWith(title)) setAttribute(this.root, 'title', title);
  }

  async fetch(ask: (directory: string, step: number) => Promise<PreviewFrame>): Promise<void> {
    const run = this.#run;
    const step = run?.previewSteps.at(-1);
    const wish = this.#wish;
    if (!run?.preview || step === undefined || wish === undefined) return;
    this.#asked = wish;
    try {
      const frame = await ask(run.directory, step);
      // Another run may have become the best meanwhile.
      if (this.#asked === wish) this.#source = thumbnailSource(frame, run.preview);
    } catch (thrown) {
      setAttribute(this.root, 'title', `${this.root.title}. ${problemOf(thrown).message}`);
    }
  }

  draw(range: Parameters<typeof drawThumbnail>[2], theme: Theme): void {
    const [run, source] = [this.#run, this.#source];
    if (!run || !source) return;
    if (!this.#drawing.changed(source, range?.low, range?.high, theme)) return;
    this.#picture.replaceChildren(drawThumbnail(run, source, range, theme));
  }
}

/** The axes as they were chosen, where the runs still differ in both. */
function validAxes(
  axes: readonly [string, string] | undefined,
  paths: readonly string[],
): readonly [string, string] | undefined {
  return axes?.every((path) => paths.includes(path)) ? axes : undefined;
}

function placeOf({ row, column }: Pick<GridCell, 'row' | 'column'>): string {
  return `${row} ${column}`;
}
