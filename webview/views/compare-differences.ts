import type { CompareAction, ComparedRun } from '../../protocol/compare';
import { parameterPaths, parameterText } from '../store/compare-rows';
import { PushButton } from '../toolkit';
import { element, setText } from './element';
import { Memo } from './memo';

/** In what two runs differ: their parameters as a table, their source in the editor's own view. */
export class CompareDifferences {
  readonly root: HTMLElement;
  readonly #head = element('tr');
  readonly #body = element('tbody');
  readonly #table: HTMLElement;
  readonly #note = element('p', { class: 'pane-note' });
  readonly #source: PushButton;
  readonly #drawing = new Memo();
  #pair: readonly ComparedRun[] = [];

  constructor(act: (action: CompareAction, directories: readonly string[]) => void) {
    const press = (action: CompareAction) => () =>
      act(
        action,
        this.#pair.map(({ directory }) => directory),
      );
    this.#source = new PushButton({
      label: 'Compare Source',
      appearance: 'secondary',
      press: press('diffSource'),
    });
    const configuration = new PushButton({
      label: 'Compare Configuration',
      appearance: 'secondary',
      press: press('diffConfiguration'),
    });
    this.#table = element(
      'table',
      { class: 'differences', 'data-testid': 'differences' },
      element('thead', {}, this.#head),
      this.#body,
    );
    this.root = element(
      'section',
      { class: 'pane', 'aria-label': 'Differences' },
      element(
        'div',
        { class: 'pane-head' },
        element('h2', {}, 'Differences'),
        this.#source.root,
        configuration.root,
      ),
      this.#note,
      this.#table,
    );
    this.root.hidden = true;
  }

  /** @param pair the two runs that are picked; nothing is shown of any other number */
  render(pair: readonly ComparedRun[]): void {
    const [one, other] = pair;
    if (!this.#drawing.changed(one, other, pair.length)) return;
    this.root.hidden = pair.length !== 2;
    if (!one || !other || pair.length !== 2) return;
    this.#pair = pair;
    const paths = parameterPaths(pair, true);
    const isSameSource = one.source === other.source;
    this.#source.isEnabled = !isSameSource;
    this.#source.hint = isSameSource ? 'it is the same' : undefined;
    const parts = [
      paths.length === 0 ? 'No parameter differs.' : '',
      isSameSource ? 'Their source is the same.' : 'Their source differs.',
    ];
    setText(this.#note, parts.filter((part) => part !== '').join(' '));
    this.#table.hidden = paths.length === 0;
    const header = (text: string) => element('th', { scope: 'col' }, text);
    this.#head.replaceChildren(header('Parameter'), header(one.name), header(other.name));
    this.#body.replaceChildren(
      ...paths.map((path) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, path),
          ...pair.map(({ parameters }) => element('td', {}, parameterText(parameters[path]))),
        ),
      ),
    );
  }
}
