import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunManifest } from '../../protocol/run';
import { readScalars } from '../../run-directory/event-file';
import { thisHost } from '../../run-directory/host';
import { listRuns } from '../../run-directory/listing';
import { isProcessAlive } from '../../run-directory/process-alive';
import { isSameHost } from '../../vocabulary/presence';
import { until } from '../support/condition';

/** A run as it lies on disk. */
export interface RunOnDisk {
  readonly directory: string;
  readonly manifest: RunManifest;
}

/** The runs in a workspace folder that can be read, oldest first. */
export async function runsIn(folder: string): Promise<RunOnDisk[]> {
  const listings = await listRuns(path.join(folder, '.ebm/runs'));
  return listings
    .flatMap((listing) => ('manifest' in listing ? [listing] : []))
    .sort((a, b) => a.manifest.createdAt.localeCompare(b.manifest.createdAt));
}

/** The only run in a workspace folder. */
export async function onlyRunIn(folder: string): Promise<RunOnDisk> {
  const [run, ...more] = await runsIn(folder);
  if (run === undefined || more.length > 0) {
    throw new Error(`There are ${run ? more.length + 1 : 0} runs in ${folder}, not one.`);
  }
  return run;
}

/** How many points of a metric a run's event file has. */
export async function recordedPoints(directory: string, metric: string): Promise<number> {
  let count = 0;
  for await (const { series } of readScalars(directory)) {
    count += series[metric]?.steps.length ?? 0;
  }
  return count;
}

/** The living trainers of a workspace folder's runs. */
export async function livingTrainers(folder: string): Promise<number[]> {
  const alive: number[] = [];
  for (const { manifest } of await runsIn(folder)) {
    const { pid, host } = manifest.worker ?? {};
    // The number of a process elsewhere is here that of another one.
    if (pid !== undefined && isSameHost(host, thisHost()) && (await isProcessAlive(pid)))
      alive.push(pid);
  }
  return alive;
}

/** What the trainers of a workspace folder's runs printed. */
export async function workerLogs(folder: string): Promise<string> {
  const logs = (await runsIn(folder)).map(async ({ directory }) => {
    const text = await readFile(path.join(directory, 'worker.log'), 'utf8').catch(String);
    return `==> ${directory}/worker.log\n${text}\n`;
  });
  return (await Promise.all(logs)).join('\n');
}

/** Waits until no run directory is left; no trainer may be either. */
export async function untilNothingRuns(folder: string): Promise<void> {
  await until('no run directory', async () => (await runsIn(folder)).length === 0);
  assert.deepEqual(await livingTrainers(folder), []);
}
