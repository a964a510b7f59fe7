import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import type { RunManifest } from '../../protocol/run';
import { trainerSocketPath } from '../../protocol/socket-transport';

/**
 * The trainer that `run.json` names, if its socket is where trainers of this user listen.
 *
 * The file lies in the workspace, so anybody may have written it: a path from it must not make us
 * talk to some other program's socket.
 *
 * @throws ProblemError `storage` when it names none, or one elsewhere.
 */
export function trustedWorker(manifest: RunManifest): {
  readonly pid: number;
  readonly socket: string;
} {
  const { worker, id, name } = manifest;
  if (worker && path.dirname(worker.socket) === path.dirname(trainerSocketPath(id))) return worker;
  throw new ProblemError({
    kind: 'storage',
    message: worker
      ? `The run.json of ‘${name}’ names a trainer at ${worker.socket}, where none of yours listens.`
      : `The run.json of ‘${name}’ names no trainer, so it cannot be watched.`,
  });
}
