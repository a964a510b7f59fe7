import { PushButton } from '../toolkit';
import type { Act } from './controls';
import { element } from './element';
import type { PanelModel } from './panel-model';

/** Says that another window controls the run, and lets the user change that. */
export class WatchedOnly {
  readonly root: HTMLElement;

  constructor(act: Act) {
    const takeOver = new PushButton({
      label: 'Take Over',
      appearance: 'secondary',
      press: () => {
        act('takeOver').catch(reportError);
      },
    });
    this.root = element(
      'section',
      { class: 'watched-only', role: 'status', 'data-testid': 'watched-only' },
      element('p', {}, 'Another window controls this run; this one only watches.'),
      takeOver.root,
    );
    this.root.hidden = true;
  }

  render({ panel: { isWatchedOnly } }: PanelModel): void {
    this.root.hidden = !isWatchedOnly;
  }
}
