import { DropDown } from '../toolkit';
import { element, setText } from './element';

/** What a field is made of. */
interface FieldOptions {
  /** Of the element, one of its kind on the page. */
  readonly id: string;
  readonly label: string;
  /** What may be chosen; a field to type in where absent. */
  readonly choices?: readonly string[];
  readonly changed?: (text: string) => void;
}

/** A labelled field of a form, with room for what is wrong with it. */
export class LabelledField {
  readonly root: HTMLElement;
  readonly #input: HTMLInputElement | undefined;
  readonly #dropDown: DropDown | undefined;
  readonly #fault: HTMLElement;
  readonly #choices: readonly string[];
  #chosen = '';

  constructor({ id, label, choices, changed }: FieldOptions) {
    this.#choices = choices ?? [];
    this.#fault = element('p', { id: `${id}-fault`, class: 'knob-fault', role: 'alert' });
    this.#fault.hidden = true;
    if (choices) {
      this.#dropDown = new DropDown(label, choices, (index) => {
        this.#chosen = choices[index] ?? '';
        changed?.(this.#chosen);
      });
      this.root = element(
        'div',
        { class: 'field' },
        element('span', { class: 'field-label', 'aria-hidden': 'true' }, label),
        this.#dropDown.root,
        this.#fault,
      );
      return;
    }
    this.#input = element('input', {
      id,
      type: 'text',
      autocomplete: 'off',
      spellcheck: 'false',
      class: 'knob-input',
      'aria-describedby': `${id}-fault`,
    });
    const input = this.#input;
    input.addEventListener('input', () => {
      this.fault = undefined;
      changed?.(input.value);
    });
    this.root = element(
      'div',
      { class: 'field' },
      element('label', { for: id, class: 'field-label' }, label),
      input,
      this.#fault,
    );
  }

  get value(): string {
    return this.#input?.value ?? this.#chosen;
  }

  set value(text: string) {
    if (this.#input) this.#input.value = text;
    this.#chosen = text;
    if (this.#dropDown) this.#dropDown.index = Math.max(0, this.#choices.indexOf(text));
    this.fault = undefined;
  }

  set fault(text: string | undefined) {
    setText(this.#fault, text ?? '');
    this.#fault.hidden = text === undefined;
    this.#input?.setAttribute('aria-invalid', String(text !== undefined));
  }
}
