import { setTimeout as delay } from 'node:timers/promises';
import type { Disposable } from 'vscode-jsonrpc';
import type { CompareSnapshot, CompareUpdate, Ranking, RunCurves } from '../../protocol/compare';
import { type Problem, problemOf } from '../../protocol/problem';
import { listPreviewSteps } from '../../run-directory/previews';
import { RunCurvesReader } from '../../run-directory/run-curves';
import type { Log } from '../log';
import { countPoints } from '../panel/series-chunks';
import { Showing } from '../panel/showing';
import type { Run } from '../runs/run';
import { comparedRun } from './compared-run';

/** The page, as the feed needs it. Each promise resolves when the page has taken the message in. */
export interface ComparePage {
  snapshot(snapshot: CompareSnapshot, signal: AbortSignal): Promise<unknown>;
  update(update: CompareUpdate, signal: AbortSignal): Promise<unknown>;
}

export interface CompareFeedOptions {
  readonly log: Log;
  readonly onProblem: (problem: Problem) => void;
  /** The run in a directory, where it is there. */
  readonly find: (directory: string) => Run | undefined;
  /** Something about a run changed. */
  readonly onDidChangeRun: (listener: (run: Run) => void) => Disposable;
  /** Whether indices of curves may be written: not in an untrusted workspace. */
  readonly mayKeepIndex: () => boolean;
  /** Least time between two looks at runs in training. */
  readonly intervalMs?: number;
}

/** What is compared. */
export interface Comparison {
  readonly title: string;
  readonly directories: readonly string[];
}

/** Points of all curves of all runs together: what a page holds and draws with ease. */
const mostPoints = 1_000_000;
/** Of one curve: fewer show nothing, and an index has no more. */
const [fewestPerCurve, mostPerCurve] = [64, 4096];
/** Points of one message, about 1 MB. */
const pointsPerMessage = 80_000;

/**
 * Tells one page about many runs: what they are, then their curves from afar, then what is new. Never
 * more than one message is unanswered, and none goes to a page that is hidden.
 */
export class CompareFeed {
  readonly #comparison: Comparison;
  readonly #page: ComparePage;
  readonly #options: Required<CompareFeedOptions>;
  readonly #showing: Showing;

  constructor(comparison: Comparison, page: ComparePage, options: CompareFeedOptions) {
    this.#comparison = comparison;
    this.#page = page;
    this.#options = { intervalMs: 1000, ...options };
    this.#showing = new Showing(
      (generation, signal) => this.#show(generation, signal),
      (problem) => this.#options.onProblem(problem),
    );
  }

  /** Begins anew with a snapshot: the page's script has just begun to run. */
  start(): void {
    this.#showing.start();
  }

  /** Sends nothing any more, until started again. Idempotent. */
  stop(): void {
    this.#showing.stop();
  }

  async #show(generation: number, signal: AbortSignal): Promise<void> {
    const { find, onDidChangeRun, intervalMs } = this.#options;
    const { title, directories } = this.#comparison;
    const runs = directories.flatMap((directory) => find(directory) ?? []);
    const changed = new Set<Run>();
    let wake: () => void = () => undefined;
    const subscription = onDidChangeRun((run) => {
      if (!runs.includes(run)) return;
      changed.add(run);
      wake();
    });
    const send = (update: Omit<CompareUpdate, 'generation'>) =>
      this.#page.update({ generation, ...update }, signal);
    try {
      const compared = await Promise.all(runs.map((run) => this.#compared(run, runs)));
      const ranking = rankingOf(runs);
      await this.#page.snapshot(
        { generation, title, directories, runs: compared, ...(ranking ? { ranking } : {}) },
        signal,
      );
      const perCurve = pointsPerCurve(runs);
      const readers = new Map<Run, RunCurvesReader>();
      let waiting: RunCurves[] = [];
      for (const run of runs) {
        signal.throwIfAborted();
        const reader = new RunCurvesReader(run.directory);
        // One that lives goes on; of the others what was read need not be kept.
        if (run.isLiving) readers.set(run, reader);
        await reader.read();
        if (!run.isLiving && this.#options.mayKeepIndex()) await this.#keepIndex(reader);
        waiting.push(reader.curves(perCurve));
        const points = waiting.reduce((sum, { series }) => sum + countPoints(series), 0);
        if (points < pointsPerMessage) continue;
        await send({ curves: waiting });
        waiting = [];
      }
      await send({ curves: waiting, isComplete: true });
      for (;;) {
        signal.throwIfAborted();
        if (changed.size === 0) {
          await new Promise<void>((resolve, reject) => {
            wake = resolve;
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          });
        }
        const news = [...changed];
        changed.clear();
        const curves: RunCurves[] = [];
        for (const run of news) {
          const reader = readers.get(run) ?? new RunCurvesReader(run.directory);
          readers.set(run, reader);
          await reader.read();
          curves.push(reader.curves(perCurve));
        }
        await send({
          runs: await Promise.all(news.map((run) => this.#compared(run, runs))),
          curves,
        });
        await delay(intervalMs, undefined, { signal });
      }
    } finally {
      subscription.dispose();
    }
  }

  async #compared(run: Run, runs: readonly Run[]) {
    const steps = await listPreviewSteps(run.directory).catch((error: unknown) => {
      this.#options.log.warn(problemOf(error, 'storage').message);
      return [];
    });
    return comparedRun(run, runs, steps);
  }

  async #keepIndex(reader: RunCurvesReader): Promise<void> {
    await reader.keepIndex().catch((error: unknown) => {
      this.#options.log.info(`No index is kept: ${problemOf(error, 'storage').message}`);
    });
  }
}

/** How many points of each curve are told. */
function pointsPerCurve(runs: readonly Run[]): number {
  const curves = runs.reduce((sum, { manifest }) => sum + manifest.metrics.length, 0);
  const share = Math.floor(mostPoints / Math.max(1, curves));
  return Math.min(mostPerCurve, Math.max(fewestPerCurve, share));
}

/** What the sweep says by which its runs are ranked, where all are of one that says it. */
function rankingOf(runs: readonly Run[]): Ranking | undefined {
  const [first] = runs;
  const { id, metric, goal } = first?.manifest.group ?? {};
  const isOne = runs.every(({ manifest }) => manifest.group?.id === id);
  return isOne && metric !== undefined ? { metric, goal: goal ?? 'minimize' } : undefined;
}
