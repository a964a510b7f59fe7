import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode, storageProblem } from './storage-problem';

/** What names of event files begin with. */
export const eventFilePrefix = 'events.out.tfevents.';

const order = new Intl.Collator('en', { numeric: true });

/**
 * Names of the event files in a directory, in the order in which they were begun: their names hold the
 * time, the host and, from some programs, a process and a count. Opening refuses links and the like.
 *
 * @throws ProblemError of kind `storage` when the directory cannot be listed
 */
export async function eventFiles(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && entry.name.startsWith(eventFilePrefix))
      .map((entry) => entry.name)
      .sort(order.compare);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw storageProblem(thrown, directory, 'list');
  }
}

/** The name of an event file that is begun now. */
export function newEventFile(now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000);
  return `${eventFilePrefix}${String(seconds).padStart(10, '0')}.${hostPart()}`;
}

function hostPart(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9-]/g, '-')
      .slice(0, 63) || 'host'
  );
}
