/** What is asked of Slurm, by its own programs. None is asked again and again. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ProblemError } from '../../../protocol/problem';
import { errorCode } from '../../../run-directory/storage-problem';

const patienceMs = 60_000;

/** @throws ProblemError of kind `environment` where it is not there or refuses */
async function ask(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const options = { ...(cwd === undefined ? {} : { cwd }), timeout: patienceMs };
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

/** Which of these jobs wait or run. */
export async function unfinished(jobs: readonly string[]): Promise<readonly string[]> {
  if (jobs.length === 0) return [];
  // Of a job that it has forgotten, squeue says that there is none: then it has ended.
  const out = await ask('squeue', ['--noheader', '--format=%F', `--jobs=${jobs.join()}`]).catch(
    (thrown: unknown) => {
      if (/Invalid job id/i.test(String(thrown))) return '';
      throw thrown;
    },
  );
  return [...new Set(out.split('\n').map((line) => line.trim()))].filter((id) => jobs.includes(id));
}

/** Queues this job again, which ends it. */
export async function requeue(job: string): Promise<void> {
  await ask('scontrol', ['requeue', job]);
}
