import { PushButton } from '../toolkit';
import { element, setText } from './element';

/** A line at the foot of the page for what failed in passing: a button, the page itself. */
export class Notice {
  readonly root: HTMLElement;
  readonly #text = element('span', { class: 'notice-text' });

  constructor() {
    const dismiss = new PushButton({
      label: 'Dismiss',
      appearance: 'secondary',
      press: () => {
        this.root.hidden = true;
      },
    });
    this.root = element(
      'div',
      { class: 'notice', role: 'alert', 'data-testid': 'notice' },
      this.#text,
      dismiss.root,
    );
    this.root.hidden = true;
  }

  show(text: string): void {
    setText(this.#text, text);
    this.root.hidden = false;
  }
}
