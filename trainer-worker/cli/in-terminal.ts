import { createInterface } from 'node:readline/promises';

/** Asks a question; nothing where whoever is asked gives up. */
export type Ask = (question: string) => Promise<string | undefined>;

/** Whether there is somebody to ask. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}

/** Talks to whoever sits at the terminal; Ctrl+C and Ctrl+D give up. */
export async function inTerminal<T>(talk: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new AbortController();
  terminal.once('close', () => ended.abort());
  try {
    return await talk(async (question) => {
      if (ended.signal.aborted) return undefined;
      try {
        return await terminal.question(question, { signal: ended.signal });
      } catch (error) {
        if (ended.signal.aborted) return undefined;
        throw error;
      }
    });
  } finally {
    terminal.close();
  }
}
