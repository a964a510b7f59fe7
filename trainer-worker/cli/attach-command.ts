import { lstatSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { RunManifest } from '../../protocol/run';
import { isTrainerListening, trainerSocketPath } from '../../protocol/socket-transport';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

/**
 * `ebm attach`: relays what the trainer of a run and whoever started this say to each other, the socket
 * of the one and the standard input and output of the other. Started by `srun` beside a trainer, it lets
 * an editor on another host be a client of it, with no port open. Both ends judge what they read
 * themselves, as they do without it.
 *
 * @returns the process's exit code, once either has hung up
 */
export async function attachCommand(
  text: string,
  { runs }: { readonly runs: string },
): Promise<number> {
  try {
    const directory = await findRun(text, path.resolve(runs));
    const socket = await connectTo(await readManifest(directory));
    await relay(socket);
    return exitCode.done;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}

async function connectTo(manifest: RunManifest): Promise<Socket> {
  for (const file of socketsOf(manifest)) {
    if (await isTrainerListening(file)) return connect(file);
  }
  throw new ProblemError({
    kind: 'worker',
    message: `No trainer of ‘${manifest.name}’ listens on this host.`,
    remedy: 'ebm list says how it stands; a relay has to be started on the host that trains it.',
  });
}

/** Where the trainer of a run may listen: a job may have another temporary folder than who looks into it. */
function socketsOf({ id, worker }: RunManifest): readonly string[] {
  const ours = trainerSocketPath(id);
  // Whoever wrote the record, we talk to no socket but those of trainers, in folders of this user alone.
  const said = worker?.socket;
  return said !== undefined && said !== ours && isOurs(said, ours) ? [ours, said] : [ours];
}

function isOurs(socket: string, like: string): boolean {
  const [folder, usual] = [path.dirname(socket), path.dirname(like)];
  const isNamedSo =
    path.basename(socket) === path.basename(like) && path.basename(folder) === path.basename(usual);
  if (!isNamedSo || process.getuid === undefined) return false;
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return (
    stats?.isDirectory() === true && stats.uid === process.getuid() && (stats.mode & 0o077) === 0
  );
}

/** Passes on what comes, as fast as it is taken, until either end hangs up. */
async function relay(socket: Socket): Promise<void> {
  const ends = [
    pipeline(process.stdin, socket),
    pipeline(socket, process.stdout, { end: false }),
  ].map((end) =>
    // However one of them has hung up, the relay is over.
    end.catch(() => undefined),
  );
  await Promise.race(ends);
  socket.destroySoon();
  process.stdin.destroy();
  await Promise.all(ends);
}
