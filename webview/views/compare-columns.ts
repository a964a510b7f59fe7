import type { OfferedColumn } from '../store/compare-rows';
import { element, setAttribute } from './element';
import { Memo } from './memo';

/** What the menu asks of the page. */
export interface CompareColumnsHost {
  show(key: string, isShown: boolean): void;
  /** Shows what is shown where nothing is chosen. */
  reset(): void;
}

/** A button that opens a list of all columns to tick, with a filter; Escape closes it. */
export class CompareColumns {
  readonly root: HTMLElement;
  readonly #host: CompareColumnsHost;
  readonly #button = element(
    'button',
    {
      type: 'button',
      class: 'columns-button',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
    },
    'Columns',
  );
  readonly #filter = element('input', {
    type: 'search',
    class: 'compare-filter',
    placeholder: 'Filter: a parameter, a metric',
    'aria-label': 'Filter columns',
  });
  readonly #list = element('div', { class: 'columns-list' });
  readonly #empty = element('p', { class: 'pane-note' }, 'No column has this in its name.');
  readonly #popup: HTMLElement;
  readonly #boxes = new Map<string, HTMLInputElement>();
  readonly #making = new Memo();
  #columns: readonly OfferedColumn[] = [];

  constructor(host: CompareColumnsHost) {
    this.#host = host;
    const reset = element('button', { type: 'button', class: 'run-link' }, 'As usual');
    reset.addEventListener('click', () => host.reset());
    this.#popup = element(
      'div',
      { class: 'columns-popup', role: 'dialog', 'aria-label': 'Columns of the table' },
      element('div', { class: 'columns-head' }, this.#filter, reset),
      this.#list,
      this.#empty,
    );
    this.#popup.hidden = true;
    this.root = element('div', { class: 'columns-menu' }, this.#button, this.#popup);
    this.#button.addEventListener('click', () => this.#open(this.#popup.hidden !== false));
    this.#filter.addEventListener('input', () => this.#sift());
    this.root.addEventListener('focusout', ({ relatedTarget }) => {
      // What nothing takes the focus of was a press on something that cannot have it.
      if (relatedTarget instanceof Node && !this.root.contains(relatedTarget)) this.#open(false);
    });
    document.addEventListener('pointerdown', ({ target }) => {
      if (target instanceof Node && !this.root.contains(target)) this.#open(false);
    });
    this.root.addEventListener('keydown', (event) => this.#onKey(event));
  }

  render(columns: readonly OfferedColumn[]): void {
    this.#columns = columns;
    if (this.#popup.hidden) return;
    const names = columns.map(({ key, title }) => `${key}\n${title}`);
    if (this.#making.changed(names.join('\n'))) this.#make(columns);
    for (const { key, isShown } of columns) this.#boxes.get(key)!.checked = isShown;
  }

  #open(isOpen: boolean): void {
    if (this.#popup.hidden !== isOpen) return;
    const hadFocus = this.#popup.contains(document.activeElement);
    this.#popup.hidden = !isOpen;
    setAttribute(this.#button, 'aria-expanded', String(isOpen));
    if (isOpen) {
      this.render(this.#columns);
      this.#filter.focus();
    } else if (hadFocus) {
      this.#button.focus();
    }
  }

  #make(columns: readonly OfferedColumn[]): void {
    this.#boxes.clear();
    const groups = new Map<string, HTMLElement[]>();
    for (const { key, title, group } of columns) {
      const box = element('input', { type: 'checkbox' });
      box.addEventListener('change', () => this.#host.show(key, box.checked));
      this.#boxes.set(key, box);
      const label = element('label', { 'data-title': title.toLowerCase() }, box, ` ${title}`);
      groups.set(group, [...(groups.get(group) ?? []), label]);
    }
    this.#list.replaceChildren(
      ...[...groups].map(([group, labels]) =>
        element('fieldset', {}, element('legend', { class: 'pane-note' }, group), ...labels),
      ),
    );
    this.#sift();
  }

  /** Shows those that have all words of the filter in their names. */
  #sift(): void {
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of this.#list.children) {
      const labels = [...group.querySelectorAll<HTMLElement>('label')];
      for (const label of labels) {
        label.hidden = !words.every((word) => label.dataset['title']?.includes(word));
      }
      const left = labels.filter(({ hidden }) => !hidden).length;
      if (group instanceof HTMLElement) group.hidden = left === 0;
      found += left;
    }
    this.#empty.hidden = found > 0;
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#popup.hidden) return;
    if (event.key === 'Escape') {
      this.#open(false);
      event.preventDefault();
      return;
    }
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const stops = [this.#filter, ...this.#boxes.values()].filter(
      (stop) => stop.offsetParent !== null,
    );
    const at = stops.findIndex((stop) => stop.matches(':focus'));
    stops[Math.min(stops.length - 1, Math.max(0, at + move))]?.focus();
  }
}
