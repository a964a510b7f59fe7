import { type Problem, ProblemError, problemOf } from '../../protocol/problem';
import type { RecordedRun } from '../trainer/server/recorded-run';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

/** How long a run may take to close its record after a defect, before the process ends anyway. */
const lastWordsMs = 3_000;

/** What ends a process from outside its run. */
export interface ProcessEnd {
  /** Rejects when the process is asked to end, or fails, before its run begins. */
  readonly beforeBegin: Promise<never>;
  /** Whether it was asked to end. */
  readonly wasInterrupted: boolean;
  /** Stops the run with a checkpoint, or the process before that; `why` is a sentence for the record. */
  end(why: string): void;
}

/**
 * Ends a run well when its process is told to end or when something is thrown that nobody catches.
 *
 * The first SIGINT or SIGTERM stops the run with a checkpoint, the second ends the process at once.
 * What nobody catches is logged, recorded as the reason of a failed run, and ends the process.
 *
 * @param currentRun the run, once there is one
 */
export function watchProcess(
  log: (text: string) => void,
  currentRun: () => RecordedRun | undefined,
): ProcessEnd {
  let interrupted = false;
  let reject!: (error: Error) => void;
  const beforeBegin = new Promise<never>((_, no) => {
    reject = no;
  });
  // Nobody may be waiting any more.
  beforeBegin.catch(() => undefined);

  const stop = (why: string) => {
    const run = currentRun();
    interrupted = true;
    if (run) run.stop().catch((thrown: unknown) => run.giveUp(problemOf(thrown)));
    else reject(new ProblemError({ kind: 'worker', message: why }));
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (interrupted) process.exit(exitCode.interrupted);
    if (currentRun()) log(`${signal}: stopping with a checkpoint; once more ends at once`);
    stop(`Interrupted by ${signal}.`);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // A trainer outlives the terminal or editor that started it.
  process.on('SIGHUP', () => log('SIGHUP: training goes on'));

  const onDefect = (thrown: unknown) => {
    const problem = problemOf(thrown);
    log(`uncaught: ${problem.detail ?? problem.message}`);
    const run = currentRun();
    if (run) {
      run.abandon(problem);
      setTimeout(() => process.exit(exitCode.failed), lastWordsMs).unref();
    } else {
      reject(thrown instanceof Error ? thrown : new ProblemError(problem));
    }
  };
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);

  return {
    beforeBegin,
    get wasInterrupted() {
      return interrupted;
    },
    end(why) {
      log(why);
      currentRun()?.note(why);
      stop(why);
    },
  };
}

/** Ends the process without another word to its run, which is somebody else's. */
export function endAtOnce(problem: Problem): void {
  process.stderr.write(`${problemText(problem)}\n`, () => process.exit(exitCode.failed));
}
