import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { type LookerSide, type LookingSide, lookingPipe } from '../../protocol/looking';
import { Peer } from '../../protocol/peer';
import { ProblemError } from '../../protocol/problem';
import { socketTransport } from '../../protocol/socket-transport';
import type { NodeRuntime } from './node-runtime';
import { trainerEnvironment } from './spawn-detached';
import { endProcess, spawnedProcess } from './trainer-process';

/** The `ebm` command that looks at the model of a run. */
export interface LookingCommand {
  readonly node: NodeRuntime;
  /** The trainer's script. */
  readonly script: string;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
  /** Of the run. */
  readonly directory: string;
  /** Takes what it prints, line by line as it comes. */
  readonly log: (text: string) => void;
}

/** A process that looks at the model of a run. */
export interface LookingProcess {
  readonly pid: number;
  readonly peer: Peer<LookerSide, LookingSide>;
  /** How it has ended, in words, when it has. */
  readonly ended: Promise<string>;
  /** Ends it, whatever it is at; resolves when it has ended. */
  end(): Promise<void>;
}

/** How long a process may take to end when it is told to. */
const farewellMs = 1_000;

/**
 * Starts a process that looks at the model of a run. It lives no longer than this one: its pipe ends then.
 *
 * @throws ProblemError of kind `environment` where Node cannot be started
 */
export async function startLooking(command: LookingCommand): Promise<LookingProcess> {
  const { node, script, packages, directory, log } = command;
  const child = spawn(node.path, [script, 'look', directory], {
    // Not the run itself, which could then not be moved or deleted on Windows.
    cwd: path.dirname(directory),
    env: trainerEnvironment(node, packages),
    // A group of its own, so that all that it starts ends with it.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'environment',
        message: `The model cannot be looked at with ${node.path}: ${(error as Error).message}.`,
        remedy: "Name another Node.js in the setting 'ebm.nodePath'.",
      },
      { cause: error },
    );
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => log(text.trimEnd()));
  }
  const { pid } = child;
  if (pid === undefined) throw new Error('The process has no id.');
  const spawned = spawnedProcess(Object.assign(child, { pid }));
  // A pipe beyond the standard streams goes both ways.
  const pipe = child.stdio[lookingPipe] as Duplex;
  const peer = new Peer<LookerSide, LookingSide>(...socketTransport(pipe));
  return {
    pid,
    peer,
    ended: spawned.exited.then(({ code, signal }) =>
      code === undefined ? `by ${signal ?? 'the system'}` : `with exit code ${code}`,
    ),
    end: async () => {
      peer.close();
      await endProcess(spawned, farewellMs);
    },
  };
}
