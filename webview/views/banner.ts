import type { Problem } from '../../protocol/problem';
import { standingOf } from '../../vocabulary/run-status';
import { buttonDisplay } from '../store/run-display';
import { PushButton } from '../toolkit';
import type { Act } from './controls';
import { element, setText } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';

/** What went wrong with the run, where, and what can be done about it. */
export class Banner {
  readonly root: HTMLElement;
  readonly #message = element('p', { class: 'banner-message' });
  readonly #remedy = element('p', { class: 'banner-remedy' });
  readonly #rerun: PushButton;
  readonly #resume: PushButton;
  readonly #source: PushButton;
  readonly #actions = element('div', { class: 'banner-actions' });
  readonly #memo = new Memo();

  constructor(act: Act) {
    const press = (action: Parameters<Act>[0]) => () => {
      act(action).catch(reportError);
    };
    this.#resume = new PushButton({
      label: 'Resume',
      appearance: 'secondary',
      press: press('resume'),
    });
    this.#rerun = new PushButton({
      label: 'Rerun with Changes…',
      appearance: 'primary',
      press: press('rerunWithChanges'),
    });
    this.#source = new PushButton({
      label: 'Open Source',
      appearance: 'secondary',
      press: press('openSource'),
    });
    const log = new PushButton({
      label: 'Show Log',
      appearance: 'secondary',
      press: press('showLog'),
    });
    this.root = element(
      'section',
      { class: 'banner', role: 'alert', 'data-testid': 'problem' },
      element('div', { class: 'banner-text' }, this.#message, this.#remedy),
      this.#actions,
    );
    this.#actions.append(this.#rerun.root, this.#resume.root, log.root, this.#source.root);
    this.root.hidden = true;
  }

  render({ panel: { state, isWatchedOnly, contact } }: PanelModel): void {
    if (!this.#memo.changed(state.problem, state.status, isWatchedOnly, contact)) return;
    const { problem } = state;
    this.root.hidden = problem === undefined;
    if (problem === undefined) return;
    setText(this.#message, problem.message);
    const remedy = [placeOf(problem), problem.remedy].filter((part) => part !== undefined);
    setText(this.#remedy, remedy.join(' · '));
    this.#remedy.hidden = remedy.length === 0;
    const standing = standingOf(state.status, contact);
    this.#resume.root.hidden = !buttonDisplay('resume', standing, isWatchedOnly).isEnabled;
    // What diverged does so again where nothing is changed; what was interrupted need only go on.
    this.#rerun.root.hidden = problem.kind !== 'training';
  }
}

function placeOf({ location }: Problem): string | undefined {
  if (!location) return undefined;
  const file = location.file.split(/[\\/]/).at(-1);
  return `${file}:${location.line}:${location.column}`;
}
