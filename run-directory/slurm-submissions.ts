/** `.ebm/slurm/<key>/submitted.json`: which jobs of Slurm were submitted last for a sweep or a run. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ProblemError } from '../protocol/problem';
import { checked, parseJson } from './checked-json';
import { readRegularFile, replaceFile } from './files';
import { isNotThere } from './heartbeat';

const submittedFile = 'submitted.json';
const largestFile = 2 ** 20;

const recordSchema = z.object({
  /** What people call it. */
  name: z.string().max(1000),
  jobs: z.array(z.string().regex(/^\d{1,20}$/, 'no id of a job')).max(10_000),
  /** What became of the jobs, once Slurm knew them no more. */
  ended: z.exactOptional(
    z.object({
      at: z.number(),
      /** How many tasks ended in which of Slurm's states, where it keeps an account of that. */
      states: z.record(z.string().max(40), z.number()),
      /** How many runs are not done. */
      left: z.number(),
    }),
  ),
});

export type SubmissionRecord = z.infer<typeof recordSchema>;

const schema = recordSchema.extend({ formatVersion: z.literal(1) });

/** What was handed to Slurm. */
export interface Submission extends SubmissionRecord {
  /** Where its script and its table of trials are, and where it was submitted from. */
  readonly folder: string;
}

/** Where all that was handed to Slurm is, of runs in a folder. */
export function slurmFolderOf(runs: string): string {
  return path.join(path.dirname(path.resolve(runs)), 'slurm');
}

/** @returns nothing where nothing was submitted */
export async function readSubmission(folder: string): Promise<Submission | undefined> {
  const fault = { file: path.join(folder, submittedFile), remedy: 'Submit it again.' };
  try {
    const bytes = await readRegularFile(folder, submittedFile, largestFile);
    const { formatVersion: _, ...record } = checked(parseJson(bytes, fault), schema, fault);
    return { ...record, folder };
  } catch (thrown) {
    if (thrown instanceof ProblemError && isNotThere(thrown)) return undefined;
    throw thrown;
  }
}

export async function writeSubmission(folder: string, record: SubmissionRecord): Promise<void> {
  const text = `${JSON.stringify({ formatVersion: 1, ...record })}\n`;
  await replaceFile(folder, submittedFile, [new TextEncoder().encode(text)]);
}

/** All that was submitted, by name; what cannot be read is left out. */
export async function listSubmissions(slurmFolder: string): Promise<Submission[]> {
  const entries = await readdir(slurmFolder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory());
  const found: Submission[] = [];
  for (const { name } of folders) {
    const one = await readSubmission(path.join(slurmFolder, name)).catch(() => undefined);
    if (one && one.jobs.length > 0) found.push(one);
  }
  return found.sort((a, b) => a.name.localeCompare(b.name) || (a.folder < b.folder ? -1 : 1));
}
