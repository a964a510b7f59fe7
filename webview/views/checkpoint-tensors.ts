import type { CheckpointFacts, TensorFacts } from '../../protocol/looking';
import { formatCount } from '../../vocabulary/quantities';
import { formatSpread, formatValue } from '../store/number-format';
import type { Theme } from '../theme';
import { PushButton } from '../toolkit';
import { element, setText } from './element';
import { Memo } from './memo';
import { prepareCanvas } from './plot-axes';

const plotHeight = 44;
/** Of models with more tensors the first are shown. */
const mostTensors = 200;

/** The numbers of a checkpoint, a histogram a tensor. */
export class CheckpointTensors {
  readonly root: HTMLElement;
  readonly #note = element('p', { class: 'pane-note', role: 'status' });
  readonly #groups = element('div', { 'data-testid': 'tensors' });
  readonly #drawing = new Memo();
  #figures: readonly TensorFigure[] = [];

  /** @param show asks for the numbers of the checkpoint that is chosen */
  constructor(show: () => void) {
    const button = new PushButton({ label: 'Show', appearance: 'secondary', press: show });
    this.root = element(
      'div',
      { class: 'ask-form' },
      element('h3', {}, 'Parameters and buffer'),
      element('div', { class: 'form-buttons' }, button.root, this.#note),
      this.#groups,
    );
  }

  /** Shows the numbers of a checkpoint, or what is going on meanwhile. */
  tell(facts: CheckpointFacts | undefined, note: string): void {
    setText(this.#note, note);
    const named = [
      ['Parameters', facts?.parameters ?? []],
      ['Averages of the parameters, which are shown and sampled', facts?.averages ?? []],
      ['Chains of the buffer', facts?.buffer ?? []],
    ] as const;
    const groups = named.map(([title, tensors]) => ({
      title,
      figures: tensors.slice(0, mostTensors).map((tensor) => new TensorFigure(tensor)),
    }));
    this.#figures = groups.flatMap(({ figures }) => figures);
    this.#drawing.changed();
    this.#groups.replaceChildren(
      ...groups.flatMap(({ title, figures }) =>
        figures.length === 0
          ? []
          : [
              element('h4', {}, title),
              element('ul', { class: 'columns' }, ...figures.map(({ root }) => root)),
            ],
      ),
    );
  }

  draw(theme: Theme): void {
    const width = this.#figures[0]?.width ?? 0;
    const isOther = this.#drawing.changed(this.#figures, theme, width, window.devicePixelRatio);
    if (width > 0 && isOther) for (const figure of this.#figures) figure.draw(theme, width);
  }
}

/** One tensor: its name and shape, its histogram, its moments and its range in words. */
class TensorFigure {
  readonly root: HTMLElement;
  readonly #facts: TensorFacts;
  readonly #canvas = element('canvas', { 'aria-hidden': 'true' });
  readonly #holder = element('div', { class: 'tensor-plot' }, this.#canvas);

  constructor(facts: TensorFacts) {
    this.#facts = facts;
    const { name, shape, count, notFinite, mean, deviation, min, max } = facts;
    const size = shape.length === 0 ? 'a number' : shape.map(formatCount).join(' × ');
    const isKnown = notFinite < count;
    this.root = element(
      'li',
      {},
      element('span', { class: 'column-name', title: name }, name),
      element('span', { class: 'column-moments' }, size),
      this.#holder,
      element(
        'span',
        { class: 'column-moments' },
        isKnown ? `${formatSpread(mean, deviation)}` : 'no finite number',
      ),
      element(
        'span',
        { class: 'column-moments' },
        isKnown ? `${formatValue(min)} to ${formatValue(max)}` : '',
      ),
      ...(notFinite > 0
        ? [element('span', { class: 'tensor-fault' }, `${formatCount(notFinite)} not finite`)]
        : []),
    );
  }

  get width(): number {
    return this.#holder.clientWidth;
  }

  draw(theme: Theme, width: number): void {
    const context = prepareCanvas(this.#canvas, width, plotHeight);
    if (!context) return;
    const { cells } = this.#facts;
    const most = cells.reduce((largest, cell) => Math.max(largest, cell), 1);
    const cell = width / Math.max(1, cells.length);
    context.fillStyle = theme.filled;
    for (const [at, count] of cells.entries()) {
      const height = Math.round(((plotHeight - 3) * count) / most);
      const left = Math.round(at * cell);
      context.fillRect(left, plotHeight - 1 - height, Math.round((at + 1) * cell) - left, height);
    }
    context.fillStyle = theme.border;
    context.fillRect(0, plotHeight - 1, width, 1);
  }
}
