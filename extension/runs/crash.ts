import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Problem } from '../../protocol/problem';
import type { RunManifest, RunState } from '../../protocol/run';
import {
  isTrainerListening,
  trainerLockPath,
  trainerSocketPath,
} from '../../protocol/socket-transport';
import { readHeartbeat } from '../../run-directory/heartbeat';
import { thisHost } from '../../run-directory/host';
import { withLock } from '../../run-directory/lock-file';
import { readManifest, updateManifest } from '../../run-directory/manifest';
import { readLogTail, workerLog } from '../../run-directory/worker-log';
import { isSameHost } from '../../vocabulary/presence';
import { isLiving } from '../../vocabulary/run-status';

/**
 * Records that a run's trainer is gone, unless the trainer wrote its own end before it went, another
 * window has recorded it, or somebody has resumed the run meanwhile.
 *
 * @param known the newest state heard of, which is newer than the one on disk.
 * @param how why it is known to be gone, as the end of a sentence: `without a word`.
 * @returns the manifest as it now is on disk.
 */
export async function recordCrash(
  directory: string,
  known: RunState,
  how: string,
): Promise<RunManifest> {
  const seen = await readManifest(directory);
  if (!isLiving(seen.state.status) || !(await isOurs(directory, seen))) return seen;
  const socket = trainerSocketPath(seen.id);
  // A trainer that goes on with this run begins to listen under the same lock.
  return await withLock(trainerLockPath(socket), async () => {
    const manifest = await readManifest(directory);
    const isOther = manifest.worker?.pid !== seen.worker?.pid || (await isHeld(socket));
    if (!isLiving(manifest.state.status) || isOther) return manifest;
    return await record(directory, manifest, known, how);
  });
}

/** Whether this host can tell that the trainer is gone: who has the run now is, or was, a process of it. */
async function isOurs(directory: string, { worker }: RunManifest): Promise<boolean> {
  const holder = (await readHeartbeat(directory))?.heartbeat ?? worker;
  return isSameHost(holder?.host, thisHost());
}

/** A process that is just dying may hold its socket a moment longer than its number. */
const dyingMs = 1_000;

/** Whether somebody listens on the socket and goes on to do so. */
async function isHeld(socket: string): Promise<boolean> {
  const end = performance.now() + dyingMs;
  while (await isTrainerListening(socket)) {
    if (performance.now() > end) return true;
    await setTimeout(20);
  }
  return false;
}

async function record(
  directory: string,
  manifest: RunManifest,
  known: RunState,
  how: string,
): Promise<RunManifest> {
  const step = Math.max(known.step, manifest.state.step);
  const detail = await readLogTail(path.join(directory, workerLog));
  const problem: Problem = {
    kind: 'worker',
    message: `The trainer of ‘${manifest.name}’ ended ${how} after step ${step}.`,
    remedy:
      'All that it recorded is kept. Resume it from its last checkpoint, or look into its log for the cause.',
    ...(detail === '' ? {} : { detail }),
  };
  const { worker: _, ...kept } = manifest;
  const crashed: RunManifest = {
    ...kept,
    endedAt: new Date().toISOString(),
    state: { status: 'crashed', step, steps: manifest.state.steps, problem },
  };
  await updateManifest(directory, () => crashed);
  return crashed;
}
