import type { SeriesChunk, SeriesChunks } from '../protocol/run';
import { readScalars } from './event-file';

/** Points of a run's curves, in the order of the file, without those that a restart made void. */
interface ValidChunk {
  readonly series: SeriesChunks;
  /** No chunk after this one has a point before this step. */
  readonly nextStep: number;
}

/** A restart: points from `step` on that come in chunks before this one are void. */
interface Cut {
  readonly chunk: number;
  readonly step: number;
}

/** The scalars of a run's event files as they count, up to where these reached when looked through. */
export interface ValidScalars {
  /** Of all curves, in the order in which they begin. */
  readonly tags: readonly string[];
  /** Reads the files again, a chunk at a time. */
  chunks(): AsyncGenerator<ValidChunk, void, undefined>;
}

/**
 * Looks through the scalars of a run's event files: where a training was restarted from an earlier
 * step, what it had recorded from there on does not count.
 *
 * @throws ProblemError of kind `storage` when there is no event file or its only one cannot be opened
 */
export async function validScalars(directory: string): Promise<ValidScalars> {
  const tags = new Set<string>();
  const cuts = new Cuts();
  /** The smallest step of each chunk. */
  const smallest: number[] = [];
  let bytes = 0;
  for await (const { series, restarts = {}, bytes: end } of readScalars(directory)) {
    for (const [tag, step] of Object.entries(restarts)) cuts.add(tag, smallest.length, step);
    // The steps of a curve ascend within a chunk; all of them may have been cut away.
    const least = (low: number, { steps }: SeriesChunk) => Math.min(low, steps[0] ?? low);
    smallest.push(Object.values(series).reduce(least, Number.POSITIVE_INFINITY));
    for (const tag of Object.keys(series)) tags.add(tag);
    bytes = end;
  }
  const nextSteps = smallestAfter(smallest);
  return { tags: [...tags], chunks: () => chunksUpTo(directory, bytes, cuts, nextSteps) };
}

async function* chunksUpTo(
  directory: string,
  bytes: number,
  cuts: Cuts,
  nextSteps: readonly number[],
): AsyncGenerator<ValidChunk, void, undefined> {
  let chunk = 0;
  for await (const { series } of readScalars(directory, { to: bytes })) {
    const valid = Object.entries(series).map(
      ([tag, points]) => [tag, before(points, cuts.stepAfter(tag, chunk))] as const,
    );
    yield {
      series: Object.fromEntries(valid.filter(([, { steps }]) => steps.length > 0)),
      nextStep: nextSteps[chunk] ?? Number.NEGATIVE_INFINITY,
    };
    chunk += 1;
  }
}

/** The restarts of a run, of which a later and earlier-going one makes those before it count nothing. */
class Cuts {
  /** Of each curve, ascending both in chunks and in steps. */
  readonly #cuts = new Map<string, Cut[]>();

  add(tag: string, chunk: number, step: number): void {
    const cuts = this.#cuts.get(tag) ?? [];
    this.#cuts.set(tag, cuts);
    while (cuts.length > 0 && cuts.at(-1)!.step >= step) cuts.pop();
    cuts.push({ chunk, step });
  }

  /** From which step on points of a chunk are void; infinite where none is. */
  stepAfter(tag: string, chunk: number): number {
    const cuts = this.#cuts.get(tag) ?? [];
    return cuts.find((cut) => cut.chunk > chunk)?.step ?? Number.POSITIVE_INFINITY;
  }
}

/** For each place the smallest of the values behind it. */
function smallestAfter(values: readonly number[]): number[] {
  const result = new Array<number>(values.length).fill(Number.POSITIVE_INFINITY);
  for (let place = values.length - 2; place >= 0; place--) {
    result[place] = Math.min(result[place + 1]!, values[place + 1]!);
  }
  return result;
}

/** The points of a curve before a step. */
function before({ steps, values }: SeriesChunk, limit: number): SeriesChunk {
  if (steps.length === 0 || steps.at(-1)! < limit) return { steps, values };
  const end = steps.findIndex((step) => step >= limit);
  return { steps: steps.subarray(0, end), values: values.subarray(0, end) };
}
