import type {
  ChainsPassed,
  CheckpointFacts,
  CheckpointRequest,
  Drawing,
  DrawOffer,
  DrawRequest,
  PointAnswer,
  PointRequest,
} from '../../protocol/looking';
import { problemOf } from '../../protocol/problem';
import { valuesAfter } from '../../vocabulary/knobs';
import { formatCount } from '../../vocabulary/quantities';
import { askedCheckpoint, checkpointNote } from '../store/asked-checkpoint';
import { type HandDrawn, withDrawing, withStop } from '../store/hand-drawn';
import { DropDown } from '../toolkit';
import { CheckpointTensors } from './checkpoint-tensors';
import { DrawForm } from './draw-form';
import { element, setText } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';
import { PointForm } from './point-form';

/** What can be asked of the model, and who hears of what is drawn. */
export interface AskHost {
  readonly offer: (request: CheckpointRequest) => Promise<DrawOffer>;
  readonly draw: (request: DrawRequest) => Promise<Drawing>;
  readonly energy: (request: PointRequest) => Promise<PointAnswer>;
  readonly tensors: (request: CheckpointRequest) => Promise<CheckpointFacts>;
  /** Ends what is still being asked. */
  readonly stop: () => void;
  /** Chains were drawn, or have come further; nothing where there are none to show. */
  readonly show: (drawn: HandDrawn | undefined) => void;
  /** Asks for a new frame. */
  readonly redraw: () => void;
}

const whole = 'At the step shown';

/** What is asked of the model of a run as one of its checkpoints has it: samples, energies, its numbers. */
export class AskModel {
  readonly root: HTMLDetailsElement;
  readonly #host: AskHost;
  readonly #checkpoints = element('div', { class: 'field ask-checkpoint' });
  readonly #note = element('p', { class: 'pane-note' });
  readonly #drawForm: DrawForm;
  readonly #pointForm: PointForm;
  readonly #tensors: CheckpointTensors;
  readonly #choices = new Memo();
  readonly #offering = new Memo();
  #isOffered = false;
  /** Settles when what can be drawn is known: other questions wait, since they would end this one. */
  #offered: Promise<void> = Promise.resolve();
  #chosen: number | undefined;
  #model: PanelModel | undefined;
  /** Chains that are being drawn now. */
  #drawing: HandDrawn | undefined;
  /** Counts what was asked of a kind: an answer that was overtaken is not shown. */
  readonly #asked = { offer: 0, energy: 0, tensors: 0 };

