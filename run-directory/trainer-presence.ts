import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { RunManifest } from '../protocol/run';
import { isTrainerListening } from '../protocol/socket-transport';
import {
  BeatWatch,
  isSameHost,
  type Presence,
  presenceOf,
  standingOf,
} from '../vocabulary/presence';
import { readHeartbeat, usualBeatMs } from './heartbeat';
import { thisHost } from './host';
import { manifestFileName } from './manifest';

/**
 * How the trainer of a run is seen from here, now. A run on another host that is looked at for the first
 * time is only called late or lost where its heartbeat is older than clocks may differ.
 *
 * @param watch what has been seen of it before, by who looks again and again
 */
export async function presenceNow(
  directory: string,
  { worker }: RunManifest,
  watch = new BeatWatch(),
): Promise<Presence> {
  const here = thisHost();
  if (isSameHost(worker?.host, here)) {
    const isAlive = worker !== undefined && (await isTrainerListening(worker.socket));
    return presenceOf({ there: worker?.host, here, isAlive, silentMs: 0, beatMs: usualBeatMs });
  }
  const seen = await readHeartbeat(directory);
  const standing = standingOf(seen?.ageMs ?? (await ageOf(directory)));
  const silentMs = watch.see(seen?.heartbeat, performance.now(), standing);
  const beatMs = seen?.heartbeat.everyMs ?? usualBeatMs;
  return presenceOf({ there: worker?.host, here, isAlive: false, silentMs, beatMs });
}

/** How old the record is, which a trainer writes every few seconds as well. */
async function ageOf(directory: string): Promise<number> {
  const stats = await stat(path.join(directory, manifestFileName)).catch(() => undefined);
  return stats ? Date.now() - stats.mtimeMs : 0;
}
