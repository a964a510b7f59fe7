import { errorName } from '../../protocol/run';
import { rungText } from '../../vocabulary/rungs';
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
  #shown = '';

  /** @param landscape the picture in words */
  render({ panel, silence, frame }: PanelModel, landscape: string): void {
    const rung = rungText({ ...panel.manifest, state: panel.state });
    const { status, step, steps } = runDisplay(panel.state, silence, panel.contact, rung);
    const told = `${status} ${panel.isComplete}`;
    const hasChanged = told !== this.#status;
    // Of a run that stands still all is told that changes: values that came from disk, another step.
    const isDue = panel.state.status !== 'running' || performance.now() - this.#toldAt >= interval;
    const points = [...panel.points.values()].reduce((sum, { length }) => sum + length, 0);
    const shown = [panel.generation, frame?.step, points, panel.isComplete, landscape].join();
    if (!hasChanged && (!isDue || shown === this.#shown)) return;
    this.#toldAt = performance.now();
    this.#status = told;
    this.#shown = shown;
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
    // Values that are still being read would be others than those in the picture a moment later.
    const all = values.length > 0 ? ` ${values.join(', ')}.` : '';
    const curves = panel.isComplete ? all : ' Loading the curves.';
    setText(this.root, `${progress}${curves}${frame ? ` ${landscape}` : ''}`);
  }
}
