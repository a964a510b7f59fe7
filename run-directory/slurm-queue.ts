/**
 * How what was handed to Slurm stands. A cluster is one for all, so squeue is asked once for all that may
 * wait, once a minute at most, whoever looks: its answer is kept in `.ebm/slurm/queue.json`, for windows
 * and shells alike. Nobody who does not look asks, and nothing is asked of what is known to have ended.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ProblemError, problemOf } from '../protocol/problem';
import { isHeld, isWaiting, nameOfTasks, type SlurmTasks } from '../vocabulary/slurm-tasks';
import { checked, parseJson } from './checked-json';
import { readRegularFile, replaceFile } from './files';
import { withLock } from './lock-file';
import { readManifest } from './manifest';
import { isSettled } from './run-group';
import { actOnJobs, askAccount, askQueue, type JobAction } from './slurm-commands';
import {
  listSubmissions,
  readSubmission,
  type Submission,
  writeSubmission,
} from './slurm-submissions';
import { findTable } from './trial-table';

/** How old an answer may be (milliseconds). */
const freshMs = 60_000;
/** For how long it is told of what has ended with runs that are not done (milliseconds). */
const toldMs = 86_400_000;

const answerFile = 'queue.json';
const largestAnswer = 2 ** 26;

const answerSchema = z.object({
  formatVersion: z.literal(1),
  /** By the clock of who asked. */
  askedAt: z.number(),
  /** Of which jobs. */
  jobs: z.array(z.string()),
  rows: z.array(
    z.object({
      job: z.string(),
      tasks: z.exactOptional(z.string()),
      count: z.number(),
      state: z.string(),
      folder: z.string(),
      reason: z.string(),
    }),
  ),
  /** Why there is none; the rows are those of before. */
  problem: z.exactOptional(z.string()),
});

type Answer = z.infer<typeof answerSchema>;

const nothingAnswered: Answer = { formatVersion: 1, askedAt: 0, jobs: [], rows: [] };

/** Something that was handed to Slurm, and how it stands. */
export interface Standing extends Submission {
  /** Its tasks that wait or run; nothing where Slurm was not asked of it yet. */
  readonly rows: readonly SlurmTasks[] | undefined;
}

/** How all that was handed to Slurm stands. */
export interface QueueView {
  readonly standings: readonly Standing[];
  /** Why Slurm gave no answer when it was asked last. */
  readonly problem?: string;
}

/**
 * How what was handed to Slurm from the runs beside this folder stands. What has ended is only told of
 * for a day, and where runs of it are not done.
 *
 * @param slurmFolder `.ebm/slurm`
 * @param now by the clock of this host, milliseconds
 */
export async function lookAtQueue(slurmFolder: string, now = Date.now()): Promise<QueueView> {
  const submissions = await listSubmissions(slurmFolder);
  if (!submissions.some(isOpen)) return { standings: toldOf(submissions, [], now) };
  const known = await readAnswer(slurmFolder);
  if (known && isFresh(known, now)) return await viewOf(submissions, known, now);
  try {
    return await askAnew(slurmFolder, now, (answer) => !isFresh(answer, now));
  } catch (thrown) {
    // Of a folder in which nobody but its owner may write, Slurm is not asked.
    const view = await viewOf(submissions, known ?? nothingAnswered, now);
    return { ...view, problem: problemOf(thrown).message };
  }
}

/**
 * Has Slurm do something with the tasks of something that was handed to it: `hold` and `release` are of
 * those that wait, `requeue` of those that run.
 *
 * @returns how many tasks that were; none where it has none of these
 * @throws ProblemError of kind `environment` with what Slurm answers
 */
export async function actOnSubmission(folder: string, action: JobAction): Promise<number> {
  const slurmFolder = path.dirname(folder);
  // Whoever acts may ask out of turn: what has ended meanwhile may be a stranger's job by now.
  const { standings, problem } = await askAnew(slurmFolder, Date.now());
  if (problem !== undefined) throw new ProblemError({ kind: 'environment', message: problem });
  const rows = standings.find((one) => one.folder === folder)?.rows ?? [];
  const meant = rows.filter(applies[action]);
  if (meant.length === 0) return 0;
  try {
    await actOnJobs(action, meant.map(nameOfTasks));
  } finally {
    await askAnew(slurmFolder, Date.now());
  }
  return meant.reduce((sum, { count }) => sum + count, 0);
}

const applies: Readonly<Record<JobAction, (row: SlurmTasks) => boolean>> = {
  cancel: () => true,
  hold: (row) => isWaiting(row) && !isHeld(row),
  release: isHeld,
  requeue: (row) => !isWaiting(row),
};

/** Which actions make sense for tasks like these. */
export function actionsFor(rows: readonly SlurmTasks[]): readonly JobAction[] {
  return (['cancel', 'hold', 'release', 'requeue'] as const).filter((action) =>
    rows.some(applies[action]),
  );
}

function isOpen({ ended }: Submission): boolean {
  return ended === undefined;
}

