import type { PreviewFrame, PreviewLayout, ShownRows } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { formatValue } from '../store/number-format';
import { type Pattern, type PatternColumn, patternsOf, sortedPatterns } from '../store/patterns';
import { element, setAttribute, setText } from './element';
import { Memo } from './memo';

/** What a {@link PatternTable} shows. */
export interface PatternView {
  readonly layout: PreviewLayout;
  readonly data: ShownRows | undefined;
  readonly frame: PreviewFrame | undefined;
}

/** Rows of the table, at most: nobody reads more, and the first ones are those that were asked for. */
const mostRows = 500;

const columns: readonly {
  readonly key: PatternColumn;
  readonly title: string;
  /** Which way it is sorted first. */
  readonly isDescending: boolean;
}[] = [
  { key: 'pattern', title: 'Pattern', isDescending: false },
  { key: 'inData', title: 'Data', isDescending: true },
  { key: 'inSamples', title: 'Samples', isDescending: true },
  { key: 'energy', title: 'Energy', isDescending: false },
  { key: 'probability', title: 'Model', isDescending: true },
];

/** Rows of bits or categories, each as often as it occurs in data and in samples. */
export class PatternTable {
  readonly root: HTMLElement;
  readonly #redraw: () => void;
  readonly #headers: readonly HTMLElement[];
  readonly #body = element('tbody');
  readonly #note = element('p', { class: 'landscape-note', 'data-testid': 'patterns-note' });
  readonly #counting = new Memo();
  readonly #drawing = new Memo();
  #patterns: readonly Pattern[] = [];
  #sort: { readonly key: PatternColumn; readonly isDescending: boolean } = {
    key: 'inData',
    isDescending: true,
  };

  /** @param redraw asks for a new frame */
  constructor(redraw: () => void) {
    this.#redraw = redraw;
    this.#headers = columns.map(({ key, title, isDescending }) => {
      const button = element('button', { type: 'button', class: 'column-sort' }, title);
      button.addEventListener('click', () => {
        const isSame = this.#sort.key === key;
        this.#sort = { key, isDescending: isSame ? !this.#sort.isDescending : isDescending };
        this.#redraw();
      });
      return element('th', { scope: 'col', 'data-column': key }, button);
    });
    this.root = element(
      'div',
      { 'data-testid': 'patterns' },
      this.#note,
      element(
        'div',
        { class: 'patterns', tabindex: '0', role: 'region', 'aria-label': 'Patterns' },
        element('table', {}, element('thead', {}, element('tr', {}, ...this.#headers)), this.#body),
      ),
    );
  }

  draw(view: PatternView | undefined): void {
    this.root.hidden = view === undefined;
    if (view === undefined) return;
    const { layout, data, frame } = view;
    if (this.#counting.changed(layout, data, frame)) {
      const none = new Float32Array(0);
      this.#patterns = patternsOf(
        { values: data?.values ?? none, energies: frame?.energies?.data },
        { values: frame?.samples ?? none, energies: frame?.energies?.samples },
        layout.dimensions,
        frame?.logPartition,
      );
    }
    const { key, isDescending } = this.#sort;
    if (!this.#drawing.changed(this.#patterns, key, isDescending)) return;
    const isKnown = {
      energy: frame?.energies !== undefined,
      probability: frame?.logPartition !== undefined,
    };
    for (const [place, column] of columns.entries()) {
      const header = this.#headers[place]!;
      header.hidden = column.key in isKnown && !isKnown[column.key as keyof typeof isKnown];
      const direction = isDescending ? 'descending' : 'ascending';
      setAttribute(header, 'aria-sort', column.key === key ? direction : undefined);
    }
    const shown = sortedPatterns(this.#patterns, key, isDescending).slice(0, mostRows);
    const counts = { data: data?.count ?? 0, samples: frame?.count ?? 0 };
    const cell = (text: string) => element('td', {}, text);
    this.#body.replaceChildren(
      ...shown.map((pattern) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, patternText(pattern, layout)),
          cell(countText(pattern.inData, counts.data)),
          cell(countText(pattern.inSamples, counts.samples)),
          ...(isKnown.energy ? [cell(knownText(pattern.energy))] : []),
          ...(isKnown.probability ? [cell(knownText(100 * pattern.probability, ' %'))] : []),
        ),
      ),
    );
    setText(this.#note, noteOf(this.#patterns, shown.length));
  }
}

function noteOf(patterns: readonly Pattern[], shown: number): string {
  const both = patterns.filter(({ inData, inSamples }) => inData > 0 && inSamples > 0).length;
  const inData = patterns.filter((pattern) => pattern.inData > 0).length;
  const inSamples = patterns.filter((pattern) => pattern.inSamples > 0).length;
  const all = `${formatCount(inData)} patterns in the data, ${formatCount(inSamples)} in the samples, ${formatCount(both)} in both.`;
  return shown < patterns.length ? `${all} The first ${formatCount(shown)}:` : all;
}

/** Bits one after the other, or the names of levels. */
function patternText({ values }: Pattern, { categories }: PreviewLayout): string {
  if (categories === undefined) return values.join('');
  return values.map((code, at) => categories[at]?.levels[code] ?? String(code)).join(' · ');
}

function countText(count: number, all: number): string {
  if (all === 0) return '–';
  return `${formatCount(count)} (${((100 * count) / all).toFixed(1)} %)`;
}

function knownText(value: number, unit = ''): string {
  return Number.isNaN(value) ? '–' : `${formatValue(value)}${unit}`;
}
