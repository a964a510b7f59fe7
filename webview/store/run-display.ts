import type { PanelAction } from '../../protocol/panel';
import { isLiving, type RunState } from '../../protocol/run';
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatSpeed,
} from '../../vocabulary/quantities';

/** How a status is to be taken: decides its colour. */
type Tone = 'busy' | 'good' | 'attention' | 'bad' | 'quiet';

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

/** A run in training that has been silent for so long (milliseconds) is said not to respond. */
const silenceLimit = 6000;

const names = {
  starting: ['Starting', 'busy'],
  running: ['Running', 'busy'],
  paused: ['Paused', 'attention'],
  stopping: ['Stopping', 'attention'],
  stopped: ['Stopped', 'quiet'],
  finished: ['Finished', 'good'],
  failed: ['Failed', 'bad'],
  crashed: ['Crashed', 'bad'],
} as const satisfies Record<RunState['status'], readonly [string, Tone]>;

/** Whether a living run's trainer has said nothing for too long; `silence` in milliseconds. */
export function isUnresponsive({ status }: RunState, silence: number): boolean {
  // A start has its own time-out, at the host.
  return isLiving(status) && status !== 'starting' && silence > silenceLimit;
}

/** What the header says; `silence` is the time since the last word from the trainer, in milliseconds. */
export function runDisplay(state: RunState, silence: number): RunDisplay {
  const unresponsive = isUnresponsive(state, silence);
  const [name, tone] = names[state.status];
  const phase = state.status === 'starting' && state.phase ? `: ${state.phase}` : '';
  const progress = state.steps > 0 ? Math.min(1, state.step / state.steps) : 0;
  const isMoving = state.status === 'running' && !unresponsive;
  return {
    status: unresponsive ? 'Not responding' : `${name}${phase}`,
    tone: unresponsive ? 'bad' : tone,
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

/** Whether a run stands still, or has ended before its time and can go on from its checkpoint. */
export function canResume(status: RunState['status']): boolean {
  return status === 'paused' || status === 'stopped' || status === 'failed' || status === 'crashed';
}

/** Whether an action makes sense for a run in this status, of which this window may be told to keep off. */
export function isActionEnabled(
  action: PanelAction,
  status: RunState['status'],
  isWatchedOnly: boolean,
): boolean {
  if (isKeptOff(action, status, isWatchedOnly)) return false;
  switch (action) {
    case 'pause':
      return status === 'running';
    case 'resume':
      return canResume(status);
    case 'stop':
      return status === 'running' || status === 'paused';
    case 'takeOver':
      return isWatchedOnly;
    case 'rerun':
      return !isLiving(status);
    case 'openSource':
    case 'openFolder':
    case 'showLog':
      return true;
  }
}

/** Whether an action is left to the window that controls the run. */
export function isKeptOff(
  action: PanelAction,
  status: RunState['status'],
  isWatchedOnly: boolean,
): boolean {
  const controls = action === 'pause' || action === 'resume' || action === 'stop';
  return isWatchedOnly && controls && isLiving(status);
}
