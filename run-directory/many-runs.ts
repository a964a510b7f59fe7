import { type Problem, problemOf } from '../protocol/problem';

/** How many runs are moved or deleted at once: file systems over a network take their time for each. */
const mostAtOnce = 8;

/** What became of many runs. */
export interface ManyDone {
  /** Directories of those with which it was done. */
  readonly done: readonly string[];
  /** Those with which it could not be, and why. */
  readonly failed: readonly { readonly directory: string; readonly problem: Problem }[];
  /** Those to which it did not come any more. */
  readonly left: readonly string[];
}

/**
 * Does something to each of many runs, several at once; to the others too where one cannot be.
 *
 * @param signal begins with no other run once it aborts
 * @param progress hears each time how many are done with, well or not
 */
export async function toEachRun(
  directories: readonly string[],
  action: (directory: string) => Promise<void>,
  {
    signal,
    progress,
  }: { readonly signal?: AbortSignal; readonly progress?: (count: number) => void } = {},
): Promise<ManyDone> {
  const queue = [...directories];
  const done: string[] = [];
  const failed: { directory: string; problem: Problem }[] = [];
  const work = async () => {
    for (;;) {
      const directory = signal?.aborted ? undefined : queue.shift();
      if (directory === undefined) return;
      try {
        await action(directory);
        done.push(directory);
      } catch (thrown) {
        failed.push({ directory, problem: problemOf(thrown, 'storage') });
      }
      progress?.(done.length + failed.length);
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, work));
  return { done, failed, left: queue };
}
