/** `.ebm/slurm/<name>/trials.json`: what jobs train, and where. Made once; jobs that wait rely on it. */
import path from 'node:path';
import { z } from 'zod';
import { beginSchema } from '../protocol/launch-task';
import { ProblemError } from '../protocol/problem';
import { checked, parseJson } from './checked-json';
import { readRegularFile, replaceFile } from './files';
import { isNotThere } from './heartbeat';

const tableFile = 'trials.json';
const largestTable = 2 ** 28;
const remedy = 'Submit it again.';

const tableSchema = z.object({
  formatVersion: z.literal(1),
  /** The folder of runs. */
  runs: z.string(),
  trials: z.array(
    z.object({
      /** Of its run, so that a job that comes again finds it. */
      directoryName: z.string().regex(/^[\w-]{1,100}$/, 'no plain name'),
      task: beginSchema,
    }),
  ),
});

export type TrialTable = Omit<z.infer<typeof tableSchema>, 'formatVersion'>;
export type TabledTrial = TrialTable['trials'][number];

/** @throws ProblemError of kind `storage`, also where there is none */
export async function readTable(folder: string): Promise<TrialTable> {
  const fault = { file: path.join(folder, tableFile), remedy };
  const bytes = await readRegularFile(folder, tableFile, largestTable);
  const { formatVersion: _, ...table } = checked(parseJson(bytes, fault), tableSchema, fault);
  return table;
}

/** The table of a folder; nothing where there is none. */
export async function findTable(folder: string): Promise<TrialTable | undefined> {
  try {
    return await readTable(folder);
  } catch (thrown) {
    if (thrown instanceof ProblemError && isNotThere(thrown)) return undefined;
    throw thrown;
  }
}

export async function writeTable(folder: string, table: TrialTable): Promise<void> {
  const text = `${JSON.stringify({ formatVersion: 1, ...table }, undefined, 1)}\n`;
  await replaceFile(folder, tableFile, [new TextEncoder().encode(text)]);
}
