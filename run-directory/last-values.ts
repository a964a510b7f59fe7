import { readScalars } from './event-file';
import { eventFiles } from './event-names';
import { validScalars } from './valid-scalars';

/**
 * The last value of each metric that a run recorded; none where it has no event file. What a restart
 * made void does not count.
 *
 * @throws ProblemError of kind `storage` when its event file cannot be read
 */
export async function lastValues(directory: string): Promise<Record<string, number>> {
  if ((await eventFiles(directory)).length === 0) return {};
  let last: Record<string, number> = {};
  let hasRestarts = false;
  for await (const { series, restarts } of readScalars(directory)) {
    for (const [name, { values }] of Object.entries(series)) {
      if (values.length > 0) last[name] = values.at(-1)!;
    }
    hasRestarts ||= restarts !== undefined;
  }
  if (!hasRestarts) return last;
  last = {};
  for await (const { series } of (await validScalars(directory)).chunks()) {
    for (const [name, { values }] of Object.entries(series)) last[name] = values.at(-1)!;
  }
  return last;
}
