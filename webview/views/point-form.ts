import type { PointAnswer } from '../../protocol/looking';
import type { PreviewLayout } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { mostToldColumns, pointFacts } from '../store/point-text';
import { PushButton } from '../toolkit';
import { element, enterButton, setText } from './element';
import { LabelledField } from './labelled-field';
import { Memo } from './memo';

/** What the form knows of the run, and what it asks of the page. */
export interface PointFormView {
  readonly layout: PreviewLayout;
  readonly isStandardised: boolean;
  /** `[n, D]` rows of the data that are shown, and samples that are. */
  readonly rows: Readonly<Record<PickedKind, Float32Array | undefined>>;
}

const kinds = { data: 'Row of the data', samples: 'Sample shown' } as const;
type PickedKind = keyof typeof kinds;

/** Asks for the energy of a point: typed, a row or a sample by its number, or picked in a picture. */
export class PointForm {
  readonly root: HTMLElement;
  readonly #ask: (point: string | Float32Array, what: string) => void;
  readonly #typed = new LabelledField({ id: 'point-typed', label: 'Point' });
  readonly #typedForm: HTMLFormElement;
  readonly #kind = new LabelledField({
    ...{ id: 'point-kind', label: 'Row or sample', choices: Object.values(kinds) },
  });
  readonly #number = new LabelledField({ id: 'point-number', label: 'Number' });
  readonly #hint = element('p', { class: 'pane-note' });
  readonly #facts = element('dl', { class: 'point-facts', 'data-testid': 'point-facts' });
  readonly #note = element('p', { class: 'pane-note', role: 'status' });
  readonly #made = new Memo();
  #view: PointFormView | undefined;

  /** @param ask of a point as it is written or as previews have it, and what it is in words */
  constructor(ask: (point: string | Float32Array, what: string) => void) {
    this.#ask = ask;
    const form = (label: string, submit: () => void, ...parts: readonly LabelledField[]) => {
      const button = new PushButton({ label: 'Ask', appearance: 'secondary', press: submit });
      const made = element(
        'form',
        { class: 'point-row', 'aria-label': label },
        ...parts.map(({ root }) => root),
        button.root,
        enterButton(),
      );
      made.addEventListener('submit', (event) => {
        event.preventDefault();
        submit();
      });
      return made;
    };
    this.#typedForm = form('A typed point', () => this.#submitTyped(), this.#typed);
    const picked = form('A row or a sample', () => this.#submitRow(), this.#kind, this.#number);
    this.root = element(
      'div',
      { class: 'ask-form', 'data-testid': 'point-form' },
      element('h3', {}, 'Energy and score at a point'),
      this.#typedForm,
      picked,
      this.#hint,
      this.#note,
      this.#facts,
    );
    this.#number.value = '1';
  }

  render(view: PointFormView): void {
    this.#view = view;
    if (!this.#made.changed(view.layout)) return;
    const { axes, image, dimensions } = view.layout;
    this.#typedForm.hidden = image !== undefined || axes.length > mostToldColumns;
    setText(this.#typed.root.querySelector('.field-label')!, axes.join(', '));
    setText(this.#hint, hintOf(image !== undefined, dimensions));
    this.#kind.value = kinds.data;
    this.tell(undefined);
  }

  /** Shows what is known of a point, or what is going on meanwhile. */
  tell(answer: PointAnswer | undefined, note = ''): void {
    setText(this.#note, note);
    const facts = answer && this.#view ? pointFacts(answer, this.#view.isStandardised) : [];
    this.#facts.replaceChildren(
      ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
    );
  }

  #submitTyped(): void {
    const text = this.#typed.value.trim();
    if (text === '') this.#typed.fault = 'Write a value for each, with commas.';
    else this.#ask(text, `Point ${text}`);
  }

  #submitRow(): void {
    const view = this.#view;
    if (!view) return;
    const kind: PickedKind = this.#kind.value === kinds.samples ? 'samples' : 'data';
    const rows = view.rows[kind];
    const { dimensions } = view.layout;
    const count = (rows?.length ?? 0) / dimensions;
    const number = Number(this.#number.value);
    if (!rows || !Number.isSafeInteger(number) || number < 1 || number > count) {
      this.#number.fault = count === 0 ? 'There is none.' : `It is 1 to ${formatCount(count)}.`;
      return;
    }
    this.#number.fault = undefined;
    const at = (number - 1) * dimensions;
    this.#ask(rows.slice(at, at + dimensions), `${kinds[kind]} ${formatCount(number)}`);
  }
}

function hintOf(isImage: boolean, dimensions: number): string {
  if (isImage) return 'Or pick an image in a sheet.';
  return dimensions === 2 ? 'Or click in the landscape.' : '';
}
