import type { PreviewEnergies } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import {
  type Distribution,
  type Distributions,
  distributionBins,
  distributionNames,
  distributionsOf,
} from '../store/energy-distributions';
import { formatSpread, formatValue } from '../store/number-format';
import type { Theme } from '../theme';
import { element, LineSwatch, setText } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';
import { type Box, drawAxes, prepareCanvas } from './plot-axes';

/** How each kind is drawn: its colour, and lengths of strokes and gaps of its outline. */
const looks: Readonly<
  Record<keyof PreviewEnergies, { color: (theme: Theme) => string; dash: readonly number[] }>
> = {
  data: { color: ({ data }) => data, dash: [] },
  heldOut: { color: ({ curves }) => curves[0]!, dash: [6, 3] },
  samples: { color: ({ samples }) => samples, dash: [] },
  outOfDistribution: { color: ({ curves }) => curves[1]!, dash: [2, 3] },
};

/** Energies of samples, data, held-out and other rows over one another, at the step of the scrubber. */
export class DistributionsView {
  readonly root: HTMLElement;
  readonly #step = element('span', { class: 'pane-note' });
  readonly #canvas = element('canvas', {
    'aria-hidden': 'true',
    class: 'distributions-plot',
    'data-testid': 'distributions-plot',
  });
  readonly #holder = element('div', {}, this.#canvas);
  readonly #rows = element('tbody');
  readonly #readout = element('div', { class: 'readout' });
  readonly #drawing = new Memo();
  #shown: { readonly found: Distributions; readonly box: Box } | undefined;

  /** @param redraw asks for a new frame */
  constructor(redraw: () => void) {
    const heads = ['Energies of', 'Rows', 'Mean ± deviation'].map((text) =>
      element('th', { scope: 'col' }, text),
    );
    this.root = element(
      'section',
      { class: 'pane', 'aria-label': 'Energies', 'data-testid': 'distributions' },
      element('div', { class: 'pane-head' }, element('h2', {}, 'Energies'), this.#step),
      this.#holder,
      this.#readout,
      element(
        'table',
        { class: 'moments' },
        element('caption', { class: 'visually-hidden' }, 'Energies of rows in nats'),
        element('thead', {}, element('tr', {}, ...heads)),
        this.#rows,
      ),
    );
    this.#canvas.addEventListener('pointermove', (event) => this.#pointAt(event.offsetX));
    this.#canvas.addEventListener('pointerleave', () => setText(this.#readout, ''));
    new ResizeObserver(redraw).observe(this.#holder);
  }

  render({ frame, theme }: PanelModel): void {
    const { energies, step } = frame ?? {};
    this.root.hidden = energies === undefined;
    if (energies === undefined || step === undefined) return;
    setText(this.#step, `step ${formatCount(step)}`);
    const width = this.#holder.clientWidth;
    if (width === 0 || !this.#drawing.changed(energies, theme, width, window.devicePixelRatio)) {
      return;
    }
    const found = distributionsOf(energies);
    this.#holder.hidden = found === undefined;
    this.#rows.replaceChildren(...(found?.all ?? []).map((one) => rowOf(one, theme)));
    if (found) this.#draw(found, theme, width);
  }

  #draw(found: Distributions, theme: Theme, width: number): void {
    const height = 220;
    const box = { left: 66, top: 8, width: Math.max(80, width - 76), height: height - 46 };
    this.#shown = { found, box };
    const context = prepareCanvas(this.#canvas, width, height);
    if (!context) return;
    const { low, high, all } = found;
    const top = topOf(found);
    const trace = ({ histogram: { densities } }: Distribution) => {
      const bottom = box.top + box.height;
      context.beginPath();
      context.moveTo(box.left, bottom);
      for (const [bin, density] of densities.entries()) {
        const y = bottom - (density / top) * box.height;
        context.lineTo(box.left + (bin / distributionBins) * box.width, y);
        context.lineTo(box.left + ((bin + 1) / distributionBins) * box.width, y);
      }
      context.lineTo(box.left + box.width, bottom);
    };
    for (const one of all) {
      trace(one);
      // The data lie beneath as an area: what is compared with them are outlines.
      if (one.of === 'data') {
        context.fillStyle = theme.filled;
        context.fill();
        continue;
      }
      context.strokeStyle = looks[one.of].color(theme);
      context.setLineDash([...looks[one.of].dash]);
      context.lineWidth = 1.5;
      context.stroke();
    }
    context.setLineDash([]);
    drawAxes(
      context,
      box,
      { name: 'Energy in nats', low, high, scale: 1, mean: 0 },
      { name: 'Density', low: 0, high: top, scale: 1, mean: 0 },
      theme,
    );
  }

  #pointAt(x: number): void {
    if (this.#shown === undefined) return;
    const { found, box } = this.#shown;
    const bin = Math.floor(((x - box.left) / box.width) * distributionBins);
    if (!(bin >= 0 && bin < distributionBins)) {
      setText(this.#readout, '');
      return;
    }
    const at = found.low + ((bin + 0.5) / distributionBins) * (found.high - found.low);
    const parts = found.all.map(
      ({ of, histogram: { densities } }) =>
        `${distributionNames[of].toLowerCase()} ${formatValue(densities[bin]!)}`,
    );
    setText(this.#readout, [`energy ${formatValue(at)}`, ...parts].join('   '));
  }
}

/** The density that the plot ends at. */
function topOf({ all }: Distributions): number {
  const peaks = all.map(({ histogram: { densities } }) =>
    densities.reduce((most, density) => Math.max(most, density), 0),
  );
  return 1.08 * Math.max(1e-9, ...peaks);
}

function rowOf({ of, count, notFinite, mean, deviation }: Distribution, theme: Theme): HTMLElement {
  const swatch = new LineSwatch();
  swatch.show(looks[of].color(theme), looks[of].dash);
  const rows =
    notFinite > 0
      ? `${formatCount(count)}, ${formatCount(notFinite)} not finite`
      : formatCount(count);
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, swatch.root, ` ${distributionNames[of]}`),
    element('td', {}, rows),
    element('td', {}, Number.isNaN(mean) ? '–' : formatSpread(mean, deviation)),
  );
}
