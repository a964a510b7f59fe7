import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { printable } from '../../protocol/printable';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { newRunName, runIdOf } from '../../run-directory/naming';
import { beginRun, type OnPhase, type RunRequest, resumeRun } from '../trainer/server/begin-run';
import type { RecordedRun } from '../trainer/server/recorded-run';
import { TrainerServer } from '../trainer/server/trainer-server';
import type { RunObserver } from '../trainer/training/run-observer';
import { exitCode, exitCodeOf } from './exit-code';
import { problemText } from './problem-text';
import { type ProcessEnd, watchProcess } from './process-end';

export interface ServeOptions {
  readonly runDirectory: string;
  readonly socket: string;
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly parent?: string;
  /** The run directory whose run is to be had again exactly. */
  readonly exactly?: string;
  /** Of which file the given one is a copy. */
  readonly original?: string;
  /** Go on with the run in the run directory. */
  readonly resume?: true;
}

/** How long a trainer that cannot begin waits for a client to tell why. */
const patienceMs = 5_000;

/** Why a run has stopped that its owner wished to stop with it. */
const abandoned =
  'Stopped with a checkpoint because its editor was closed (setting ebm.whenEditorCloses).';

/**
 * `ebm serve`: trains under an editor. Listens at once; the editor attaches and hears the rest. What
 * is printed goes to the run's log.
 *
 * @returns the process's exit code
 */
export async function serveCommand(
  file: string | undefined,
  options: ServeOptions,
): Promise<number> {
  const log = (text: string) => process.stderr.write(`${printable(text)}\n`);
  const directory = path.resolve(options.runDirectory);
  let run: RecordedRun | undefined;
  const end: ProcessEnd = watchProcess(log, () => run);
  let server: TrainerServer;
  try {
    server = await TrainerServer.listen(options.socket, () => end.end(abandoned));
  } catch (thrown) {
    log(problemText(problemOf(thrown), true));
    return exitCode.refused;
  }
  try {
    const begin = begins(
      file,
      directory,
      options,
    )([server, { notice: log }], (phase, isTried) => {
      log(`${phase} …`);
      const tried = isTried ? { isTried } : {};
      server.state({ status: 'starting', step: 0, steps: 0, phase, ...tried });
    });
    run = await Promise.race([begin, end.beforeBegin]);
  } catch (thrown) {
    const problem = problemOf(thrown);
    log(problemText(problem, true));
    await server.refuse(new ProblemError(problem), patienceMs);
    await server.close();
    return exitCode.refused;
  }
  for (const warning of run.manifest.warnings ?? []) log(`warning: ${warning}`);
  log(`training, recorded in ${directory}`);
  const ended = run.run();
  server.begin(run);
  const final = await ended;
  log(`${final.status} after ${final.step} steps`);
  if (final.problem) log(problemText(final.problem, true));
  await server.close();
  return exitCodeOf(final);
}

/** What is asked of this process: to begin a run, or to go on with one. */
function begins(
  file: string | undefined,
  directory: string,
  { socket, resume, exactly, original, set, backend, parent }: ServeOptions,
) {
  return (listeners: readonly RunObserver[], onPhase: OnPhase) => {
    if (resume) return resumeRun({ directory, socket }, listeners, onPhase);
    const createdAt = new Date();
    const name = file ?? directory;
    const copy = original === undefined ? {} : { original: path.resolve(original) };
    const request: RunRequest = {
      of:
        exactly === undefined
          ? { file: path.resolve(name), ...copy }
          : { exactly: path.resolve(exactly) },
      overrides: set,
      backend,
      directory,
      id: runIdOf(path.basename(directory)) ?? newRunName(createdAt, name).id,
      createdAt,
      ...(parent === undefined ? {} : { parent }),
      socket,
    };
    return beginRun(request, listeners, onPhase);
  };
}
