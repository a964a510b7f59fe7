/** The script of a job, and the arrays that jobs are submitted in. Pure. */
import type { SlurmProfile } from './profile';

/** What a job runs. */
export interface JobCommand {
  /** What people call it. */
  readonly name: string;
  /** Where it was submitted from. */
  readonly workingFolder: string;
  readonly node: string;
  /** The `ebm` program. */
  readonly program: string;
  /** The folder with the table of trials. */
  readonly folder: string;
}

/** Where jobs print, below the folder with the script, which is where they are submitted from. */
export const logFolder = 'log';

/** A text as one word of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The script: `sbatch --array=<tasks> job.sh <first task> <trials a task>` in its folder. Its last line
 * becomes the process itself, so that it gets the signals.
 */
export function jobScript(command: JobCommand, profile: SlurmProfile): string {
  const { setup, wrapper, flags, cores, graceSeconds } = profile;
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ['job-name', jobName(command.name)],
    ['output', `${logFolder}/%A_%a.txt`],
    // A line of an earlier attempt says why there is another one.
    ['open-mode', 'append'],
    ['requeue', ''],
    ['signal', `B:USR2@${graceSeconds}`],
    ['cpus-per-task', cores],
    ['partition', profile.partition],
    ['account', profile.account],
    ['qos', profile.qos],
    ['time', profile.time],
    ['mem', profile.memory],
    ['gres', profile.gres],
    ['constraint', profile.constraint],
  ];
  const said = options
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}${value === '' ? '' : `=${value}`}`);
  const words = [
    ...wrapper,
    ...[profile.node ?? command.node, command.program, 'slurm-task', '--folder', command.folder],
  ].map(quoted);
  return [
    '#!/bin/bash',
    ...[...said, ...flags].map((option) => `#SBATCH ${option}`),
    '',
    '# Until the trainer listens to it, the signal before the end of a job is not to end it.',
    "trap '' USR2",
    ...setup,
    `cd -- ${quoted(command.workingFolder)} || exit`,
    `exec ${words.join(' ')} --first "$1" --trials-per-job "$2"`,
    '',
  ].join('\n');
}

/** What `squeue` shows: letters, digits and dashes, whatever a sweep is called. */
function jobName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return plain === '' ? 'ebm' : `ebm-${plain}`;
}

/** One `sbatch`: tasks `first + index` for each index. */
export interface JobArray {
  readonly first: number;
  /** Ascending, from 0, below the largest size of an array. */
  readonly indices: readonly number[];
}

/**
 * The arrays in which tasks are submitted.
 *
 * @param tasks ascending
 * @param largest how many tasks an array may have; their numbers have to be smaller
 */
export function arraysOf(tasks: readonly number[], largest: number): JobArray[] {
  const byFirst = new Map<number, number[]>();
  for (const task of tasks) {
    const first = task - (task % largest);
    byFirst.set(first, [...(byFirst.get(first) ?? []), task - first]);
  }
  return [...byFirst].map(([first, indices]) => ({ first, indices }));
}

/**
 * What `--array` takes: `0-3,7%2`.
 *
 * @param parallel how many run at once; as many as the cluster lets where absent
 */
export function arrayOption(indices: readonly number[], parallel: number | undefined): string {
  const ranges: [number, number][] = [];
  for (const index of indices) {
    const last = ranges.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else ranges.push([index, index]);
  }
  const text = ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join();
  return parallel === undefined ? text : `${text}%${parallel}`;
}
