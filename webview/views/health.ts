import { type Gauge, healthOf, type Verdict } from '../store/health';
import { element, setText } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';

const verdicts: Readonly<Record<Verdict, { readonly text: string; readonly tone: string }>> = {
  good: { text: 'well', tone: 'good' },
  attention: { text: 'look at it', tone: 'attention' },
  bad: { text: 'not well', tone: 'bad' },
};

/** Gauges of what a run records, each with its healthy range, what it means and what may be tried. */
export class Health {
  readonly root: HTMLElement;
  readonly #note = element('span', { class: 'pane-note' });
  readonly #list = element('ul', { class: 'gauges' });
  readonly #drawing = new Memo();

  constructor() {
    this.root = element(
      'section',
      { class: 'pane health', 'aria-label': 'Health', 'data-testid': 'health' },
      element('div', { class: 'pane-head' }, element('h2', {}, 'Health'), this.#note),
      this.#list,
    );
  }

  render({ panel, navigation, frame }: PanelModel): void {
    const { config } = panel.manifest;
    const step = navigation.step ?? Number.POSITIVE_INFINITY;
    const gauges = healthOf({
      config,
      energies: frame?.energies,
      metric(name) {
        const series = panel.series.get(name);
        const index = series?.indexUpTo(step) ?? -1;
        return index < 0 ? undefined : series?.values.at(index);
      },
    });
    this.root.hidden = gauges.length === 0;
    const told = gauges.map(({ name, text, sentence, remedies }) => [
      name,
      text,
      sentence,
      remedies,
    ]);
    if (!this.#drawing.changed(JSON.stringify(told))) return;
    const worse = gauges.filter(({ verdict }) => verdict !== 'good').length;
    setText(
      this.#note,
      worse === 0 ? 'all is well' : `${worse} of ${gauges.length} outside their healthy range`,
    );
    this.#list.replaceChildren(...gauges.map(gaugeElement));
  }
}

function gaugeElement({ name, text, verdict, healthy, sentence, remedies }: Gauge): HTMLElement {
  return element(
    'li',
    { class: 'gauge', 'data-tone': verdicts[verdict].tone },
    element(
      'div',
      { class: 'gauge-head' },
      element('span', { class: 'status-dot', 'aria-hidden': 'true' }),
      element('span', { class: 'gauge-name' }, name),
      element('span', { class: 'gauge-value' }, text),
      element('span', { class: 'gauge-verdict' }, verdicts[verdict].text),
      element('span', { class: 'pane-note' }, `healthy: ${healthy}`),
    ),
    element('p', {}, sentence),
    ...(remedies.length > 0
      ? [element('ul', { class: 'remedies' }, ...remedies.map((each) => element('li', {}, each)))]
      : []),
  );
}
