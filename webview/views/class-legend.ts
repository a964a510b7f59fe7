import { shares } from '../store/point-set';
import type { Theme } from '../theme';
import { element } from './element';
import { Memo } from './memo';
import { classColor, type PointClasses } from './point-layers';

/** The colours of classes, with the share that each has of data and samples. */
export class ClassLegend {
  readonly root = element('ul', { class: 'class-legend', 'aria-label': 'Classes' });
  readonly #making = new Memo();

  /** @param names of the classes, in the order of their numbers */
  draw(classes: PointClasses | undefined, names: readonly string[], theme: Theme): void {
    this.root.hidden = classes === undefined;
    const { data, samples } = classes ?? {};
    if (!classes || !this.#making.changed(data, samples, names, theme)) return;
    const [ofData, ofSamples] = [data, samples].map(
      (values) => values && shares(values, names.length),
    );
    this.root.replaceChildren(
      ...names.map((name, k) => {
        const swatch = element('span', { class: 'swatch swatch-class', 'aria-hidden': 'true' });
        swatch.style.background = classColor(theme, k);
        const told = [
          ofData && `${percent(ofData[k]!)} of data`,
          ofSamples && `${percent(ofSamples[k]!)} of samples`,
        ].filter((text) => text !== undefined);
        const numbers = element('span', { class: 'class-shares' }, told.join(', '));
        return element('li', {}, swatch, element('span', {}, name), numbers);
      }),
    );
  }
}

function percent(share: number): string {
  const percents = 100 * share;
  // What is there is not nothing.
  return percents > 0 && percents < 0.5 ? 'under 1 %' : `${Math.round(percents)} %`;
}