  constructor(host: AskHost) {
    this.#host = host;
    this.#drawForm = new DrawForm({
      draw: (request) => this.#draw(request),
      stop: () => host.stop(),
    });
    this.#pointForm = new PointForm((point, what) => this.#askPoint(point, what));
    this.#tensors = new CheckpointTensors(() => this.#askTensors());
    this.root = element(
      'details',
      { class: 'pane hands-on', 'data-testid': 'ask-model' },
      element(
        'summary',
        {},
        element('h2', {}, 'Ask the model'),
        element('span', { class: 'pane-note' }, 'samples · energy at a point · parameters'),
      ),
      element(
        'p',
        { class: 'pane-note' },
        'By a process of its own, from a kept checkpoint. Nothing is written to the run.',
      ),
      this.#checkpoints,
      this.#note,
      this.#drawForm.root,
      this.#pointForm.root,
      this.#tensors.root,
    );
    this.root.hidden = true;
    this.root.addEventListener('toggle', () => {
      if (this.root.open) {
        // What could not be loaded, or was ended before it was, is tried again.
        if (!this.#isOffered) this.#offering.changed();
        this.#offerAnew();
      } else host.stop();
      host.redraw();
    });
  }

  render(model: PanelModel): void {
    this.#model = model;
    const { panel, theme } = model;
    const { preview: layout, transform } = panel.manifest;
    this.root.hidden = panel.checkpointSteps.length === 0 || layout === undefined;
    if (this.root.hidden || !layout) return;
    if (this.#choices.changed(panel.checkpointSteps.join(), panel.runDirectory)) {
      this.#offerCheckpoints(panel.checkpointSteps);
    }
    const step = this.#checkpoint;
    this.#drawForm.checkpoint = step;
    setText(this.#note, checkpointNote(step, this.#chosen ?? model.navigation.step));
    this.#note.hidden = this.#note.textContent === '';
    if (this.root.open) this.#offerAnew();
    this.#pointForm.render({
      layout,
      isStandardised: transform !== undefined,
      rows: { data: panel.data?.values, samples: model.frame?.samples },
    });
    this.#tensors.draw(theme);
  }

  /** The chains that are being drawn have come to a stop. */
  passed(stop: ChainsPassed): void {
    if (this.#drawing === undefined) return;
    this.#drawing = withStop(this.#drawing, stop);
    this.#host.show(this.#drawing);
  }

  /** A point was picked in a picture: it is asked for while the section is open, and no chains are drawn. */
  pick(point: Float32Array): void {
    const { dimensions } = this.#model?.panel.manifest.preview ?? {};
    const isAsking = this.root.open && this.#drawing === undefined;
    if (isAsking && point.length === dimensions) this.#askPoint(point, 'The picked point');
  }

  get #checkpoint(): number {
    const { panel, navigation } = this.#model!;
    return askedCheckpoint(panel.checkpointSteps, navigation.step, this.#chosen)!;
  }

  #offerCheckpoints(steps: readonly number[]): void {
    if (this.#chosen !== undefined && !steps.includes(this.#chosen)) this.#chosen = undefined;
    const newest = steps.toReversed();
    const names = [whole, ...newest.map((step) => `Step ${formatCount(step)}`)];
    const dropDown = new DropDown('Checkpoint', names, (index) => {
      this.#chosen = newest[index - 1];
      this.#host.redraw();
    });
    this.#checkpoints.replaceChildren(
      element('span', { class: 'field-label', 'aria-hidden': 'true' }, 'Checkpoint'),
      dropDown.root,
    );
    dropDown.index = this.#chosen === undefined ? 0 : newest.indexOf(this.#chosen) + 1;
  }

  /** Asks what can be drawn, where nobody has yet, or it is something else at another checkpoint. */
  #offerAnew(): void {
    if (!this.#model) return;
    const { runDirectory, manifest } = this.#model.panel;
    const checkpoint = this.#checkpoint;
    const changed = JSON.stringify(valuesAfter(manifest.changes ?? [], checkpoint));
    if (!this.#offering.changed(runDirectory, changed)) return;
    this.#isOffered = false;
    const asked = ++this.#asked.offer;
    this.#drawForm.offer(undefined);
    this.#drawForm.say('Loading the model …');
    this.#offered = this.#host.offer({ checkpoint }).then(
      (offer) => {
        if (asked !== this.#asked.offer) return;
        this.#isOffered = true;
        this.#drawForm.offer(offer);
        this.#drawForm.say('');
      },
      (thrown: unknown) => {
        if (asked === this.#asked.offer) this.#drawForm.say(textOf(thrown));
      },
    );
  }

  async #draw(request: DrawRequest & { readonly checkpoint: number }): Promise<void> {
    this.#drawForm.say('Drawing …');
    const begun: HandDrawn = { request, stops: [] };
    this.#drawing = begun;
    try {
      const drawing = await this.#host.draw(request);
      this.#host.show(withDrawing(this.#drawing, drawing));
      this.#drawForm.say('');
    } catch (thrown) {
      this.#host.show(undefined);
      this.#drawForm.say(textOf(thrown));
    } finally {
      this.#drawing = undefined;
    }
  }

  #askPoint(point: string | Float32Array, what: string): void {
    const asked = ++this.#asked.energy;
    this.#pointForm.tell(undefined, `${what} …`);
    const ask = () => this.#host.energy({ checkpoint: this.#checkpoint, point });
    this.#offered.then(ask).then(
      (answer) => {
        if (asked === this.#asked.energy) this.#pointForm.tell(answer, what);
      },
      (thrown: unknown) => {
        if (asked === this.#asked.energy) this.#pointForm.tell(undefined, textOf(thrown));
      },
    );
  }

  #askTensors(): void {
    const asked = ++this.#asked.tensors;
    this.#tensors.tell(undefined, 'Reading the checkpoint …');
    const ask = () => this.#host.tensors({ checkpoint: this.#checkpoint });
    this.#offered.then(ask).then(
      (facts) => {
        if (asked !== this.#asked.tensors) return;
        this.#tensors.tell(facts, `Checkpoint at step ${formatCount(facts.checkpoint)}`);
        this.#host.redraw();
      },
      (thrown: unknown) => {
        if (asked === this.#asked.tensors) this.#tensors.tell(undefined, textOf(thrown));
      },
    );
  }
}

function textOf(thrown: unknown): string {
  const { message, remedy } = problemOf(thrown);
  return remedy ? `${message} ${remedy}` : message;
}
