/** What is seen of a run's trainer: by who it is, where it is and when it was last seen to beat. Pure. */
import type { Host } from '../protocol/run';

/**
 * Of a trainer of this host: `present` or `gone`, which is certain. Of one elsewhere, whose heartbeat is
 * all there is to see: `fresh`, `late` (it may have ended, or the file system may be slow), or `lost`,
 * after which another one may go on with its run.
 */
export type Presence = 'present' | 'gone' | 'fresh' | 'late' | 'lost';

/** Beats that may be missing before a trainer elsewhere counts as late… */
const lateBeats = 3;
/** …and as lost. */
const lostBeats = 8;
/** A trainer that could not beat for so many beats asks first whether the run is its own still. */
const leaseBeats = 4;

/** Without a new beat for so long (milliseconds), a trainer that beats each `beatMs` is late. */
export function lateAfter(beatMs: number): number {
  return lateBeats * beatMs;
}

/** Without a new beat for so long (milliseconds), a trainer that beats each `beatMs` is lost. */
export function lostAfter(beatMs: number): number {
  return lostBeats * beatMs;
}

/**
 * For how long after a beat its trainer may write without looking. Half of what makes it lost to others:
 * so who is slow, but lives, has stopped writing when another one begins.
 */
export function leaseOf(beatMs: number): number {
  return leaseBeats * beatMs;
}

/** Whether a process id of `there` is one of `here`. Where nothing is said, it is: older runs say nothing. */
export function isSameHost(there: Host | undefined, here: Host): boolean {
  if (there === undefined) return true;
  return there.name === here.name && there.boot === here.boot && there.processes === here.processes;
}

/** What is known of a trainer. */
export interface TrainerSeen {
  /** Where it is, as it says. */
  readonly there: Host | undefined;
  readonly here: Host;
  /** Whether its process is there; of this host only. */
  readonly isAlive: boolean;
  /** For how long it is known not to have beaten, by our own clock. */
  readonly silentMs: number;
  /** How often it beats. */
  readonly beatMs: number;
}

/** What to make of a trainer. No process id, socket or clock of another host counts. */
export function presenceOf({ there, here, isAlive, silentMs, beatMs }: TrainerSeen): Presence {
  if (isSameHost(there, here)) return isAlive ? 'present' : 'gone';
  if (silentMs < lateAfter(beatMs)) return 'fresh';
  return silentMs < lostAfter(beatMs) ? 'late' : 'lost';
}

/** One beat of a trainer. */
export interface Beat {
  /** Of the trainer, another one each time that one begins. */
  readonly token: string;
  /** How many it has made. */
  readonly count: number;
}

/**
 * For how long a heartbeat is known to stand still. Clocks of two hosts differ, so what counts is when a
 * change was seen here. What a slow file system hides or shows once more is no change.
 */
export class BeatWatch {
  #last: Beat | undefined;
  #since: number | undefined;

  /**
   * @param beat what is there now; nothing where that cannot be seen just now
   * @param now milliseconds of our own clock
   * @param standing of a first look: for how long it must have stood still, at the least
   * @returns for how many milliseconds it is known to stand still
   */
  see(beat: Beat | undefined, now: number, standing = 0): number {
    const last = this.#last;
    const isNews =
      beat !== undefined && (beat.token !== last?.token || beat.count > (last?.count ?? -1));
    if (isNews) this.#last = beat;
    if (this.#since === undefined) this.#since = now - standing;
    else if (isNews) this.#since = now;
    return now - this.#since;
  }
}

/**
 * How much the clocks of hosts with one file system may differ (milliseconds). Batch systems refuse
 * messages that are older (munge: five minutes), so on a cluster that works they differ by less.
 */
const mostSkewMs = 300_000;

/** For how long a file of this age, by clocks that differ, has stood still at the least. */
export function standingOf(ageMs: number): number {
  return Math.max(0, ageMs - mostSkewMs);
}
