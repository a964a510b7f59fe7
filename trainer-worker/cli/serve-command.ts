import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { newRunName, runIdOf } from '../../run-directory/naming';
import { beginRun } from '../server/begin-run';
import type { RecordedRun } from '../server/recorded-run';
import { TrainerServer } from '../server/trainer-server';
import { exitCode, exitCodeOf } from './exit-code';
import { problemText } from './problem-text';
import { type ProcessEnd, watchProcess } from './process-end';

export interface ServeOptions {
  readonly runDirectory: string;
  readonly socket: string;
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly parent?: string;
}

/** How long a trainer that cannot begin waits for a client to tell why. */
const patienceMs = 5_000;

/**
 * `ebm serve`: trains under an editor. Listens at once; the editor attaches and hears the rest. What
 * is printed goes to the run's log.
 *
 * @returns the process's exit code
 */
export async function serveCommand(file: string, options: ServeOptions): Promise<number> {
  const log = (text: string) => process.stderr.write(`${text}\n`);
  const createdAt = new Date();
  const directory = path.resolve(options.runDirectory);
  let run: RecordedRun | undefined;
  const end: ProcessEnd = watchProcess(log, () => run);
  let server: TrainerServer;
  try {
    server = await TrainerServer.listen(options.socket);
  } catch (thrown) {
    log(problemText(problemOf(thrown), true));
    return exitCode.refused;
  }
  try {
    run = await Promise.race([
      beginRun(
        {
          file: path.resolve(file),
          overrides: options.set,
          backend: options.backend,
          directory,
          id: runIdOf(path.basename(directory)) ?? newRunName(createdAt, file).id,
          createdAt,
          ...(options.parent === undefined ? {} : { parent: options.parent }),
          socket: options.socket,
        },
        [server],
        (phase) => {
          log(`${phase} …`);
          server.state({ status: 'starting', step: 0, steps: 0, phase });
        },
      ),
      end.beforeBegin,
    ]);
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