/** An answer from the future was given by a clock that is not ours, and may be of any age. */
function isFresh({ askedAt }: Answer, now: number): boolean {
  return Math.abs(now - askedAt) < freshMs;
}

/**
 * Asks Slurm, unless that is not needed any more.
 *
 * @param isNeeded by what was answered last, once nobody else is about to ask
 */
async function askAnew(
  slurmFolder: string,
  now: number,
  isNeeded: (known: Answer) => boolean = () => true,
): Promise<QueueView> {
  const keep = async (answer: Answer) => {
    const bytes = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
    await replaceFile(slurmFolder, answerFile, [bytes], 'fleeting');
  };
  // The minute is taken first: where Slurm is slow to answer, nobody is to ask it meanwhile.
  const before = await withLock(path.join(slurmFolder, '.asking'), async () => {
    const known = (await readAnswer(slurmFolder)) ?? nothingAnswered;
    if (!isNeeded(known)) return known;
    await keep({ ...known, askedAt: now });
    return undefined;
  });
  const submissions = await listSubmissions(slurmFolder);
  if (before) return await viewOf(submissions, before, now);
  const open = submissions.filter(isOpen);
  const known = (await readAnswer(slurmFolder)) ?? nothingAnswered;
  const answer = await answerOf(
    open.flatMap(({ jobs }) => jobs),
    known,
    now,
  );
  await keep(answer);
  if (answer.problem === undefined) {
    for (const one of open) {
      if ((await rowsOf(one, answer.rows)).length === 0) await recordEnd(one, now);
    }
  }
  return await viewOf(await listSubmissions(slurmFolder), answer, now);
}

async function answerOf(jobs: readonly string[], known: Answer, askedAt: number): Promise<Answer> {
  try {
    const rows = await askQueue(jobs);
    return { formatVersion: 1, askedAt, jobs: [...jobs], rows };
  } catch (thrown) {
    // A cluster that has trouble is not asked again before its time either.
    return { ...known, askedAt, problem: problemOf(thrown).message };
  }
}

/** Slurm gives ids again after years, and folders are copied: what was submitted elsewhere is not ours. */
async function rowsOf(
  { jobs, folder }: Submission,
  rows: readonly SlurmTasks[],
): Promise<SlurmTasks[]> {
  const ours = rows.filter(({ job }) => jobs.includes(job));
  if (ours.length === 0) return [];
  const real = await realpath(folder);
  return ours.filter((row) => row.folder === real || row.folder === folder);
}

async function recordEnd({ folder, ...record }: Submission, at: number): Promise<void> {
  const states: Record<string, number> = {};
  for (const line of (await askAccount(record.jobs)).split('\n')) {
    const state = /^[A-Z_]{1,40}/.exec(line)?.[0];
    if (state !== undefined) states[state] = (states[state] ?? 0) + 1;
  }
  const ended = { at, states, left: await countLeft(folder) };
  // It may have been submitted again meanwhile.
  const now = await readSubmission(folder).catch(() => undefined);
  if (now?.jobs.join() === record.jobs.join()) await writeSubmission(folder, { ...record, ended });
}

async function countLeft(folder: string): Promise<number> {
  // Of a table that cannot be read nothing is known to be left.
  const table = await findTable(folder).catch(() => undefined);
  let left = 0;
  for (const { directoryName } of table?.trials ?? []) {
    const directory = path.join(path.dirname(path.dirname(folder)), 'runs', directoryName);
    const manifest = await readManifest(directory).catch(() => undefined);
    if (!manifest || !isSettled(manifest)) left += 1;
  }
  return left;
}

async function viewOf(
  submissions: readonly Submission[],
  { jobs, rows, problem }: Answer,
  now: number,
): Promise<QueueView> {
  const open = await Promise.all(
    submissions.filter(isOpen).map(async (one): Promise<Standing> => {
      const isAsked = one.jobs.every((job) => jobs.includes(job));
      return { ...one, rows: isAsked ? await rowsOf(one, rows) : undefined };
    }),
  );
  const standings = toldOf(submissions, open, now);
  return problem === undefined ? { standings } : { standings, problem };
}

function toldOf(
  submissions: readonly Submission[],
  open: readonly Standing[],
  now: number,
): Standing[] {
  const isTold = ({ ended }: Submission) =>
    ended !== undefined && ended.left > 0 && now - ended.at < toldMs;
  return [...open, ...submissions.filter(isTold).map((one) => ({ ...one, rows: [] }))];
}

async function readAnswer(slurmFolder: string): Promise<Answer | undefined> {
  const fault = { file: path.join(slurmFolder, answerFile), remedy: 'Delete it.' };
  try {
    const bytes = await readRegularFile(slurmFolder, answerFile, largestAnswer);
    return checked(parseJson(bytes, fault), answerSchema, fault);
  } catch {
    // It is only a copy: whatever is wrong with it, Slurm is asked.
    return undefined;
  }
}
