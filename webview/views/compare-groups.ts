import { formatCount } from '../../vocabulary/quantities';
import type { SeedGroup } from '../store/compare-bands';
import { formatSpread, formatValue } from '../store/number-format';
import type { LineStyle } from './compare-table';
import { element, LineSwatch } from './element';
import { Memo } from './memo';

/** A group of runs that differ in their seeds, with what they came to. */
export interface GroupRow {
  readonly group: SeedGroup;
  readonly style: LineStyle;
  /** The last values of the metric that are finite. */
  readonly values: readonly number[];
}

/** What the seeds of each combination came to: the legend of the bands, with its numbers. */
export class CompareGroups {
  readonly root: HTMLElement;
  readonly #body = element('tbody');
  readonly #metric = element('th', { scope: 'col', class: 'number' });
  readonly #drawing = new Memo();
  readonly #pick: (directories: readonly string[]) => void;

  /** @param pick the runs of a combination were chosen */
  constructor(pick: (directories: readonly string[]) => void) {
    this.#pick = pick;
    this.root = element(
      'table',
      { class: 'differences', 'data-testid': 'compare-groups' },
      element('caption', { class: 'visually-hidden' }, 'Means over seeds'),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          element('th', { scope: 'col' }, 'Over seeds'),
          this.#metric,
          element('th', { scope: 'col', class: 'number' }, 'Seeds'),
        ),
      ),
      this.#body,
    );
  }

  /** @param rows best first */
  render(label: string, rows: readonly GroupRow[]): void {
    if (!this.#drawing.changed(label, rows)) return;
    this.#metric.textContent = `${label}, mean ± deviation`;
    this.#body.replaceChildren(
      ...rows.map(({ group, style, values }) => {
        const swatch = new LineSwatch();
        swatch.show(style.color, style.dash);
        const label = group.label || 'all runs';
        const name = element(
          'button',
          { type: 'button', class: 'cell-pick', title: `Pick ${label}` },
          label,
        );
        name.addEventListener('click', () =>
          this.#pick(group.runs.map(({ directory }) => directory)),
        );
        return element(
          'tr',
          {},
          element('th', { scope: 'row' }, swatch.root, ' ', name),
          element('td', { class: 'number' }, spreadText(values)),
          element('td', { class: 'number' }, formatCount(values.length)),
        );
      }),
    );
  }
}

function spreadText(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // Of a single run nobody knows a deviation.
  if (values.length === 1) return formatValue(mean);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return formatSpread(mean, Math.sqrt(squares / (values.length - 1)));
}
