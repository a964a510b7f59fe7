import type { CompareAction } from '../../protocol/compare';
import type { CompareColumn, CompareRow } from '../store/compare-rows';
import { element, icon, LineSwatch, setAttribute, setText } from './element';
import { Memo } from './memo';

/** How a run's curve is drawn, for the table's legend. */
export interface LineStyle {
  readonly color: string;
  readonly dash: readonly number[];
}

/** What a {@link CompareTable} shows. */
export interface CompareTableView {
  readonly columns: readonly CompareColumn[];
  readonly rows: readonly CompareRow[];
  readonly sort: { readonly key: string; readonly isDescending: boolean };
  readonly hidden: ReadonlySet<string>;
  readonly picked: readonly string[];
  readonly baseline: string | undefined;
  readonly styleOf: (directory: string) => LineStyle;
}

/** What the table asks of the page. */
export interface CompareTableHost {
  sort(key: string): void;
  /** Picks a run in place of those picked, or besides them. */
  pick(directory: string, isAdded: boolean): void;
  setHidden(directory: string, isHidden: boolean): void;
  setBaseline(directory: string | undefined): void;
  act(action: CompareAction, directory: string): void;
}

/** The parts of a row that change. */
interface RowElements {
  readonly root: HTMLTableRowElement;
  readonly swatch: LineSwatch;
  readonly show: HTMLInputElement;
  readonly pin: HTMLButtonElement;
  readonly star: HTMLButtonElement;
  readonly name: HTMLButtonElement;
  readonly status: HTMLElement;
  cells: readonly HTMLElement[];
}

/** One row a run: what it is, how it was made, how it ended. */
export class CompareTable {
  readonly root: HTMLElement;
  readonly #host: CompareTableHost;
  readonly #head = element('tr');
  readonly #body = element('tbody');
  readonly #rows = new Map<string, RowElements>();
  readonly #columns = new Memo();
  readonly #drawing = new Memo();

