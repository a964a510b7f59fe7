import type { CurveEnds, CurvePoint, RunCurves } from '../protocol/compare';
import { problemOf } from '../protocol/problem';
import type { SeriesChunk } from '../protocol/run';
import { readScalars } from './event-file';
import { EventIndex, readEventIndex } from './event-index';
import { eventFiles } from './event-names';
import { thinned } from './thin-curve';

/** The curves of one run from afar, read once and then followed. */
export class RunCurvesReader {
  readonly #directory: string;
  #index: EventIndex | undefined;
  #problem: string | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Reads what has been recorded since it was last read; at first from the index that is kept beside
   * the event files, where there is one. What cannot be read is said in the curves.
   */
  async read(): Promise<void> {
    this.#index ??= (await readEventIndex(this.#directory)) ?? new EventIndex();
    this.#problem = undefined;
    // A run that has not begun to record has no event file.
    if ((await eventFiles(this.#directory)).length === 0) return;
    try {
      const chunks = readScalars(this.#directory, { from: this.#index.bytes });
      for await (const chunk of chunks) this.#index.take(chunk);
    } catch (error) {
      this.#problem = problemOf(error, 'storage').message;
    }
  }

  /**
   * Keeps an index beside event files that are long, so that they are read the faster next time.
   *
   * @throws ProblemError of kind `storage`
   */
  async keepIndex(): Promise<void> {
    if (this.#problem === undefined) await this.#index?.save(this.#directory);
  }

  /** What has been read, in at most `most` points a curve. */
  curves(most: number): RunCurves {
    const all = Object.entries(this.#index?.series() ?? {});
    const drawn = all.map(([metric, curve]) => [metric, thinned(curve, most)] as const);
    const isThinned = ([metric, curve]: readonly [string, SeriesChunk]) =>
      curve.steps.length < (this.#index?.countOf(metric) ?? 0);
    return {
      directory: this.#directory,
      series: Object.fromEntries(drawn),
      thinned: drawn.filter(isThinned).map(([metric]) => metric),
      ends: Object.fromEntries(all.map(([metric, curve]) => [metric, endsOf(curve)])),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }
}

/** The last point of a curve with all its extremes, and these. */
function endsOf({ steps, values }: SeriesChunk): CurveEnds {
  const point = (at: number): CurvePoint => ({ step: steps[at]!, value: values[at]! });
  let [low, high] = [-1, -1];
  for (const [at, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    // Of equals the first: that is when it was reached.
    if (low < 0 || value < values[low]!) low = at;
    if (high < 0 || value > values[high]!) high = at;
  }
  return {
    last: point(values.length - 1),
    ...(low < 0 ? {} : { lowest: point(low), highest: point(high) }),
  };
}
