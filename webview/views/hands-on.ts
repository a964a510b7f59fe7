import { problemOf } from '../../protocol/problem';
import { formatKnob } from '../../vocabulary/knobs';
import { knobsText, type ShownKnob, shownKnobs, typedValue } from '../store/hands-on';
import { PushButton } from '../toolkit';
import { element, setText } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';

/** Gives an option another value; rejects with the reason where it does not get it. */
export type Change = (option: string, value: number) => Promise<void>;

/** One option with its value, which is changed when the user says so. */
class KnobForm {
  readonly root: HTMLFormElement;
  readonly #change: Change;
  readonly #input: HTMLInputElement;
  readonly #apply: PushButton;
  readonly #fault: HTMLElement;
  #shown: ShownKnob;
  #isBusy = false;

  constructor(shown: ShownKnob, index: number, change: Change) {
    this.#shown = shown;
    this.#change = change;
    const { knob, range } = shown;
    const id = `knob-${index}`;
    this.#input = element('input', {
      id,
      type: 'text',
      inputmode: 'decimal',
      autocomplete: 'off',
      spellcheck: 'false',
      class: 'knob-input',
      'aria-describedby': `${id}-range ${id}-fault`,
    });
    this.#apply = new PushButton({
      label: 'Apply',
      appearance: 'secondary',
      press: () => this.#submit(),
    });
    this.#fault = element('p', { id: `${id}-fault`, class: 'knob-fault', role: 'alert' });
    this.root = element(
      'form',
      { class: 'knob', 'data-testid': `knob-${knob.name}` },
      element('label', { for: id }, knob.label),
      this.#input,
      this.#apply.root,
      element('span', { id: `${id}-range`, class: 'pane-note' }, range),
      this.#fault,
    );
    this.#input.value = formatKnob(shown.value);
    this.#input.addEventListener('input', () => this.#check());
    this.root.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#check();
  }

  /** What it stands at now; what is being typed stays. */
  show(shown: ShownKnob): void {
    if (shown.value === this.#shown.value) return;
    const isUntouched = this.#input.value === formatKnob(this.#shown.value);
    this.#shown = shown;
    if (isUntouched) this.#input.value = formatKnob(shown.value);
    this.#check();
  }

  #check(): void {
    const { value, fault } = typedValue(this.#shown, this.#input.value);
    this.#tell(fault);
    this.#apply.isEnabled = value !== undefined && !this.#isBusy;
  }

  #submit(): void {
    const { value } = typedValue(this.#shown, this.#input.value);
    if (value === undefined || this.#isBusy) return;
    this.#isBusy = true;
    this.#check();
    this.#change(this.#shown.knob.option, value).then(
      () => {
        this.#isBusy = false;
        this.#input.value = formatKnob(value);
        this.#check();
      },
      (thrown: unknown) => {
        this.#isBusy = false;
        this.#check();
        const { message, remedy } = problemOf(thrown);
        this.#tell(remedy ? `${message} ${remedy}` : message);
      },
    );
  }

  #tell(fault: string | undefined): void {
    setText(this.#fault, fault ?? '');
    this.#fault.hidden = fault === undefined;
    this.#input.setAttribute('aria-invalid', String(fault !== undefined));
  }
}

/** What can be changed of a run while it trains. */
export class HandsOn {
  readonly root: HTMLDetailsElement;
  readonly #change: Change;
  readonly #now = element('span', { class: 'pane-note' });
  readonly #list = element('div', { class: 'knobs' });
  readonly #made = new Memo();
  #forms: readonly KnobForm[] = [];

  constructor(change: Change) {
    this.#change = change;
    this.root = element(
      'details',
      { class: 'pane hands-on', 'data-testid': 'hands-on' },
      element('summary', {}, element('h2', {}, 'Change while it trains'), this.#now),
      element(
        'p',
        { class: 'pane-note' },
        'A change holds from the next step on, is recorded, and is repeated by Rerun Exactly.',
      ),
      this.#list,
    );
    this.root.hidden = true;
  }

  render({ panel }: PanelModel): void {
    const shown = shownKnobs(panel);
    this.root.hidden = shown.length === 0;
    if (shown.length === 0) return;
    setText(this.#now, knobsText(shown));
    const knobs = JSON.stringify([panel.runDirectory, shown.map(({ knob }) => knob)]);
    if (this.#made.changed(knobs)) {
      this.#forms = shown.map((one, index) => new KnobForm(one, index, this.#change));
      this.#list.replaceChildren(...this.#forms.map(({ root }) => root));
      return;
    }
    for (const [index, form] of this.#forms.entries()) form.show(shown[index]!);
  }
}
