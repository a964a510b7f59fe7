import type { DrawOffer, DrawRequest, OfferedSampler } from '../../protocol/looking';
import { countOf, drawWish, settingText } from '../store/draw-form';
import { PushButton } from '../toolkit';
import { element, enterButton, setText } from './element';
import { LabelledField } from './labelled-field';

/** What the form asks of the page. */
export interface DrawFormHost {
  /** Draws; settles when that is done, or has failed and been told. */
  readonly draw: (request: DrawRequest & { readonly checkpoint: number }) => Promise<void>;
  readonly stop: () => void;
}

/** Chains to be drawn by hand: by which sampler, from where, how many and how far. */
export class DrawForm {
  readonly root: HTMLFormElement;
  readonly #host: DrawFormHost;
  readonly #fields = element('div', { class: 'fields' });
  readonly #draw: PushButton;
  readonly #stop: PushButton;
  readonly #note = element('span', { class: 'pane-note', role: 'status' });
  #offer: DrawOffer | undefined;
  #sampler: OfferedSampler | undefined;
  #checkpoint = 0;
  #isBusy = false;
  #settings = new Map<string, LabelledField>();
  #start: LabelledField | undefined;
  #numbers = new Map<'steps' | 'count' | 'seed', LabelledField>();

  constructor(host: DrawFormHost) {
    this.#host = host;
    this.#draw = new PushButton({
      label: 'Draw',
      appearance: 'primary',
      press: () => this.#submit(),
    });
    this.#stop = new PushButton({
      label: 'Stop Drawing',
      appearance: 'secondary',
      press: () => host.stop(),
    });
    this.root = element(
      'form',
      { class: 'ask-form', 'aria-label': 'Draw samples', 'data-testid': 'draw-form' },
      element('h3', {}, 'Draw samples'),
      this.#fields,
      enterButton(),
      element('div', { class: 'form-buttons' }, this.#draw.root, this.#stop.root, this.#note),
    );
    this.root.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#enable();
  }

  /** Shows what can be drawn; what has been typed for an offer before is gone. */
  offer(offer: DrawOffer | undefined): void {
    this.#offer = offer;
    this.#make(offer?.samplers[0]);
    this.#enable();
  }

  /** Says what there is to say beside the buttons. */
  say(text: string): void {
    setText(this.#note, text);
  }

  set checkpoint(step: number) {
    this.#checkpoint = step;
  }

  #make(sampler: OfferedSampler | undefined): void {
    const offer = this.#offer;
    this.#sampler = sampler;
    this.#settings = new Map();
    this.#numbers = new Map();
    if (!offer || !sampler) {
      this.#fields.replaceChildren();
      return;
    }
    const types = offer.samplers.map(({ type }) => type);
    const chosen = new LabelledField({
      ...{ id: 'draw-sampler', label: 'Sampler', choices: types },
      changed: (type) => this.#choose(type),
    });
    const start = new LabelledField({
      ...{ id: 'draw-start', label: 'Start from', choices: sampler.starts },
      changed: () => this.#suggestCount(),
    });
    this.#start = start;
    for (const { name, value, choices } of sampler.settings) {
      const field = new LabelledField({
        ...{ id: `draw-setting-${name}`, label: name },
        ...(choices ? { choices } : {}),
      });
      field.value = settingText(value);
      this.#settings.set(name, field);
    }
    for (const [name, label, value] of [
      ['steps', 'Iterations', sampler.steps],
      ['count', 'Chains', countOf(offer, sampler.start)],
      ['seed', 'Seed', offer.seed],
    ] as const) {
      const field = new LabelledField({ id: `draw-${name}`, label });
      field.value = String(value);
      this.#numbers.set(name, field);
    }
    const all = [chosen, ...this.#settings.values(), start, ...this.#numbers.values()];
    this.#fields.replaceChildren(...all.map(({ root }) => root));
    // Once they are in the page: the toolkit knows no value before.
    chosen.value = sampler.type;
    start.value = sampler.start;
  }

  #choose(type: string): void {
    if (type === this.#sampler?.type) return;
    this.#make(this.#offer?.samplers.find((sampler) => sampler.type === type));
    this.#fields.querySelector<HTMLElement>('[aria-label="Sampler"]')?.focus();
  }

  #suggestCount(): void {
    const count = this.#numbers.get('count');
    const suggested = (['noise', 'buffer'] as const).map((start) =>
      String(countOf(this.#offer!, start)),
    );
    if (count && suggested.includes(count.value))
      count.value = String(countOf(this.#offer!, this.#from));
  }

  get #from(): OfferedSampler['start'] {
    const { starts = [] } = this.#sampler ?? {};
    return starts.find((start) => start === this.#start?.value) ?? this.#sampler!.start;
  }

  #submit(): void {
    const offer = this.#offer;
    const sampler = this.#sampler;
    if (!offer || !sampler || this.#isBusy) return;
    const number = (name: 'steps' | 'count' | 'seed') => this.#numbers.get(name)?.value ?? '';
    const wish = drawWish(
      offer,
      {
        sampler,
        settings: Object.fromEntries([...this.#settings].map(([name, { value }]) => [name, value])),
        start: this.#from,
        ...{ steps: number('steps'), count: number('count'), seed: number('seed') },
      },
      this.#checkpoint,
    );
    if ('fault' in wish) {
      const fields = new Map<string, LabelledField>([...this.#settings, ...this.#numbers]);
      fields.get(wish.field)!.fault = wish.fault;
      return;
    }
    this.#isBusy = true;
    this.#enable();
    const done = () => {
      this.#isBusy = false;
      this.#enable();
    };
    this.#host.draw({ ...wish.request, checkpoint: this.#checkpoint }).then(done, done);
  }

  #enable(): void {
    this.#draw.isEnabled = this.#offer !== undefined && !this.#isBusy;
    this.#stop.isEnabled = this.#isBusy;
  }
}
