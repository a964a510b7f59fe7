import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * How files are now, a line each: another line where one was written, replaced, put there or taken
 * away. Contents are not read, since libraries have gigabytes: what writes a file changes the time of
 * its entry (ctime), which nobody can set, and what replaces it brings an entry of its own.
 *
 * @param places files, and folders that count with all that lies below them; they need not exist
 */
export function fileStates(places: readonly string[]): string[] {
  return places.flatMap(stateOf);
}

function stateOf(place: string): string[] {
  try {
    const stats = statSync(place);
    if (!stats.isDirectory())
      return [`${place} ${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`];
    // One that another process removes meanwhile counts as not there.
    return readdirSync(place)
      .sort()
      .flatMap((name) => stateOf(path.join(place, name)));
  } catch {
    return [`${place} is not there`];
  }
}
