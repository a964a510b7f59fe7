import type { PreviewFrame } from '../../protocol/run';
import type { Navigation } from '../store/navigation';
import type { PanelState } from '../store/panel-state';
import type { Theme } from '../theme';

/** Everything the views draw from. */
export interface PanelModel {
  readonly panel: PanelState;
  readonly navigation: Navigation;
  /** The preview in view: the newest, or the one that the scrubber stands on. */
  readonly frame: PreviewFrame | undefined;
  /** How the samples in view came about, where somebody has drawn them by hand: they are of no preview. */
  readonly byHand: string | undefined;
  /** The selected preview has yet to come. */
  readonly isLoadingFrame: boolean;
  /** Why the selected preview cannot be shown, in words. */
  readonly frameError: string | undefined;
  /** Milliseconds since the host last said anything. */
  readonly silence: number;
  readonly theme: Theme;
}
