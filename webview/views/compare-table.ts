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
  readonly pinned: ReadonlySet<string>;
  readonly styleOf: (directory: string) => LineStyle;
}

/** What the table asks of the page. */
export interface CompareTableHost {
  sort(key: string): void;
  /** Picks a run in place of those picked, or besides them. */
  pick(directory: string, isAdded: boolean): void;
  setHidden(directory: string, isHidden: boolean): void;
  setBaseline(directory: string | undefined): void;
  setPinned(directory: string, isPinned: boolean): void;
  act(action: CompareAction, directory: string): void;
}

/** The parts of a row that change. */
interface RowElements {
  readonly root: HTMLTableRowElement;
  readonly swatch: LineSwatch;
  readonly show: HTMLInputElement;
  readonly pin: HTMLButtonElement;
  readonly baseline: HTMLButtonElement;
  readonly rename: HTMLButtonElement;
  readonly star: HTMLButtonElement;
  readonly name: HTMLButtonElement;
  readonly status: HTMLElement;
  cells: readonly HTMLElement[];
}

/** Of more rows only those are made that are in view, and so many beyond either end. */
const [mostWhole, beyond] = [100, 15];
/** Of the controls of a row, in letters. */
const controlsWidth = 22;
/** Of a row, in CSS pixels, before one can be measured. */
const usualRowHeight = 24;

