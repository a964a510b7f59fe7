import { formatCount } from '../../vocabulary/quantities';
import { isLiving } from '../../vocabulary/run-status';
import { previewIndex } from '../store/panel-state';
import { PushButton } from '../toolkit';
import { element, icon, setAttribute, setText, showFill } from './element';
import type { PanelModel } from './panel-model';

/** Moves every view to a kept step. Follows the newest until the user moves it. */
export class Scrubber {
  readonly root: HTMLElement;
  readonly #range = element('input', {
    type: 'range',
    min: '0',
    step: '1',
    class: 'slider',
    'aria-label': 'Step shown',
    'data-testid': 'scrubber',
  });
  readonly #step = element('output', { class: 'scrubber-step sized', 'data-testid': 'shown-step' });
  readonly #error = element('span', { class: 'scrubber-error', role: 'alert' });
  readonly #live: PushButton;
  #steps: readonly number[] = [];

  /** @param select a step was chosen; `undefined` is the newest, whatever it will be */
  constructor(select: (step: number | undefined) => void) {
    this.#live = new PushButton({
      label: 'Live',
      appearance: 'secondary',
      icon: icon('dot'),
      press: () => select(undefined),
    });
    this.#live.root.classList.add('follow');
    this.#range.addEventListener('input', () => {
      const step = this.#steps[Number(this.#range.value)];
      if (step !== undefined) select(step);
    });
    this.root = element(
      'footer',
      { class: 'scrubber' },
      element('span', { class: 'scrubber-label', 'aria-hidden': 'true' }, 'Step'),
      this.#range,
      this.#step,
      this.#error,
      this.#live.root,
    );
  }

  render({ panel, navigation, isLoadingFrame, frameError }: PanelModel): void {
    const steps = panel.previewSteps;
    this.#steps = steps;
    const isLive = navigation.step === undefined;
    const index = isLive ? steps.length - 1 : previewIndex(steps, navigation.step ?? 0);
    setAttribute(this.#range, 'max', String(Math.max(0, steps.length - 1)));
    // Also where it stands already: the browser moves the thumb when the end moves.
    this.#range.value = String(Math.max(0, index));
    this.#range.disabled = steps.length < 2;
    showFill(this.#range);
    const shown = isLive ? steps[index] : navigation.step;
    const text = shown === undefined ? '–' : formatCount(shown);
    setText(this.#step, text);
    setAttribute(this.#step, 'data-widest', formatCount(panel.state.steps));
    setAttribute(this.#range, 'aria-valuetext', isLive ? `step ${text}, newest` : `step ${text}`);
    this.root.classList.toggle('loading', isLoadingFrame);
    setText(this.#error, frameError ?? '');
    const label = isLiving(panel.state.status) ? 'Live' : 'Newest';
    if (this.#live.root.getAttribute('aria-label') !== label) this.#live.show(label);
    this.#live.root.classList.toggle('live', label === 'Live');
    setAttribute(this.#live.root, 'aria-pressed', String(isLive));
    setAttribute(
      this.#live.root,
      'title',
      isLive ? 'Follows the newest step' : 'Follow the newest step again',
    );
  }
}
