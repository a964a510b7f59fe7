import path from 'node:path';
import type { LaunchTask } from '../../protocol/launch-task';
import { printable } from '../../protocol/printable';
import { ProblemError, problemOf } from '../../protocol/problem';
import { newRunName, runIdOf } from '../../run-directory/naming';
import { beginRun, type OnPhase, resumeRun } from '../trainer/server/begin-run';
import type { RecordedRun } from '../trainer/server/recorded-run';
import { TrainerServer } from '../trainer/server/trainer-server';
import type { RunObserver } from '../trainer/training/run-observer';
import { exitCode, exitCodeOf } from './exit-code';
import { problemText } from './problem-text';
import { endAtOnce, type ProcessEnd, watchProcess } from './process-end';
import { readTask, type TaskOption } from './read-task';
import { endOnTrouble } from './unattended';

export interface ServeOptions {
  readonly runDirectory: string;
  readonly socket: string;
  readonly task: TaskOption;
  /** Nobody need be there to answer to trouble, which ends the run. */
  readonly unattended?: true;
}

/** How long a trainer that cannot begin waits for a client to tell why. */
const patienceMs = 5_000;

/** Why a run has stopped that its owner wished to stop with it. */
const abandoned =
  'Stopped with a checkpoint because its editor was closed (setting ebm.whenEditorCloses).';

/**
 * `ebm serve`: trains under an editor or a sweep. Listens at once, and reads its task from the standard
 * input; who has started it attaches and hears the rest. What is printed goes to the run's log.
 *
 * @returns the process's exit code
 */
export async function serveCommand(options: ServeOptions): Promise<number> {
  const log = (text: string) => process.stderr.write(`${printable(text)}\n`);
  const directory = path.resolve(options.runDirectory);
  let run: RecordedRun | undefined;
  const end: ProcessEnd = watchProcess(log, () => run);
  let server: TrainerServer;
  try {
    // A window that has looked at an unattended run and is closed does not end it.
    const onAbandoned = options.unattended ? undefined : () => end.end(abandoned);
    server = await TrainerServer.listen(options.socket, onAbandoned);
  } catch (thrown) {
    log(problemText(problemOf(thrown), true));
    return exitCode.refused;
  }
  try {
    const task = await readTask();
    const trouble = options.unattended
      ? [endOnTrouble((problem) => void run?.giveUp(problem), log)]
      : [];
    const listeners = [server, { notice: log }, ...trouble];
    const begin = begins(
      task,
      directory,
      options.socket,
    )(listeners, (phase, isTried) => {
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
  const requests = run.takeRequests((request) => server.ask(request));
  const final = await ended;
  await requests.close();
  log(`${final.status} after ${final.step} steps`);
  if (final.problem) log(problemText(final.problem, true));
  await server.close();
  return exitCodeOf(final);
}

/** What is asked of this process: to begin a run, or to go on with one. */
function begins(task: LaunchTask, directory: string, socket: string) {
  return (listeners: readonly RunObserver[], onPhase: OnPhase) => {
    const place = { directory, socket, onLost: endAtOnce };
    if (task.kind === 'resume') return resumeRun({ ...place, task }, listeners, onPhase);
    const createdAt = new Date();
    const id =
      runIdOf(path.basename(directory)) ?? newRunName(createdAt, task.copy ?? task.experiment).id;
    return beginRun({ ...place, task, id, createdAt }, listeners, onPhase);
  };
}
