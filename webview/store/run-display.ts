import type { PanelAction } from '../../protocol/panel';
import type { Contact, RunState } from '../../protocol/run';
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatSpeed,
} from '../../vocabulary/quantities';
import { isKeptOff, isPossible } from '../../vocabulary/run-actions';
import {
  conditionOf,
  contactTexts,
  factsOf,
  type RunCondition,
  silenceLimitMs,
  type Tone,
} from '../../vocabulary/run-status';

/** What the header says of a run. Absent parts are shown as blank of the same size. */
export interface RunDisplay {
  readonly status: string;
  /** What to make of a status that is not the trainer's own word. */
  readonly explanation: string | undefined;
  readonly tone: Tone;
  readonly step: string;
  readonly steps: string;
  /** Share of the steps done, 0 to 1. */
  readonly progress: number;
  readonly percent: string;
  readonly speed: string | undefined;
  readonly timeLeft: string | undefined;
}

/**
 * What the header says.
 *
 * @param silence time since the last word from the trainer, in milliseconds
 * @param told how much the extension hears of it
 * @param rung at which rung of its sweep it waits, in words, which says more than that it stopped
 */
export function runDisplay(
  state: RunState,
  silence: number,
  told: Contact = 'heard',
  rung?: string,
): RunDisplay {
  const contact = told === 'heard' && silence > silenceLimitMs ? 'silent' : told;
  const condition = conditionOf(state.status, contact);
  const { word: status, tone } = factsOf(condition);
  const word = rung ?? status;
  const phase = state.status === 'starting' && state.phase ? `: ${state.phase}` : '';
  const progress = state.steps > 0 ? Math.min(1, state.step / state.steps) : 0;
  const isMoving = condition === 'running';
  return {
    status: `${word.charAt(0).toUpperCase()}${word.slice(1)}${phase}`,
    explanation:
      condition === state.status || contact === 'heard' ? undefined : contactTexts[contact],
    tone,
    step: formatCount(state.step),
    steps: formatCount(state.steps),
    progress,
    percent: formatPercent(state.step, state.steps),
    speed:
      isMoving && state.stepsPerSecond !== undefined
        ? formatSpeed(state.stepsPerSecond)
        : undefined,
    timeLeft:
      isMoving && state.secondsLeft !== undefined ? formatDuration(state.secondsLeft) : undefined,
  };
}

/** How a button over a run is shown. */
export interface ButtonDisplay {
  readonly isEnabled: boolean;
  /** Why it is not, where the status alone does not say it. */
  readonly hint: string | undefined;
}

/** How the button for an action is shown; of a run that another window controls, this one only watches. */
export function buttonDisplay(
  action: PanelAction,
  status: RunCondition,
  isWatchedOnly: boolean,
): ButtonDisplay {
  return {
    isEnabled: isPossible(action, status, isWatchedOnly),
    hint: isKeptOff(action, status, isWatchedOnly) ? 'Another window controls this run' : undefined,
  };
}

/** Whether the one button that pauses or resumes resumes: who only watches sees what would be possible. */
export function showsResume(status: RunCondition): boolean {
  return isPossible('resume', status, false);
}
