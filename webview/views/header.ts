import { rungText } from '../../vocabulary/rungs';
import { runDisplay } from '../store/run-display';
import { element, setAttribute, setText } from './element';
import type { PanelModel } from './panel-model';

/** A value with its unit, of a width that its changes do not alter. */
class Fact {
  readonly root: HTMLElement;
  readonly #value = element('span', { class: 'fact-value' });

  constructor(name: string, unit: string) {
    this.root = element(
      'div',
      { class: `fact fact-${name}` },
      this.#value,
      element('span', { class: 'fact-unit' }, unit),
    );
  }

  show(value: string | undefined): void {
    // Kept in the layout: nothing beside it moves when it comes and goes.
    setText(this.#value, value ?? '–');
    this.root.classList.toggle('blank', value === undefined);
  }
}

/** Which run it is, how it stands and how far it got. */
export class Header {
  readonly root: HTMLElement;
  readonly #name = element('h1', { class: 'run-name' });
  readonly #distinction = element('span', {
    class: 'run-distinction',
    'data-testid': 'distinction',
  });
  readonly #statusText = element('span');
  readonly #status = element(
    'div',
    { class: 'status', role: 'status', 'data-testid': 'status' },
    element('span', { class: 'status-dot', 'aria-hidden': 'true' }),
    this.#statusText,
  );
  readonly #step = element('span', { class: 'fact-value', 'data-testid': 'step' });
  readonly #steps = element('span', { class: 'fact-unit' });
  readonly #ofSteps = element(
    'div',
    { class: 'fact sized' },
    element('div', { class: 'fact' }, this.#step, this.#steps),
  );
  readonly #percent = new Fact('percent', '');
  readonly #speed = new Fact('speed', 'steps/s');
  readonly #timeLeft = new Fact('left', 'left');
  readonly #backendName = element('span', { class: 'fact-value' });
  readonly #backendReason = element('span', {
    class: 'tooltip',
    role: 'tooltip',
    id: 'backend-reason',
  });
  readonly #backend = element(
    'div',
    { class: 'fact fact-backend', tabindex: '0', 'aria-describedby': 'backend-reason' },
    this.#backendName,
    this.#backendReason,
  );
  readonly #bar = element('div', { class: 'progress-bar' });
  readonly #progress = element(
    'div',
    {
      class: 'progress',
      role: 'progressbar',
      'aria-label': 'Training progress',
      'aria-valuemin': '0',
    },
    this.#bar,
  );

  constructor(controls: HTMLElement) {
    this.root = element(
      'header',
      { class: 'header' },
      element('div', { class: 'title' }, this.#name, this.#distinction, this.#status),
      controls,
      element(
        'div',
        { class: 'facts' },
        this.#ofSteps,
        this.#percent.root,
        this.#speed.root,
        this.#timeLeft.root,
        this.#backend,
      ),
      this.#progress,
    );
  }

  render({ panel, silence }: PanelModel): void {
    const { manifest, state } = panel;
    const rung = rungText({ ...manifest, state });
    const display = runDisplay(state, silence, panel.contact, rung);
    setText(this.#name, manifest.name);
    setAttribute(this.#name, 'title', `${manifest.name} (${manifest.id})`);
    setText(this.#distinction, panel.distinction);
    setAttribute(this.#distinction, 'title', panel.distinction);
    this.#distinction.hidden = panel.distinction === '';
    setText(this.#statusText, display.status);
    setAttribute(this.#status, 'title', display.explanation ?? display.status);
    setAttribute(this.#status, 'data-tone', display.tone);
    setText(this.#step, display.step);
    setText(this.#steps, `of ${display.steps} steps`);
    setAttribute(this.#ofSteps, 'data-widest', `${display.steps} of ${display.steps} steps`);
    this.#percent.show(display.percent);
    this.#speed.show(display.speed);
    this.#timeLeft.show(display.timeLeft);
    this.#backend.hidden = manifest.backend === undefined;
    setText(this.#backendName, manifest.backend?.name ?? '');
    setText(this.#backendReason, manifest.backend?.reason ?? '');
    this.#bar.style.transform = `scaleX(${display.progress})`;
    setAttribute(this.#progress, 'data-tone', display.tone);
    setAttribute(this.#progress, 'aria-valuemax', String(state.steps));
    setAttribute(this.#progress, 'aria-valuenow', String(state.step));
    setAttribute(this.#progress, 'aria-valuetext', `step ${display.step} of ${display.steps}`);
  }
}