/** One row a run: what it is, how it was made, how it ended. */
export class CompareTable {
  readonly root: HTMLElement;
  readonly #host: CompareTableHost;
  readonly #widths = element('colgroup');
  readonly #head = element('tr');
  readonly #body = element('tbody');
  readonly #table = element('table', {
    role: 'grid',
    'aria-multiselectable': 'true',
    'aria-label': 'Runs',
  });
  /** The room of rows that are not made, above and below. */
  readonly #above = element('tbody', { 'aria-hidden': 'true' });
  readonly #below = element('tbody', { 'aria-hidden': 'true' });
  readonly #rows = new Map<string, RowElements>();
  readonly #columns = new Memo();
  readonly #drawing = new Memo();
  readonly #window = new Memo();
  #view: CompareTableView | undefined;
  #rowHeight = usualRowHeight;
  /** The run whose row the keyboard is at. */
  #current: string | undefined;

  constructor(host: CompareTableHost) {
    this.#host = host;
    this.#table.append(
      this.#widths,
      element('thead', {}, this.#head),
      this.#above,
      this.#body,
      this.#below,
    );
    this.root = element(
      'div',
      { class: 'compare-table', 'data-testid': 'compare-table' },
      this.#table,
    );
    this.root.addEventListener('scroll', () => this.#renderWindow());
    this.#body.addEventListener('keydown', (event) => this.#onKey(event));
    this.#body.addEventListener('focusin', ({ target }) => {
      const row = target instanceof Element ? target.closest('tr') : null;
      if (row) this.#current = row.dataset['run'];
    });
  }

  render(view: CompareTableView): void {
    if (!this.#drawing.changed(view)) return;
    const { columns, rows, sort } = view;
    this.#view = view;
    if (this.#columns.changed(columns.map(({ key, title }) => `${key}\n${title}`).join('\n'))) {
      this.#makeHead(columns);
      this.#rows.clear();
    }
    for (const header of this.#head.querySelectorAll<HTMLElement>('[data-column]')) {
      const isSorted = header.dataset['column'] === sort.key;
      const direction = sort.isDescending ? 'descending' : 'ascending';
      setAttribute(header, 'aria-sort', isSorted ? direction : undefined);
    }
    setAttribute(this.#table, 'aria-rowcount', String(rows.length + 1));
    this.#setWidths(view);
    this.#window.changed();
    this.#renderWindow();
  }

  /** Brings a run's row into view. */
  reveal(directory: string): void {
    const index = this.#indexOf(directory);
    if (index >= 0) this.#reveal(index);
  }

  #indexOf(directory: string | undefined): number {
    return this.#view?.rows.findIndex(({ run }) => run.directory === directory) ?? -1;
  }

  #reveal(index: number): void {
    if (!this.#isPartial) {
      const directory = this.#view!.rows[index]!.run.directory;
      this.#rows.get(directory)?.root.scrollIntoView({ block: 'nearest' });
      return;
    }
    // What is made may be the first that can be measured, and then everything lies elsewhere.
    let measured: number;
    do {
      measured = this.#rowHeight;
      const [top, bottom] = [index * measured, (index + 1) * measured];
      const seen = this.root.clientHeight - this.#head.offsetHeight;
      if (top < this.root.scrollTop) this.root.scrollTop = top;
      else if (bottom > this.root.scrollTop + seen) this.root.scrollTop = bottom - seen;
      this.#renderWindow();
    } while (this.#rowHeight !== measured);
  }

  get #isPartial(): boolean {
    return (this.#view?.rows.length ?? 0) > mostWhole;
  }

  /** Columns as wide as their longest text, where not all rows are there to make them so. */
  #setWidths({ columns, rows }: CompareTableView): void {
    const isPartial = rows.length > mostWhole;
    this.#table.classList.toggle('fixed', isPartial);
    if (!isPartial) {
      this.#widths.replaceChildren();
      return;
    }
    const longest = (key: string, title: string) =>
      rows.reduce(
        (most, { cells }) => Math.max(most, cells.get(key)?.text.length ?? 0),
        title.length,
      );
    const tags = Math.max(0, ...rows.map(({ run }) => run.tags.join('  #').length));
    const lengths = [
      controlsWidth,
      longest('name', 'Run') + tags + 2,
      longest('status', 'Status'),
      ...columns.map(({ key, title }) => longest(key, title)),
    ];
    this.#widths.replaceChildren(
      ...lengths.map((length) => {
        const column = element('col');
        column.style.width = `calc(${Math.min(60, length)}ch + 24px)`;
        return column;
      }),
    );
  }

  /** Makes the rows that are in view, and leaves room for the others. */
  #renderWindow(): void {
    const view = this.#view;
    if (!view) return;
    const { rows } = view;
    const from = this.#isPartial
      ? Math.max(0, Math.floor(this.root.scrollTop / this.#rowHeight) - beyond)
      : 0;
    const seen = Math.ceil((this.root.clientHeight || 420) / this.#rowHeight);
    const to = this.#isPartial ? Math.min(rows.length, from + seen + 2 * beyond) : rows.length;
    if (!this.#window.changed(view, from, to)) return;
    const shown = rows.slice(from, to).map((row, k) => {
      const { root } = this.#fill(row, view);
      setAttribute(root, 'aria-rowindex', String(from + k + 2));
      return root;
    });
    putInto(this.#body, shown);
    this.#leaveRoom(this.#above, from);
    this.#leaveRoom(this.#below, rows.length - to);
    const measured = shown[0]?.offsetHeight ?? 0;
    if (this.#isPartial && measured > 0 && Math.abs(measured - this.#rowHeight) > 0.5) {
      this.#rowHeight = measured;
      this.#window.changed();
      this.#renderWindow();
      return;
    }
    this.#makeReachable(shown);
  }

  #leaveRoom(body: HTMLElement, count: number): void {
    const height = `${count * this.#rowHeight}px`;
    if (count === 0) body.replaceChildren();
    else if (body.firstElementChild instanceof HTMLElement) {
      body.firstElementChild.style.height = height;
    } else {
      const room = element('tr', { class: 'room' }, element('td'));
      room.style.height = height;
      body.replaceChildren(room);
    }
  }

  /** One row can be reached by the keyboard: where it was last, or the first that is there. */
  #makeReachable(shown: readonly HTMLElement[]): void {
    const reachable = shown.find(({ dataset }) => dataset['run'] === this.#current) ?? shown[0];
    for (const root of shown) root.tabIndex = root === reachable ? 0 : -1;
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
        element('span', { class: 'visually-hidden' }, 'Shown, pinned, baseline, star, rename'),
      ),
      header({ key: 'name', title: 'Run', isNumber: false }),
      header({ key: 'status', title: 'Status', isNumber: false }),
      ...columns.map(header),
    );
  }

  #fill({ run, cells }: CompareRow, view: CompareTableView): RowElements {
    const { directory } = run;
    const { columns, hidden, picked, pinned, baseline, styleOf } = view;
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
    row.root.classList.toggle('pinned-run', pinned.has(directory));
    setAttribute(row.pin, 'aria-pressed', String(pinned.has(directory)));
    setAttribute(row.pin, 'aria-label', `Pin ${run.name}`);
    setAttribute(row.baseline, 'aria-pressed', String(baseline === directory));
    setAttribute(row.baseline, 'aria-label', `Baseline: ${run.name}`);
    setAttribute(row.rename, 'aria-label', `Rename ${run.name}`);
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
    const pin = button('pin', 'Keep this run above the others', () =>
      host.setPinned(directory, !isPressed(pin)),
    );
    const baseline = button('baseline', 'Compare the others with this run', () =>
      host.setBaseline(isPressed(baseline) ? undefined : directory),
    );
    const rename = button('rename', 'Rename (F2)', () => host.act('rename', directory));
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
      element('td', { class: 'row-controls' }, show, swatch.root, pin, baseline, star, rename),
      element('th', { scope: 'row' }, name),
      status,
      ...cells,
    );
    root.addEventListener('click', (event) => {
      const isControl = event.target instanceof Element && event.target.closest('button, input');
      if (!isControl) host.pick(directory, event.ctrlKey || event.metaKey || event.shiftKey);
    });
    return { root, swatch, show, pin, baseline, rename, star, name, status, cells };
  }

  #onKey(event: KeyboardEvent): void {
    const row = event.target instanceof Element ? event.target.closest('tr') : null;
    if (!row || event.target !== row) return;
    const directory = row.dataset['run'] ?? '';
    const at = this.#indexOf(directory);
    const last = (this.#view?.rows.length ?? 0) - 1;
    const go = (index: number) => {
      const to = this.#view?.rows[Math.min(last, Math.max(0, index))]?.run.directory;
      if (to === undefined) return;
      this.#current = to;
      this.#reveal(this.#indexOf(to));
      const root = this.#rows.get(to)?.root;
      this.#makeReachable([...this.#body.children] as HTMLElement[]);
      root?.focus();
    };
    const keys: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      PageDown: () => go(at + 15),
      PageUp: () => go(at - 15),
      Home: () => go(0),
      End: () => go(last),
      ' ': () => this.#host.pick(directory, event.ctrlKey || event.metaKey || event.shiftKey),
      Enter: () => this.#host.act('open', directory),
      F2: () => this.#host.act('rename', directory),
    };
    const key = keys[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  }
}

/** Makes these the children of an element, and leaves those in place that are: what moves loses the focus. */
function putInto(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const wanted = new Set<Element>(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}
