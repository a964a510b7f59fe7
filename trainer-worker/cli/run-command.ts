import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { problemOf } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { newRunName } from '../../run-directory/naming';
import { beginRun } from '../server/begin-run';
import type { RecordedRun } from '../server/recorded-run';
import { TrainerServer } from '../server/trainer-server';
import type { RunObserver } from '../training/run-observer';
import { exitCode, exitCodeOf } from './exit-code';
import { jsonReporter } from './json-reporter';
import { problemText } from './problem-text';
import { watchProcess } from './process-end';
import { makeRunFolder, type RunFolder } from './run-folder';
import type { RunReporter } from './run-reporter';
import { barReporter, lineReporter } from './text-reporter';

export interface RunOptions {
  readonly steps?: number;
  readonly seed?: number;
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly runs: string;
  readonly json?: true;
  readonly verbose?: true;
}

/**
 * `ebm run`: trains in the shell. An editor may attach meanwhile, as to any run.
 *
 * @returns the process's exit code
 */
export async function runCommand(file: string, options: RunOptions): Promise<number> {
  const reporter = chooseReporter(options);
  const complain = (text: string) => process.stderr.write(`${text}\n`);
  const createdAt = new Date();
  const { id, directoryName } = newRunName(createdAt, file);
  let run: RecordedRun | undefined;
  let folder: RunFolder | undefined;
  let server: TrainerServer | undefined;
  const processEnd = watchProcess(complain, () => run);
  try {
    const socket = trainerSocketPath(id);
    folder = await makeRunFolder(path.resolve(options.runs), directoryName);
    server = await TrainerServer.listen(socket);
    // An editor may attach, but nobody need be there to answer to trouble: it ends the run.
    const endOnTrouble: RunObserver = {
      state({ status, problem }) {
        if (status === 'paused' && problem) void run?.giveUp(problem);
      },
    };
    const begin = beginRun(
      {
        file: path.resolve(file),
        overrides: {
          ...options.set,
          ...(options.steps === undefined ? {} : { steps: options.steps }),
          ...(options.seed === undefined ? {} : { seed: options.seed }),
        },
        backend: options.backend,
        directory: folder.directory,
        id,
        createdAt,
        socket,
      },
      [server, reporter, endOnTrouble],
      reporter.phase,
    );
    run = await Promise.race([begin, processEnd.beforeBegin]);
  } catch (thrown) {
    const problem = problemOf(thrown);
    reporter.refused(problem);
    complain(problemText(problem, options.verbose));
    await server?.close();
    await folder?.remove();
    return processEnd.wasInterrupted ? exitCode.interrupted : exitCode.refused;
  }
  reporter.begin(folder.directory, run.manifest);
  const ended = run.run();
  server.begin(run);
  const final = await ended;
  reporter.end(folder.directory, run.manifest, final);
  if (final.problem) complain(problemText(final.problem, options.verbose));
  await server.close();
  return exitCodeOf(final);
}

function chooseReporter(options: RunOptions): RunReporter {
  const write = (text: string) => process.stdout.write(text);
  if (options.json) return jsonReporter(write);
  return process.stdout.isTTY && process.stderr.isTTY
    ? barReporter(write, process.stderr)
    : lineReporter(write);
}
