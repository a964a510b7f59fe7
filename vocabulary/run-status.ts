/** How a run stands: what each status means and is called, the same in tree, panel, status bar and shell. */
import type { Contact, RunStatus } from '../protocol/run';
import type { Presence } from './presence';

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
 * A status, or what is seen of the trainer instead of one: how much is heard of it, or `gone` where the
 * record has it living and nobody listens.
 */
export type RunCondition = RunStatus | Exclude<Contact, 'heard'> | 'gone';

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
  late: { word: 'late', tone: 'attention', icon: 'watch', isLiving: true },
  lost: {
    ...{ word: 'lost', tone: 'bad', icon: 'debug-disconnect', isLiving: false },
    hasStepsLeft: true,
  },
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

/** What to tell of a trainer that is not heard. */
export const contactTexts: Readonly<Record<Exclude<Contact, 'heard'>, string>> = {
  silent: 'The trainer has been silent for a while. A long step may pass; else stop it.',
  late: 'Its heartbeat is late: the host that trains it, or the file system between, may be slow.',
  lost: 'Nothing is heard any more from the host that trained it. Resume goes on from its last checkpoint.',
};

/** How a run stands whose trainer may be silent; one that need not speak is never said to be. */
export function conditionOf(status: RunStatus, contact: Contact): RunCondition {
  if (contact === 'heard' || !isLiving(status)) return status;
  if (contact === 'silent') return factsOf(status).speaks ? contact : status;
  return contact;
}

/** What may be done with a run follows from its status, unless nobody on this host can ask its trainer. */
export function standingOf(status: RunStatus, contact: Contact): RunStatus | 'late' | 'lost' {
  return isLiving(status) && (contact === 'late' || contact === 'lost') ? contact : status;
}

/** How much is heard of a trainer that is seen like this. */
export function contactOf(presence: Presence): Contact {
  return presence === 'late' || presence === 'lost' ? presence : 'heard';
}
