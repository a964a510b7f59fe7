/** What Slurm says of tasks that wait or run: as squeue prints it, and as people read it. Pure. */

/** Job, tasks of its array, state, folder that it was submitted from, reason; a tab is in none of them. */
export const squeueFormat = '%F\t%K\t%T\t%Z\t%r';

/** Tasks of one array that stand alike. */
export interface SlurmTasks {
  /** Id of the array's job. */
  readonly job: string;
  /** Their numbers, as Slurm writes them: `3`, `4-9,12`; absent of a job that is no array. */
  readonly tasks?: string;
  readonly count: number;
  /** `PENDING`, `RUNNING` and so on. */
  readonly state: string;
  /** Where they were submitted from. */
  readonly folder: string;
  /** Why they wait; `None` where they do not. */
  readonly reason: string;
}

/** What squeue has printed; nothing where a line is no such row. */
export function parseQueue(text: string): SlurmTasks[] | undefined {
  const rows: SlurmTasks[] = [];
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [job = '', numbers = '', state = '', folder = '', reason = ''] = line.split('\t');
    if (!/^\d{1,20}$/.test(job) || !/^[A-Z_]{1,40}$/.test(state)) return undefined;
    // After the numbers stands how many of them may run at once.
    const tasks = /^[\d,:-]+/.exec(numbers)?.[0];
    const row = { job, count: countTasks(tasks), state, folder, reason: reason.trim() };
    rows.push(tasks === undefined ? row : { ...row, tasks });
  }
  return rows;
}

function countTasks(tasks = '0'): number {
  return tasks.split(',').reduce((sum, range) => {
    const [, low, high, step] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(range) ?? [];
    if (high === undefined) return sum + 1;
    return sum + 1 + Math.floor((Number(high) - Number(low)) / Number(step ?? 1));
  }, 0);
}

/** How `scancel` and `scontrol` are told which tasks are meant. */
export function nameOfTasks({ job, tasks }: SlurmTasks): string {
  if (tasks === undefined) return job;
  return /^\d+$/.test(tasks) ? `${job}_${tasks}` : `${job}_[${tasks}]`;
}

const waiting = new Set(['PENDING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'SPECIAL_EXIT']);

/** Whether tasks have yet to begin, or to begin again. */
export function isWaiting({ state }: Pick<SlurmTasks, 'state'>): boolean {
  return waiting.has(state);
}

/** Whether they begin only when somebody releases them. */
export function isHeld(tasks: Pick<SlurmTasks, 'state' | 'reason'>): boolean {
  return isWaiting(tasks) && /^JobHeld|_HOLD$/.test(`${tasks.reason}\n${tasks.state}`);
}

/** How many tasks train and how many wait. */
export function countByStanding(rows: readonly SlurmTasks[]) {
  const count = (some: readonly SlurmTasks[]) => some.reduce((sum, row) => sum + row.count, 0);
  const held = rows.filter(isHeld);
  const queued = rows.filter((row) => isWaiting(row) && !isHeld(row));
  return {
    running: count(rows.filter((row) => !isWaiting(row))),
    waiting: count(queued),
    held: count(held),
    /** Why, in Slurm's words. */
    reasons: [...new Set(queued.map(({ reason }) => reason))].filter(
      (reason) => reason !== '' && reason !== 'None',
    ),
  };
}

/** `16 running · 984 wait (Priority)`. */
function tasksText(rows: readonly SlurmTasks[]): string {
  const { running, waiting: queued, held, reasons } = countByStanding(rows);
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return [
    running > 0 ? `${running} running` : '',
    queued > 0 ? `${queued} ${queued === 1 ? 'waits' : 'wait'}${why}` : '',
    held > 0 ? `${held} held` : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** What became of tasks that wait and run no more. */
export interface EndedTasks {
  /** How many ended in which of Slurm's states, as far as it tells. */
  readonly states: Readonly<Record<string, number>>;
  /** How many runs are not done. */
  readonly left: number;
}

/**
 * How something that was handed to Slurm stands.
 *
 * @param rows nothing where Slurm was not asked yet
 */
export function standingText(rows: readonly SlurmTasks[] | undefined, ended?: EndedTasks): string {
  if (ended) {
    const states = Object.entries(ended.states).map(([state, count]) => `${count} ${state}`);
    const how = states.length === 0 ? '' : ` (${states.join(', ')})`;
    return `ended, ${ended.left} ${ended.left === 1 ? 'run' : 'runs'} not done${how}`;
  }
  return rows === undefined ? 'submitted' : tasksText(rows) || 'ending';
}

/** What Slurm's reasons mean that people meet most. */
const reasons: Readonly<Record<string, string>> = {
  Priority: 'Jobs of a higher priority are before it.',
  Resources: 'It is next when enough nodes are free.',
  BeginTime: 'It was queued again a moment ago; Slurm waits a while, usually two minutes.',
  JobArrayTaskLimit: 'As many of its tasks run as --parallel allows.',
  Dependency: 'It waits for another job.',
  PartitionTimeLimit: 'Its time is longer than the partition allows.',
  PartitionDown: 'The partition is down.',
  PartitionInactive: 'The partition takes no jobs now.',
  ReqNodeNotAvail: 'Nodes that it needs are down, drained or reserved.',
  AssocGrpCpuLimit: 'The account uses all the cores it may.',
  QOSMaxJobsPerUserLimit: 'As many of your jobs run as the QOS allows.',
  QOSMaxCpuPerUserLimit: 'You use as many cores as the QOS allows.',
};

/** What a reason means; nothing of one that only those who keep the cluster can explain. */
export function reasonText(reason: string): string | undefined {
  const word = /^\w+/.exec(reason)?.[0] ?? '';
  return Object.hasOwn(reasons, word) ? reasons[word] : undefined;
}
