import { element } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';

/** What the user should know of the experiment that does not keep it from training. */
export class Warnings {
  readonly root = element('ul', { class: 'warnings', 'data-testid': 'warnings' });
  readonly #memo = new Memo();

  constructor() {
    this.root.hidden = true;
  }

  render({ panel: { manifest } }: PanelModel): void {
    const { warnings = [] } = manifest;
    if (!this.#memo.changed(warnings.join('\n'))) return;
    this.root.hidden = warnings.length === 0;
    this.root.replaceChildren(...warnings.map((warning) => element('li', {}, warning)));
  }
}
