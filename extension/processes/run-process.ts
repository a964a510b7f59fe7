import { type ChildProcess, spawn } from 'node:child_process';
import { endProcess, spawnedProcess } from './trainer-process';

export interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ends the process and all that it started; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface ProcessOutcome {
  /** The exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** How much of what a process prints is kept, of each stream. */
const keptOutput = 2 ** 20;
/** How long a process may take to end when it is told to. */
const farewellMs = 3_000;

/**
 * Runs a program to its end, in a process group of its own.
 *
 * @throws the error of the system where it cannot be started (`ENOENT`), the signal's reason where it
 * was ended; by then no process of it lives
 */
export async function runProcess(command: ProcessCommand): Promise<ProcessOutcome> {
  const { program, args, cwd, env, signal } = command;
  signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd,
    env,
    detached: process.platform !== 'win32',
    // On Windows npm is a batch file, which only a shell runs.
    shell: process.platform === 'win32' && program.endsWith('.cmd'),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const printed = { out: '', errors: '' };
  for (const [stream, kept] of [
    [child.stdout, 'out'],
    [child.stderr, 'errors'],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed[kept] = (printed[kept] + text).slice(-keptOutput);
    });
  }
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const end = () => {
    void endTree(child);
  };
  signal.addEventListener('abort', end);
  try {
    const code = await closed;
    signal.throwIfAborted();
    return { code, ...printed };
  } finally {
    signal.removeEventListener('abort', end);
  }
}

async function endTree(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid !== undefined)
    await endProcess(spawnedProcess(Object.assign(child, { pid })), farewellMs);
}
