import type { PanelAction } from '../../protocol/panel';
import type { RunState } from '../../protocol/run';
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatSpeed,
} from '../../vocabulary/quantities';
import { isKeptOff, isPossible } from '../../vocabulary/run-actions';
import { conditionOf, factsOf, silenceLimitMs, type Tone } from '../../vocabulary/run-status';

/** What the header says of a run. Absent parts are shown as blank of the same size. */
export interface RunDisplay {
  readonly status: string;
  readonly tone: Tone;
  readonly step: string;
  readonly steps: string;
  /** Share of the steps done, 0 to 1. */
  readonly progress: number;
  readonly percent: string;
  readonly speed: string | undefined;
  readonly timeLeft: string | undefined;
}

/** What the header says; `silence` is the time since the last word from the trainer, in milliseconds. */
export function runDisplay(state: RunState, silence: number): RunDisplay {
  const condition = conditionOf(state.status, silence > silenceLimitMs);
  const { word, tone } = factsOf(condition);
  const phase = state.status === 'starting' && state.phase ? `: ${state.phase}` : '';
  const progress = state.steps > 0 ? Math.min(1, state.step / state.steps) : 0;
  const isMoving = condition === 'running';
  return {
    status: `${word.charAt(0).toUpperCase()}${word.slice(1)}${phase}`,
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
  status: RunState['status'],
  isWatchedOnly: boolean,
): ButtonDisplay {
  return {
    isEnabled: isPossible(action, status, isWatchedOnly),
    hint: isKeptOff(action, status, isWatchedOnly) ? 'Another window controls this run' : undefined,
  };
}

/** Whether the one button that pauses or resumes resumes: who only watches sees what would be possible. */
export function showsResume(status: RunState['status']): boolean {
  return isPossible('resume', status, false);
}
