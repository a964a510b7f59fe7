import { readScalars } from './event-file';

/**
 * The last value of each metric that a run recorded.
 *
 * @throws ProblemError of kind `storage` when its event file cannot be read
 */
export async function lastValues(directory: string): Promise<Record<string, number>> {
  const last: Record<string, number> = {};
  for await (const { series } of readScalars(directory)) {
    for (const [name, { values }] of Object.entries(series)) last[name] = values.at(-1)!;
  }
  return last;
}
