import type { DrawnFormat } from '../../protocol/looking';
import { formatCount } from '../../vocabulary/quantities';
import { drawnFactsText, drawnText, type HandDrawn } from '../store/hand-drawn';
import { PushButton } from '../toolkit';
import { element, icon, setAttribute, setText, showFill } from './element';
import { MenuButton } from './menu-button';

/** What the strip asks of the page. */
export interface DrawnStripHost {
  /** Another stop is to be shown. */
  readonly select: (index: number) => void;
  readonly save: (format: DrawnFormat) => void;
  /** The run's own pictures are to be shown again. */
  readonly back: () => void;
}

/** How long a stop is shown while the chains are played, in milliseconds. */
const stopMs = 160;

/** In place of the scrubber of steps: the way of chains that were drawn by hand, stop by stop. */
export class DrawnStrip {
  readonly root: HTMLElement;
  readonly #host: DrawnStripHost;
  readonly #range = element('input', {
    type: 'range',
    min: '0',
    step: '1',
    class: 'slider',
    'aria-label': 'Iteration shown',
    'data-testid': 'drawn-scrubber',
  });
  readonly #text = element('span', { 'data-testid': 'drawn-text' });
  readonly #facts = element('span', { class: 'drawn-facts', role: 'status' });
  readonly #iteration = element('output', { class: 'scrubber-step sized' });
  readonly #play: PushButton;
  readonly #save: MenuButton;
  #timer: number | undefined;
  #last = 0;

  constructor(host: DrawnStripHost) {
    this.#host = host;
    this.#play = new PushButton({
      label: 'Play',
      appearance: 'icon',
      icon: icon('play'),
      press: () => (this.#timer === undefined ? this.#begin() : this.#halt()),
    });
    this.#save = new MenuButton('Save Samples', [
      { label: 'Save Samples as NumPy…', run: () => host.save('.npy') },
      { label: 'Save Samples as CSV…', run: () => host.save('.csv') },
      { label: 'Save Samples as Safetensors…', run: () => host.save('.safetensors') },
    ]);
    const back = new PushButton({
      label: 'Back to the Run',
      appearance: 'primary',
      press: () => host.back(),
    });
    this.#range.addEventListener('input', () => {
      this.#halt();
      host.select(Number(this.#range.value));
    });
    this.root = element(
      'footer',
      {
        class: 'scrubber drawn-strip',
        'aria-label': 'Drawn by hand',
        'data-testid': 'drawn-strip',
      },
      element(
        'div',
        { class: 'drawn-words' },
        element('strong', {}, 'Drawn by hand'),
        this.#text,
        this.#facts,
      ),
      element(
        'div',
        { class: 'drawn-tools' },
        this.#play.root,
        element('span', { class: 'scrubber-label', 'aria-hidden': 'true' }, 'Iteration'),
        this.#range,
        this.#iteration,
        this.#save.root,
        back.root,
      ),
    );
    this.root.hidden = true;
  }

  /** @param index of the stop that is shown */
  render(drawn: HandDrawn | undefined, index: number): void {
    this.root.hidden = drawn === undefined;
    if (drawn === undefined) {
      this.#halt();
      return;
    }
    const { stops, drawing } = drawn;
    this.#last = stops.length - 1;
    const stop = stops[index];
    const of = stop?.of ?? 0;
    setText(this.#text, drawing ? drawnText(drawn) : `Drawing … ${drawnText(drawn)}`);
    setText(this.#facts, drawnFactsText(drawn, index));
    setAttribute(this.#range, 'max', String(Math.max(0, this.#last)));
    // Also where it stands already: the browser moves the thumb when the end moves.
    this.#range.value = String(index);
    this.#range.disabled = stops.length < 2;
    showFill(this.#range);
    const done = `${formatCount(stop?.done ?? 0)} of ${formatCount(of)}`;
    setText(this.#iteration, done);
    setAttribute(this.#iteration, 'data-widest', `${formatCount(of)} of ${formatCount(of)}`);
    setAttribute(this.#range, 'aria-valuetext', `iteration ${done}`);
    this.#play.isEnabled = drawing !== undefined && stops.length > 1;
    this.#save.isEnabled = drawing !== undefined;
  }

  #begin(): void {
    const from = Number(this.#range.value);
    let index = from >= this.#last ? 0 : from;
    this.#host.select(index);
    this.#play.show('Pause', icon('pause'));
    this.#timer = window.setInterval(() => {
      index++;
      this.#host.select(index);
      if (index >= this.#last) this.#halt();
    }, stopMs);
  }

  #halt(): void {
    if (this.#timer === undefined) return;
    window.clearInterval(this.#timer);
    this.#timer = undefined;
    this.#play.show('Play', icon('play'));
  }
}
