import path from 'node:path';
import { problemOf } from '../../protocol/problem';
import type { RunManifest } from '../../protocol/run';
import { diskUse, sizeText } from '../../run-directory/disk-use';
import { mapRuns, nameOf, type RunListing } from '../../run-directory/listing';
import { lookAtQueue } from '../../run-directory/slurm-queue';
import { slurmFolderOf } from '../../run-directory/slurm-submissions';
import { presenceNow } from '../../run-directory/trainer-presence';
import { formatCount, formatDuration } from '../../vocabulary/quantities';
import {
  conditionOf,
  contactOf,
  factsOf,
  isLiving,
  type RunCondition,
} from '../../vocabulary/run-status';
import { rungText } from '../../vocabulary/rungs';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';
import { slurmRows, slurmTable } from './slurm-table';
import { textTable } from './text-table';

export interface ListOptions {
  readonly runs: string;
  /** Looks at every file of every run for what they take of the disk. */
  readonly sizes?: true;
  readonly json?: true;
}

/**
 * `ebm list`: the runs in a folder, newest first, broken ones with their reason, and what is with Slurm.
 *
 * @returns the process's exit code
 */
export async function listCommand({ runs, sizes, json }: ListOptions): Promise<number> {
  try {
    const [rows, slurm] = await Promise.all([
      mapRuns(path.resolve(runs), (listing) => rowOf(listing, sizes === true)),
      lookAtQueue(slurmFolderOf(runs)),
    ]);
    process.stdout.write(
      json
        ? [...rows, ...slurmRows(slurm)].map((row) => `${JSON.stringify(row)}\n`).join('')
        : rows.length === 0
          ? `no runs\n${slurmTable(slurm)}`
          : `${textTable(
              [
                ...['id', 'name', 'status', 'steps', 'trained', 'begun'],
                ...(sizes ? ['size'] : []),
                'tags',
              ],
              rows.map((row) =>
                'problem' in row
                  ? [path.basename(row.directory), 'cannot be opened:', row.problem.message]
                  : [
                      row.id,
                      row.starred ? `★ ${row.name}` : row.name,
                      row.rung ?? factsOf(row.status).word,
                      `${formatCount(row.step)}/${formatCount(row.steps)}`,
                      formatDuration(row.trainingSeconds),
                      row.createdAt.slice(0, 16).replace('T', ' '),
                      ...(sizes ? [row.bytes === undefined ? '?' : sizeText(row.bytes)] : []),
                      row.tags.join(' '),
                    ],
              ),
            )}${slurmTable(slurm)}`,
    );
    return 0;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}

/** What is told of a run. */
async function rowOf(listing: RunListing, isSized: boolean) {
  if ('problem' in listing) return { directory: listing.directory, problem: listing.problem };
  const { directory, manifest, annotations } = listing;
  const { id, createdAt, trainingSeconds, state } = manifest;
  const [status, bytes] = await Promise.all([
    conditionNow(directory, manifest),
    isSized ? sizeIn(directory) : undefined,
  ]);
  const { step, steps } = state;
  const { tags, starred } = annotations;
  const rung = rungText(manifest);
  const what = { id, name: nameOf(listing), status, step, steps, createdAt, trainingSeconds };
  const more = { ...(rung ? { rung } : {}), ...(bytes === undefined ? {} : { bytes }) };
  return { ...what, ...more, tags, starred, directory };
}

/** A run whose files cannot all be looked at is listed without its size. */
async function sizeIn(directory: string): Promise<number | undefined> {
  return await diskUse(directory).catch(() => undefined);
}

/** How a run stands, by what is seen of its trainer where it should have one. */
export async function conditionNow(
  directory: string,
  manifest: RunManifest,
): Promise<RunCondition> {
  const { status } = manifest.state;
  if (!isLiving(status)) return status;
  const presence = await presenceNow(directory, manifest);
  return presence === 'gone' ? 'gone' : conditionOf(status, contactOf(presence));
}
