import path from 'node:path';
import type { RunManifest } from '../../protocol/run';
import { listMarks, type Mark, ownerOf, takeMark } from '../../run-directory/trial-marks';
import type { TabledTrial, TrialTable } from '../../run-directory/trial-table';
import { type HalvingTrial, nextJob } from '../trainer/sweeps/halving';
import { halvingRules, halvingTrial, isUnderway, untilOf } from '../trainer/sweeps/sweep-plan';

/** How many records are read at once. */
const readAtOnce = 64;

/** What a task of an array takes its trials from. */
export interface HalvingSource {
  /** The folder with the table and the marks. */
  readonly folder: string;
  readonly table: TrialTable;
  /** What this task is called, the same when it comes again. */
  readonly owner: string;
  /** The record of a run; nothing where it has not begun. */
  recorded(directory: string): Promise<RunManifest | undefined>;
}

/** A trial that is this task's to train. */
export interface TakenTrial {
  readonly trial: TabledTrial;
  /** Completed steps after which it stops for now; none where it trains to its end. */
  readonly until?: number;
}

/**
 * Takes the trials of a table whose sweep is thinned out, one after the other: what this task has begun
 * and not brought to its rung, what an earlier submission left on its way, what may be promoted, and new
 * ones. Several tasks may take from one table at once: each decides by the run directories and the marks
 * that it sees, and takes by a mark of its own.
 */
export class HalvingQueue {
  readonly #source: HalvingSource;
  readonly #records = new Map<number, HalvingTrial>();
  /** What this process has taken: once is enough, however it ended. */
  readonly #taken = new Set<string>();
  #hasLooked = false;

  constructor(source: HalvingSource) {
    this.#source = source;
  }

  /**
   * What to train next; nothing where nothing is left, or what is depends on what others train.
   *
   * @throws ProblemError of kind `storage` where marks or records cannot be read
   */
  async next(): Promise<TakenTrial | undefined> {
    const { folder, table, owner } = this.#source;
    const { group } = table.trials[0]!.task;
    const rules = halvingRules(group!);
    for (;;) {
      const marks = await listMarks(folder);
      const trials = await this.#look(marks);
      const left = await this.#leftBehind(trials, marks);
      const job = left ?? nextJob(trials, rules);
      if (job === undefined) return undefined;
      const isMine = (await takeMark(folder, job, owner)) || (await ownerOf(folder, job)) === owner;
      this.#taken.add(keyOf(job));
      // Another task may have been faster: what is left is looked at again.
      if (!isMine) continue;
      const until = untilOf(group!.halving!.rungs, job.rung);
      return { trial: table.trials[job.index]!, ...(until === undefined ? {} : { until }) };
    }
  }

  /** All trials, by their records and by the marks. */
  async #look(marks: readonly Mark[]): Promise<HalvingTrial[]> {
    const { table } = this.#source;
    const sent = new Map<number, number>();
    for (const { index, rung } of marks) {
      sent.set(index, Math.max(rung + 1, sent.get(index) ?? 0));
    }
    const isNews = (index: number) => {
      const { values } = this.#records.get(index) ?? { values: [] };
      return !this.#hasLooked || values.length < (sent.get(index) ?? 0);
    };
    const unread = [...table.trials.keys()].filter(isNews);
    for (let start = 0; start < unread.length; start += readAtOnce) {
      await Promise.all(unread.slice(start, start + readAtOnce).map((index) => this.#read(index)));
    }
    this.#hasLooked = true;
    return table.trials.map((_, index) => {
      const known = this.#records.get(index) ?? { values: [], sent: 0 };
      return { ...known, sent: Math.max(known.sent, sent.get(index) ?? 0) };
    });
  }

  async #read(index: number): Promise<void> {
    const { table, recorded } = this.#source;
    const directory = path.join(table.runs, table.trials[index]!.directoryName);
    this.#records.set(index, halvingTrial(await recorded(directory)));
  }

  /** What was on its way and nobody trains: this task's own, or of a submission before this one. */
  async #leftBehind(
    trials: readonly HalvingTrial[],
    marks: readonly Mark[],
  ): Promise<Mark | undefined> {
    const { folder, owner } = this.#source;
    const marked = new Set(marks.map(keyOf));
    for (const [index, trial] of trials.entries()) {
      if (!isUnderway(trial)) continue;
      const mark = { index, rung: trial.sent - 1 };
      if (this.#taken.has(keyOf(mark))) continue;
      if (!marked.has(keyOf(mark)) || (await ownerOf(folder, mark)) === owner) return mark;
    }
    return undefined;
  }
}

function keyOf({ index, rung }: Mark): string {
  return `${index}-${rung}`;
}
