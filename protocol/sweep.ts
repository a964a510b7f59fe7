/**
 * What the process that trains a sweep and whoever follows it say to each other. It listens at a socket
 * that is named after the sweep, which keeps a second process out, and at one that whoever starts it may
 * choose, before there is a sweep to name one after.
 */
import { createHash } from 'node:crypto';
import type { Peer } from './peer';
import type { Problem } from './problem';
import { ProblemError } from './problem';
import type { RunStatus } from './run';
import {
  connectToPeer,
  isNobodyListening,
  isTrainerListening,
  trainerSocketPath,
} from './socket-transport';

/** How far a sweep is. */
export interface SweepProgress {
  /** How many of its runs are done or left behind at a rung, those of earlier processes among them. */
  readonly done: number;
  /** How many train now. */
  readonly training: number;
}

/** A run of a sweep has ended, in whatever way. */
export interface TrialEnded {
  /** Its number in the sweep, from 0. */
  readonly index: number;
  /** `refused`: it did not begin. */
  readonly status: RunStatus | 'refused';
  /** What kept it from beginning or from finishing. */
  readonly problem?: Problem;
}

/** The reply to `attach`: from here on, events tell every change. */
export interface SweepAttachment {
  readonly id: string;
  readonly name: string;
  /** How many runs it has. */
  readonly runs: number;
  readonly progress: SweepProgress;
  /** The runs that have ended in this process. */
  readonly ended: readonly TrialEnded[];
}

/** The process that trains a sweep answers these and emits these. */
export interface SweepSide {
  methods: {
    /**
     * Subscribes the caller. Resolves when every run has been checked; rejects with the problem when the
     * sweep cannot begin, and the process then ends by itself.
     */
    attach(params: Record<string, never>): SweepAttachment;
    /**
     * Begins no other run, and has the living ones write a checkpoint and stop; resolves when they have,
     * and the process then ends.
     */
    stop(params: Record<string, never>): SweepProgress;
  };
  events: {
    /** A run begins, or one has ended. */
    progress: SweepProgress;
    trialEnded: TrialEnded;
  };
}

/** Who follows a sweep answers nothing: it asks. */
export interface SweepFollowerSide {
  methods: Record<never, never>;
  events: Record<never, never>;
}

/**
 * Where the process listens that trains a sweep.
 *
 * @param id the sweep's
 * @param runs the folder of its runs, an absolute path
 */
export function sweepSocketPath(id: string, runs: string): string {
  const key = createHash('sha256').update(`${id} ${runs}`).digest('hex').slice(0, 16);
  return trainerSocketPath(`sweep-${key}`);
}

/**
 * Connects to the process of a sweep that listens at `path`.
 *
 * @throws ProblemError of kind `worker` when nobody listens there or `signal` aborts
 */
export function connectToSweep(
  path: string,
  signal?: AbortSignal,
): Promise<Peer<SweepFollowerSide, SweepSide>> {
  return connectToPeer('sweep', path, signal);
}

/**
 * Asks the process that trains a sweep to stop: each of its runs writes a checkpoint.
 *
 * @returns once that process is about to end and another one may train the sweep; `false` where there
 *   is none
 * @throws ProblemError where it does not answer as it should
 */
export async function stopSweepAt(path: string): Promise<boolean> {
  let peer: Peer<SweepFollowerSide, SweepSide>;
  try {
    peer = await connectToSweep(path);
  } catch (thrown) {
    if (isNobodyListening(thrown)) return false;
    throw thrown;
  }
  const closed = new Promise<void>((resolve) => peer.onClose(() => resolve()));
  try {
    await peer.request('stop', {});
  } catch (thrown) {
    peer.close();
    // It may have been at its end just then, or been killed meanwhile.
    if (!(await isTrainerListening(path))) return true;
    throw new ProblemError(
      {
        kind: 'worker',
        message: 'The process of the sweep does not answer to the wish to stop.',
        remedy:
          'One that an older version started is stopped in its shell, or by ending its process.',
      },
      { cause: thrown },
    );
  }
  await closed;
  return true;
}