  constructor(host: CompareTableHost) {
    this.#host = host;
    this.root = element(
      'div',
      { class: 'compare-table', 'data-testid': 'compare-table' },
      element(
        'table',
        { role: 'grid', 'aria-multiselectable': 'true', 'aria-label': 'Runs' },
        element('thead', {}, this.#head),
        this.#body,
      ),
    );
    this.#body.addEventListener('keydown', (event) => this.#onKey(event));
  }

  render(view: CompareTableView): void {
    if (!this.#drawing.changed(view)) return;
    const { columns, rows, sort } = view;
    if (this.#columns.changed(columns.map(({ key, title }) => `${key}\n${title}`).join('\n'))) {
      this.#makeHead(columns);
      this.#rows.clear();
    }
    for (const header of this.#head.querySelectorAll<HTMLElement>('[data-column]')) {
      const isSorted = header.dataset['column'] === sort.key;
      const direction = sort.isDescending ? 'descending' : 'ascending';
      setAttribute(header, 'aria-sort', isSorted ? direction : undefined);
    }
    const shown = rows.map((row) => this.#fill(row, view).root);
    const isSame =
      this.#body.children.length === shown.length &&
      shown.every((root, k) => this.#body.children[k] === root);
    if (!isSame) this.#body.replaceChildren(...shown);
    const focusable = shown.find((root) => root.tabIndex === 0);
    if (!focusable && shown[0]) shown[0].tabIndex = 0;
  }

  /** Brings a run's row into view. */
  reveal(directory: string): void {
    this.#rows.get(directory)?.root.scrollIntoView({ block: 'nearest' });
  }

  #makeHead(columns: readonly CompareColumn[]): void {
    const header = ({ key, title, isNumber }: CompareColumn) => {
      const button = element('button', { type: 'button', class: 'column-sort' }, title);
      button.addEventListener('click', () => this.#host.sort(key));
      return element(
        'th',
        { scope: 'col', 'data-column': key, class: isNumber ? 'number' : '' },
        button,
      );
    };
    this.#head.replaceChildren(
      element(
        'th',
        { scope: 'col' },
        element('span', { class: 'visually-hidden' }, 'Shown, baseline, star'),
      ),
      header({ key: 'name', title: 'Run', isNumber: false }),
      header({ key: 'status', title: 'Status', isNumber: false }),
      ...columns.map(header),
    );
  }

  #fill({ run, cells }: CompareRow, view: CompareTableView): RowElements {
    const { directory } = run;
    const { columns, hidden, picked, baseline, styleOf } = view;
    let row = this.#rows.get(directory);
    if (!row) {
      row = this.#makeRow(directory, columns);
      this.#rows.set(directory, row);
    }
    const { color, dash } = styleOf(directory);
    row.swatch.show(color, dash);
    const isHidden = hidden.has(directory);
    row.show.checked = !isHidden;
    setAttribute(row.show, 'aria-label', `Show ${run.name}`);
    row.root.classList.toggle('hidden-run', isHidden);
    setAttribute(row.root, 'aria-selected', String(picked.includes(directory)));
    setAttribute(row.pin, 'aria-pressed', String(baseline === directory));
    setAttribute(row.pin, 'aria-label', `Baseline: ${run.name}`);
    setAttribute(row.star, 'aria-pressed', String(run.isStarred));
    setAttribute(row.star, 'aria-label', `Star ${run.name}`);
    const tags = run.tags.map((tag) => ` #${tag}`).join('');
    setText(row.name, `${run.name}${tags}`);
    setAttribute(row.name, 'title', `Open ${run.name}`);
    setText(row.status, cells.get('status')?.text ?? '');
    for (const [k, { key }] of columns.entries()) {
      setText(row.cells[k]!, cells.get(key)?.text ?? '–');
    }
    return row;
  }

  #makeRow(directory: string, columns: readonly CompareColumn[]): RowElements {
    const host = this.#host;
    const swatch = new LineSwatch();
    const show = element('input', { type: 'checkbox' });
    show.addEventListener('change', () => host.setHidden(directory, !show.checked));
    const button = (picture: Parameters<typeof icon>[0], title: string, press: () => void) => {
      const made = element('button', { type: 'button', class: 'row-button', title }, icon(picture));
      made.addEventListener('click', press);
      return made;
    };
    const isPressed = (of: HTMLElement) => of.getAttribute('aria-pressed') === 'true';
    const pin = button('pin', 'Compare the others with this run', () =>
      host.setBaseline(isPressed(pin) ? undefined : directory),
    );
    const star = button('star', 'Star', () =>
      host.act(isPressed(star) ? 'unstar' : 'star', directory),
    );
    const name = element('button', { type: 'button', class: 'run-link' });
    name.addEventListener('click', () => host.act('open', directory));
    const status = element('td');
    const cells = columns.map(({ isNumber }) => element('td', isNumber ? { class: 'number' } : {}));
    const root = element(
      'tr',
      { 'data-run': directory, tabindex: '-1' },
      element('td', { class: 'row-controls' }, show, swatch.root, pin, star),
      element('th', { scope: 'row' }, name),
      status,
      ...cells,
    );
    root.addEventListener('click', (event) => {
      const isControl = event.target instanceof Element && event.target.closest('button, input');
      if (!isControl) host.pick(directory, event.ctrlKey || event.metaKey || event.shiftKey);
    });
    return { root, swatch, show, pin, star, name, status, cells };
  }

  #onKey(event: KeyboardEvent): void {
    const row = event.target instanceof Element ? event.target.closest('tr') : null;
    if (!row || event.target !== row) return;
    const directory = row.dataset['run'] ?? '';
    const go = (to: Element | null) => {
      if (!(to instanceof HTMLElement)) return;
      row.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    };
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(row.nextElementSibling),
      ArrowUp: () => go(row.previousElementSibling),
      Home: () => go(this.#body.firstElementChild),
      End: () => go(this.#body.lastElementChild),
      ' ': () => this.#host.pick(directory, event.ctrlKey || event.metaKey || event.shiftKey),
      Enter: () => this.#host.act('open', directory),
    };
    const key = keys[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  }
}
