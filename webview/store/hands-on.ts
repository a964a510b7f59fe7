import type { Knob } from '../../protocol/run';
import { formatKnob, knobFault, knobValue, rangeText } from '../../vocabulary/knobs';
import { isKeptOff, isPossible } from '../../vocabulary/run-actions';
import { standingOf } from '../../vocabulary/run-status';
import type { PanelState } from './panel-state';

/** A knob as the panel shows it. */
export interface ShownKnob {
  readonly knob: Knob;
  /** What it stands at. */
  readonly value: number;
  /** `above 0, at most 10` */
  readonly range: string;
}

/** What can be changed of a run now: nothing of one that does not train, or that another window controls. */
export function shownKnobs({
  manifest,
  state,
  contact,
  isWatchedOnly,
}: Pick<PanelState, 'manifest' | 'state' | 'contact' | 'isWatchedOnly'>): readonly ShownKnob[] {
  const standing = standingOf(state.status, contact);
  if (!isPossible('change', standing, isWatchedOnly)) return [];
  if (isKeptOff('change', standing, isWatchedOnly)) return [];
  return (manifest.knobs ?? []).flatMap((knob) => {
    const value = knobValue(manifest, knob, state.step);
    return value === undefined ? [] : [{ knob, value, range: rangeText(knob) }];
  });
}

/** All of them in a line: `learning rate 0.001 · step size 0.1`. */
export function knobsText(shown: readonly ShownKnob[]): string {
  return shown.map(({ knob, value }) => `${knob.label} ${formatKnob(value)}`).join(' · ');
}

/** What a typed text would change a knob to: nothing, some value, or why it is none. */
export function typedValue(
  { knob, value }: ShownKnob,
  text: string,
): { readonly value?: number; readonly fault?: string } {
  const typed = text.trim() === '' ? Number.NaN : Number(text);
  if (typed === value) return {};
  const fault = knobFault(knob, typed);
  return fault === undefined ? { value: typed } : { fault };
}
