import { PushButton } from '../toolkit';
import { element, icon, setAttribute } from './element';

/** Something that a menu offers. */
export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
}

/** A button that opens a list of things to do; arrows, Home and End go through them, Escape closes it. */
export class MenuButton {
  readonly root: HTMLElement;
  readonly #button: PushButton;
  readonly #menu: HTMLElement;
  readonly #items: readonly HTMLButtonElement[];

  constructor(label: string, items: readonly MenuItem[]) {
    this.#items = items.map(({ label: name, run }) => {
      const item = element(
        'button',
        { class: 'menu-item', type: 'button', role: 'menuitem', tabindex: '-1' },
        name,
      );
      item.addEventListener('click', () => {
        this.#close(true);
        run();
      });
      return item;
    });
    this.#menu = element('div', { class: 'menu', role: 'menu', 'aria-label': label });
    this.#menu.append(...this.#items);
    this.#menu.hidden = true;
    this.#button = new PushButton({
      label,
      appearance: 'icon',
      icon: icon('more'),
      press: () => (this.#menu.hidden ? this.#open() : this.#close(true)),
    });
    setAttribute(this.#button.root, 'aria-haspopup', 'menu');
    setAttribute(this.#button.root, 'aria-expanded', 'false');
    this.root = element('div', { class: 'menu-button' }, this.#button.root, this.#menu);
    this.root.addEventListener('focusout', (event) => {
      const isInside =
        event.relatedTarget instanceof Node && this.root.contains(event.relatedTarget);
      if (!isInside) this.#close(false);
    });
    this.root.addEventListener('keydown', (event) => this.#onKey(event));
  }

  set isEnabled(enabled: boolean) {
    this.#button.isEnabled = enabled;
    if (!enabled) this.#close(false);
  }

  #open(): void {
    this.#menu.hidden = false;
    setAttribute(this.#button.root, 'aria-expanded', 'true');
    this.#items[0]?.focus();
  }

  #close(returnsFocus: boolean): void {
    if (this.#menu.hidden) return;
    this.#menu.hidden = true;
    setAttribute(this.#button.root, 'aria-expanded', 'false');
    if (returnsFocus) this.#button.root.focus();
  }

  #onKey(event: KeyboardEvent): void {
    if (this.#menu.hidden) return;
    const at = this.#items.findIndex((item) => item.matches(':focus'));
    const last = this.#items.length - 1;
    const next: Readonly<Record<string, number>> = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    if (event.key === 'Escape') this.#close(true);
    else if (event.key in next) this.#items[next[event.key]!]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
