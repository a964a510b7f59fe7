import type { ComparedRun } from '../../protocol/compare';
import type { EnergyRange } from '../../protocol/energy-range';
import type { PreviewFrame } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { isOneWindow } from '../store/compare-range';
import type { Theme } from '../theme';
import { ComparePicture } from './compare-picture';
import { element, onPlainKey, setAttribute, setText } from './element';

/** A run with the preview of it that is looked at. */
interface WipeSide {
  readonly run: ComparedRun;
  readonly frame: PreviewFrame;
}

/** What a {@link CompareWipe} shows. */
export interface WipeView {
  /** What is seen left and right of the handle; nothing is shown of fewer. */
  readonly sides: readonly WipeSide[];
  readonly range: EnergyRange | undefined;
  readonly theme: Theme;
}

/** Of the pictures, in CSS pixels. */
const mostHeight = 440;
/** By so many percent an arrow moves the handle; with Shift by ten times as many. */
const stride = 1;

/** Two pictures in one place, of which a handle shows one to its left and the other to its right. */
export class CompareWipe {
  readonly root: HTMLElement;
  readonly #under = new ComparePicture(() => undefined);
  readonly #over = new ComparePicture(() => undefined);
  readonly #above = element('div', { class: 'wipe-over', inert: '' }, this.#over.root);
  readonly #handle = element('div', {
    class: 'wipe-handle',
    role: 'slider',
    tabindex: '0',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
  });
  readonly #left = element('span', { class: 'cell-name' });
  readonly #right = element('span', { class: 'cell-name' });
  readonly #note = element('p', { class: 'pane-note' });
  #at = 50;
  #names: readonly [string, string] = ['', ''];

  constructor() {
    const stage = element(
      'div',
      { class: 'wipe-stage', 'data-testid': 'wipe' },
      element('div', { inert: '' }, this.#under.root),
      this.#above,
      this.#handle,
    );
    this.root = element(
      'div',
      { class: 'compare-wipe' },
      element('div', { class: 'wipe-head' }, this.#left, this.#right),
      stage,
      this.#note,
    );
    const follow = (event: PointerEvent) => {
      const { left, width } = stage.getBoundingClientRect();
      this.#move((100 * (event.clientX - left)) / width);
    };
    stage.addEventListener('pointerdown', (event) => {
      stage.setPointerCapture(event.pointerId);
      this.#handle.focus();
      follow(event);
      event.preventDefault();
    });
    stage.addEventListener('pointermove', (event) => {
      if (stage.hasPointerCapture(event.pointerId)) follow(event);
    });
    onPlainKey(this.#handle, (event) => this.#onKey(event));
  }

  draw({ sides, range, theme }: WipeView): void {
    const [one, other] = sides;
    this.root.hidden = !one || !other;
    if (!one || !other) return;
    this.#names = [one.run.name, other.run.name];
    setText(this.#left, `← ${sideText(one)}`);
    setText(this.#right, `${sideText(other)} →`);
    setAttribute(this.#handle, 'aria-label', `Wipe between ${this.#names.join(' and ')}`);
    const isOne = isOneWindow(one.run, other.run);
    setText(this.#note, isOne ? '' : 'Their axes differ: each side has its own.');
    this.#under.draw({ ...other, range, theme, mostHeight });
    this.#over.draw({ ...one, range, theme, mostHeight });
    this.#move(this.#at);
  }

  #move(percent: number): void {
    this.#at = Math.round(Math.min(100, Math.max(0, percent)));
    this.#handle.style.insetInlineStart = `${this.#at}%`;
    this.#above.style.clipPath = `inset(0 ${100 - this.#at}% 0 0)`;
    setAttribute(this.#handle, 'aria-valuenow', String(this.#at));
    const [one, other] = this.#names;
    setAttribute(this.#handle, 'aria-valuetext', `${this.#at} % ${one}, the rest ${other}`);
  }

  #onKey(event: KeyboardEvent): void {
    const far = event.shiftKey ? 10 * stride : stride;
    const places: Readonly<Record<string, number>> = {
      ArrowLeft: this.#at - far,
      ArrowDown: this.#at - far,
      ArrowRight: this.#at + far,
      ArrowUp: this.#at + far,
      PageDown: this.#at - 10 * stride,
      PageUp: this.#at + 10 * stride,
      Home: 0,
      End: 100,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.#move(place);
  }
}

function sideText({ run, frame }: WipeSide): string {
  return `${run.name}, step ${formatCount(frame.step)}`;
}
