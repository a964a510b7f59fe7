import { problemOf } from '../../protocol/problem';
import type { RecordedRun } from '../trainer/server/recorded-run';
import { TrainerServer } from '../trainer/server/trainer-server';
import type { RunObserver } from '../trainer/training/run-observer';
import { exitCode, exitCodeOf } from './exit-code';
import { jsonReporter } from './json-reporter';
import { problemText } from './problem-text';
import { watchProcess } from './process-end';
import type { RunReporter } from './run-reporter';
import { barReporter, lineReporter } from './text-reporter';
import { endOnTrouble } from './unattended';

/** How a shell is told. */
export interface ShellOptions {
  readonly json?: true;
  readonly verbose?: true;
}

/** A run that is about to begin in a shell, or to go on. */
export interface ShellRun {
  readonly directory: string;
  /** Where to listen. */
  readonly socket: string;
  /** Begins it; rejects with the problem that keeps it from beginning. */
  begin(listeners: readonly RunObserver[], onPhase: (phase: string) => void): Promise<RecordedRun>;
  /** Leaves no trace of a run that did not begin. */
  undo(): Promise<void>;
}

/**
 * Trains in the shell until the run ends. An editor may attach meanwhile, as to any run.
 *
 * @param prepare makes what the run needs; what it throws is told like all else that keeps a run from
 *   beginning
 * @returns the process's exit code
 */
export async function trainInShell(
  prepare: () => Promise<ShellRun>,
  options: ShellOptions,
): Promise<number> {
  const reporter = chooseReporter(options);
  const complain = (text: string) => process.stderr.write(`${text}\n`);
  let run: RecordedRun | undefined;
  let made: ShellRun | undefined;
  let server: TrainerServer | undefined;
  const processEnd = watchProcess(complain, () => run);
  try {
    made = await prepare();
    server = await TrainerServer.listen(made.socket);
    const trouble = endOnTrouble((problem) => void run?.giveUp(problem), complain);
    const begin = made.begin([server, reporter, trouble], reporter.phase);
    run = await Promise.race([begin, processEnd.beforeBegin]);
  } catch (thrown) {
    const problem = problemOf(thrown);
    reporter.refused(problem);
    complain(problemText(problem, options.verbose));
    await server?.close();
    await made?.undo();
    return processEnd.wasInterrupted ? exitCode.interrupted : exitCode.refused;
  }
  reporter.begin(made.directory, run.manifest);
  const ended = run.run();
  server.begin(run);
  const requests = run.takeRequests((request) => server.ask(request));
  const final = await ended;
  await requests.close();
  reporter.end(made.directory, run.manifest, final);
  if (final.problem) complain(problemText(final.problem, options.verbose));
  await server.close();
  return exitCodeOf(final);
}

function chooseReporter(options: ShellOptions): RunReporter {
  const write = (text: string) => process.stdout.write(text);
  if (options.json) return jsonReporter(write);
  return process.stdout.isTTY && process.stderr.isTTY
    ? barReporter(write, process.stderr)
    : lineReporter(write);
}
