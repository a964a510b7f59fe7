import type { CompareAction, ComparedRun } from '../../protocol/compare';
import { formatCount } from '../../vocabulary/quantities';
import { parameterPaths, parameterText } from '../store/compare-rows';
import { formatValue } from '../store/number-format';
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
    const hasOtherCommits = commitText(one) !== commitText(other);
    const hasOtherHands = byHandText(one) !== byHandText(other);
    const parts = [
      paths.length === 0 ? 'No parameter differs.' : '',
      isSameSource ? 'Their source is the same.' : 'Their source differs.',
      one.git && !hasOtherCommits ? `Both are of Git commit ${commitText(one)}.` : '',
    ];
    setText(this.#note, parts.filter((part) => part !== '').join(' '));
    this.#table.hidden = paths.length === 0 && !hasOtherCommits && !hasOtherHands;
    const header = (text: string) => element('th', { scope: 'col' }, text);
    this.#head.replaceChildren(header('Parameter'), header(one.name), header(other.name));
    this.#body.replaceChildren(
      ...paths.map((path) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, path),
          ...pair.map(({ parameters, changed }) => {
            const text = parameterText(parameters[path]);
            if (!changed.includes(path)) return element('td', {}, text);
            const title = 'Set for this run in place of what its experiment says';
            const mark = element('span', { class: 'pane-note', title }, ' changed');
            return element('td', {}, text, mark);
          }),
        ),
      ),
      ...(hasOtherHands ? [byHandRow(pair)] : []),
      ...(hasOtherCommits ? [commitRow(pair)] : []),
    );
  }
}

function byHandRow(pair: readonly ComparedRun[]): HTMLElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, 'Changed while it trained'),
    ...pair.map((run) => element('td', {}, byHandText(run))),
  );
}

/** What people changed while a run trained, and when. */
function byHandText({ byHand }: ComparedRun): string {
  if (byHand.length === 0) return 'nothing';
  return byHand
    .map(({ option, from, to, step }) => {
      const values = `${formatValue(from)} → ${formatValue(to)}`;
      return `${option} ${values} after step ${formatCount(step)}`;
    })
    .join('; ');
}

function commitRow(pair: readonly ComparedRun[]): HTMLElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, 'Git commit'),
    ...pair.map((run) => element('td', run.git ? { title: run.git.commit } : {}, commitText(run))),
  );
}

/** What a run was launched from, as far as it can be told apart by. */
function commitText({ git }: ComparedRun): string {
  if (!git) return 'none';
  return `${git.commit.slice(0, 10)}${git.dirty ? ' with changes' : ''}`;
}
