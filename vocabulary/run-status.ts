/** How a run stands: what each status means and is called, the same in tree, panel, status bar and shell. */
import type { RunStatus } from '../protocol/run';

/** How a status is to be taken: decides its colour. */
export type Tone = 'busy' | 'good' | 'attention' | 'bad' | 'quiet';

/** What is known of a run in some status. */
interface StatusFacts {
  /** One or two words, as they stand in a sentence. */
  readonly word: string;
  readonly tone: Tone;
  /** The id of one of the editor's product icons. */
  readonly icon: string;
  /** Whether it has, or should have, a trainer process. */
  readonly isLiving: boolean;
  /** Whether its trainer speaks at least every half second. A start has a time-out of its own. */
  readonly speaks?: true;
  /** Whether it has ended before its time, and can go on from its last checkpoint. */
  readonly hasStepsLeft?: true;
  /** Whether it has ended by an accident, which the user is told. */
  readonly endedBadly?: true;
}

/**
 * A status, or what is seen of the trainer instead of one: `silent` where it has said nothing for
 * {@link silenceLimitMs}, `gone` where the record has it living and nobody listens.
 */
export type RunCondition = RunStatus | 'silent' | 'gone';

/** In the order of a run's life. */
const statuses = {
  starting: { word: 'starting', tone: 'busy', icon: 'loading~spin', isLiving: true },
  running: { word: 'running', tone: 'busy', icon: 'pulse', isLiving: true, speaks: true },
  paused: { word: 'paused', tone: 'attention', icon: 'debug-pause', isLiving: true, speaks: true },
  stopping: {
    ...{ word: 'stopping', tone: 'attention', icon: 'loading~spin', isLiving: true },
    speaks: true,
  },
  stopped: {
    ...{ word: 'stopped', tone: 'quiet', icon: 'debug-stop', isLiving: false },
    hasStepsLeft: true,
  },
  finished: { word: 'finished', tone: 'good', icon: 'check', isLiving: false },
  failed: {
    ...{ word: 'failed', tone: 'bad', icon: 'error', isLiving: false },
    hasStepsLeft: true,
    endedBadly: true,
  },
  crashed: {
    ...{ word: 'crashed', tone: 'bad', icon: 'error', isLiving: false },
    hasStepsLeft: true,
    endedBadly: true,
  },
} as const satisfies Readonly<Record<RunStatus, StatusFacts>>;

const conditions: Readonly<Record<RunCondition, StatusFacts>> = {
  ...statuses,
  silent: { word: 'not responding', tone: 'bad', icon: 'warning', isLiving: true },
  gone: { word: 'gone', tone: 'bad', icon: 'error', isLiving: false },
};

/** All statuses that a run can have. */
export const runStatuses = Object.keys(statuses) as readonly RunStatus[];

/** A trainer that has said nothing for so long (milliseconds) counts as not responding; it sends two signs of life a second. */
export const silenceLimitMs = 10_000;

/** What is known of a run in this condition. */
export function factsOf(condition: RunCondition): StatusFacts {
  return conditions[condition];
}

/** Whether a run in this status still has (or should have) a trainer process. */
export function isLiving(status: RunStatus): boolean {
  return factsOf(status).isLiving;
}

/**
 * How a run stands whose trainer may be silent; one that need not speak is never said to be.
 *
 * @param isSilent whether nothing was heard of it for {@link silenceLimitMs}
 */
export function conditionOf(status: RunStatus, isSilent: boolean): RunCondition {
  return isSilent && factsOf(status).speaks ? 'silent' : status;
}
