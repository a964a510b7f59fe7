import { errorName } from '../../protocol/run';
import { formatMeasured } from '../store/number-format';
import { runDisplay } from '../store/run-display';
import { element, setText } from './element';
import type { PanelModel } from './panel-model';

/** A screen reader is told no more often than this, in milliseconds. */
const interval = 10_000;

/** The views in words, for those who do not see them. */
export class Summary {
  readonly root = element('div', {
    class: 'visually-hidden',
    role: 'log',
    'aria-live': 'polite',
    'aria-atomic': 'true',
    'data-testid': 'summary',
  });
  #toldAt = Number.NEGATIVE_INFINITY;
  #status = '';
  #step: number | undefined;

  /** @param landscape the picture in words */
  render({ panel, silence, frame }: PanelModel, landscape: string): void {
    const { status, step, steps } = runDisplay(panel.state, silence);
    const hasChanged = status !== this.#status;
    const isDue = performance.now() - this.#toldAt >= interval;
    if (!hasChanged && (!isDue || frame?.step === this.#step)) return;
    this.#toldAt = performance.now();
    this.#status = status;
    this.#step = frame?.step;
    const lastOf = (name: string) => {
      const series = panel.series.get(name);
      return series && series.length > 0 ? series.values.at(series.length - 1) : undefined;
    };
    const { metrics } = panel.manifest;
    const values = metrics.flatMap(({ name, label, unit, errorOf }) => {
      if (errorOf !== undefined || lastOf(name) === undefined) return [];
      const isEstimate = metrics.some((metric) => metric.errorOf === name);
      const error = lastOf(errorName(name));
      return [`${label} ${formatMeasured({ unit, isEstimate }, lastOf(name), error)}`];
    });
    const progress = `${status}, step ${step} of ${steps}.`;
    const curves = values.length > 0 ? ` ${values.join(', ')}.` : '';
    setText(this.root, `${progress}${curves}${frame ? ` ${landscape}` : ''}`);
  }
}
