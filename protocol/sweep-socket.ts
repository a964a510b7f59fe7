/**
 * The socket of a process that trains a sweep: that it listens keeps a second one out, and over it
 * anybody who may, which is the same user, asks it to stop. It outlives no process, as a file with a
 * process id would.
 */
import { createHash } from 'node:crypto';
import { connect, type Server } from 'node:net';
import { trainerSocketPath } from './socket-transport';

const interrupt = 'interrupt\n';

/**
 * Where the process listens that trains a sweep.
 *
 * @param id the sweep's
 * @param runs the folder of its runs, an absolute path
 */
export function sweepSocketPath(id: string, runs: string): string {
  const key = createHash('sha256').update(`${id} ${runs}`).digest('hex').slice(0, 16);
  return trainerSocketPath(`sweep-${key}`);
}

/** Has `onInterrupt` called when somebody asks the sweep behind `server` to stop. */
export function answerInterrupts(server: Server, onInterrupt: () => void): void {
  server.on('connection', (socket) => {
    let said = '';
    // Whoever only looks whether it listens hangs up at once.
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said === interrupt) onInterrupt();
      else if (!interrupt.startsWith(said)) socket.destroy();
    });
    // Who asked sees the end of this process by the end of the connection, so it must not hold it up.
    socket.unref();
  });
}

/**
 * Asks the process that trains a sweep to stop: each of its runs writes a checkpoint.
 *
 * @returns once that process has ended; `false` where there is none
 */
export function interruptSweep(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    let isThere = false;
    const socket = connect(socketPath, () => {
      isThere = true;
      socket.write(interrupt);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(isThere));
    socket.resume();
  });
}
