/** What is asked of Slurm, by its own programs; how often, `slurm-queue.ts` decides. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ProblemError } from '../protocol/problem';
import { parseQueue, type SlurmTasks, squeueFormat } from '../vocabulary/slurm-tasks';
import { errorCode } from './storage-problem';

const patienceMs = 60_000;
const maxBuffer = 2 ** 26;

/** What Slurm’s programs say where they have found no cluster, or one that is silent. */
const silence = /Unable to contact|fetch_config|configuration source|Connection refused|timed out/i;

/** Of what a program told, without its own name. */
function firstLine(text = ''): string {
  return (text.split('\n')[0] ?? '').replace(/^\w+: (error: |fatal: )?/, '').trim();
}

/** @throws ProblemError of kind `environment` where it is not there or refuses */
async function ask(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    // Else squeue shortens the list of an array’s tasks.
    const env = { ...process.env, SLURM_BITSTR_LEN: '0' };
    const options = { ...(cwd === undefined ? {} : { cwd }), timeout: patienceMs, env, maxBuffer };
    return (await promisify(execFile)(program, [...args], options)).stdout;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') {
      throw new ProblemError(
        {
          kind: 'environment',
          message: `There is no ‘${program}’ here, so nothing can be handed to Slurm.`,
          remedy:
            'Do this on a login node of the cluster, or load the module that has Slurm’s programs.',
        },
        { cause: thrown },
      );
    }
    const { stderr } = thrown as { stderr?: string };
    if (silence.test(stderr ?? '')) {
      throw new ProblemError(
        {
          kind: 'environment',
          message: `Slurm’s programs are here, but no cluster answers them (${program}: ${firstLine(stderr)}).`,
          remedy:
            'Do this on a login node of the cluster; if this is one, ask those who keep it whether its controller runs.',
        },
        { cause: thrown },
      );
    }
    throw new ProblemError(
      {
        kind: 'environment',
        message: `Slurm’s ${program} refuses: ${stderr?.trim() || String(thrown)}`,
        remedy: 'What partition, account and limits are to be is said in .ebm/slurm.json.',
      },
      { cause: thrown },
    );
  }
}

/** How many tasks an array may have here. */
export async function largestArray(): Promise<number> {
  const text = await ask('scontrol', ['show', 'config']);
  const size = Number(/^MaxArraySize\s*=\s*(\d+)\s*$/m.exec(text)?.[1]);
  if (Number.isSafeInteger(size) && size > 0) return size;
  throw new ProblemError({
    kind: 'environment',
    message: 'Slurm does not say how large a job array may be (MaxArraySize).',
    remedy: 'Arrays may be switched off on this cluster: ask those who keep it.',
  });
}

/** Submits the script of a folder. @returns the job's id */
export async function submit(
  folder: string,
  array: string,
  script: string,
  args: readonly string[],
): Promise<string> {
  const out = await ask('sbatch', ['--parsable', `--array=${array}`, script, ...args], folder);
  const id = /^(\d+)(;.*)?$/m.exec(out)?.[1];
  if (id !== undefined) return id;
  throw new ProblemError({
    kind: 'environment',
    message: `Slurm’s sbatch answered ‘${out.trim()}’ instead of a job’s id.`,
  });
}

/** What waits and runs of these jobs; nothing of those that Slurm has forgotten. */
export async function askQueue(jobs: readonly string[]): Promise<SlurmTasks[]> {
  if (jobs.length === 0) return [];
  const args = ['--noheader', `--format=${squeueFormat}`, `--jobs=${jobs.join()}`];
  const text = await ask('squeue', args).catch((thrown: unknown) => {
    // It says so of a single job that has ended; of several it leaves those out.
    if (/Invalid job id/i.test(String(thrown))) return '';
    throw thrown;
  });
  const rows = parseQueue(text);
  if (rows) return rows;
  throw new ProblemError({
    kind: 'environment',
    message: `Slurm’s squeue answered ‘${text.trim().slice(0, 200)}’, which is no list of jobs.`,
  });
}

/** The states in which jobs ended, a line a task; nothing where the cluster keeps no account of that. */
export async function askAccount(jobs: readonly string[]): Promise<string> {
  const args = ['--noheader', '--parsable2', '--allocations', '--format=State'];
  return await ask('sacct', [...args, `--jobs=${jobs.join()}`]).catch(() => '');
}

/** What can be done with jobs that wait or run. */
export type JobAction = 'cancel' | 'hold' | 'release' | 'requeue';

/** @param tasks as Slurm names them: `77`, `77_3`, `77_[4-9]` */
export async function actOnJobs(action: JobAction, tasks: readonly string[]): Promise<void> {
  if (action === 'cancel') await ask('scancel', tasks);
  else await ask('scontrol', [action, tasks.join()]);
}
