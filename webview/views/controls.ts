import type { PanelAction } from '../../protocol/panel';
import { standingOf } from '../../vocabulary/run-status';
import { buttonDisplay, showsResume } from '../store/run-display';
import { PushButton } from '../toolkit';
import { element, icon } from './element';
import type { PanelModel } from './panel-model';

/** Asks the host for an action; settles when it is done or has failed and been told. */
export type Act = (action: PanelAction) => Promise<void>;

/** The buttons over a run. Each is enabled exactly when its action makes sense. */
export class Controls {
  readonly root: HTMLElement;
  readonly #act: Act;
  readonly #pauseOrResume: PushButton;
  readonly #others: readonly (readonly [PanelAction, PushButton])[];
  readonly #busy = new Set<PanelAction>();
  #model: PanelModel | undefined;
  #showsResume = false;

  constructor(act: Act) {
    this.#act = act;
    this.#pauseOrResume = new PushButton({
      label: 'Pause',
      appearance: 'secondary',
      icon: icon('pause'),
      press: () => this.#run(this.#showsResume ? 'resume' : 'pause'),
    });
    this.#pauseOrResume.root.classList.add('pause-or-resume');
    const button = (
      action: PanelAction,
      label: string,
      appearance: 'secondary' | 'icon',
      picture: SVGElement,
    ) =>
      [
        action,
        new PushButton({ label, appearance, icon: picture, press: () => this.#run(action) }),
      ] as const;
    const step = button('step', 'Step Once', 'icon', icon('step'));
    const [main, aside] = [
      [
        button('stop', 'Stop', 'secondary', icon('stop')),
        button('rerun', 'Rerun', 'secondary', icon('rerun')),
      ],
      [
        button('openSource', 'Open Source', 'icon', icon('source')),
        button('openFolder', 'Open Run Folder', 'icon', icon('folder')),
        button('showLog', 'Show Log', 'icon', icon('log')),
      ],
    ];
    this.#others = [step, ...main, ...aside];
    this.root = element(
      'div',
      { class: 'controls', role: 'toolbar', 'aria-label': 'Run' },
      this.#pauseOrResume.root,
      step[1].root,
      ...main.map(([, { root }]) => root),
      element('span', { class: 'controls-gap' }),
      ...aside.map(([, { root }]) => root),
    );
  }

  render(model: PanelModel): void {
    this.#model = model;
    const { isWatchedOnly, state, contact } = model.panel;
    const standing = standingOf(state.status, contact);
    const resumes = showsResume(standing);
    if (resumes !== this.#showsResume) {
      this.#showsResume = resumes;
      if (resumes) this.#pauseOrResume.show('Resume', icon('play'));
      else this.#pauseOrResume.show('Pause', icon('pause'));
    }
    const pauseOrResume = [resumes ? 'resume' : 'pause', this.#pauseOrResume] as const;
    for (const [action, button] of [pauseOrResume, ...this.#others]) {
      const { isEnabled, hint } = buttonDisplay(action, standing, isWatchedOnly);
      button.isEnabled = isEnabled && !this.#busy.has(action);
      button.hint = hint;
    }
  }

  /** Runs an action once at a time: a second press while it is under way does nothing. */
  #run(action: PanelAction): void {
    if (this.#busy.has(action)) return;
    this.#busy.add(action);
    const settled = () => {
      this.#busy.delete(action);
      if (this.#model) this.render(this.#model);
    };
    if (this.#model) this.render(this.#model);
    this.#act(action).then(settled, settled);
  }
}
