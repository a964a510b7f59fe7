import type { SeriesChunk } from '../../protocol/run';
import { Growable } from './growable';
import { MinMaxPyramid } from './min-max-pyramid';

/** One curve, growing: ascending steps and a value for each. */
export class Series {
  readonly #steps = new Growable((n) => new Float64Array(n));
  readonly #values = new MinMaxPyramid();
  #cuts = 0;

  get length(): number {
    return this.#steps.length;
  }

  get values(): MinMaxPyramid {
    return this.#values;
  }

  get firstStep(): number | undefined {
    return this.length > 0 ? this.#steps.array[0] : undefined;
  }

  get lastStep(): number | undefined {
    return this.length > 0 ? this.#steps.array[this.length - 1] : undefined;
  }

  /** The step of the point at `index`, NaN outside. */
  stepAt(index: number): number {
    return index >= 0 && index < this.length ? this.#steps.array[index]! : Number.NaN;
  }

  /**
   * Appends points in order. A point that does not lie after the last one is a repetition of what is
   * known and is left out, so that steps ascend strictly and can be searched.
   */
  append({ steps, values }: SeriesChunk): void {
    const count = Math.min(steps.length, values.length);
    let last = this.lastStep ?? Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const step = steps[i]!;
      if (!(step > last)) continue;
      this.#steps.push(step);
      this.#values.push(values[i]!);
      last = step;
    }
  }

  /** Forgets the points at and after `step`. */
  cut(step: number): void {
    const length = this.indexFrom(step);
    if (length === this.length) return;
    this.#steps.truncate(length);
    this.#values.truncate(length);
    this.#cuts += 1;
  }

  /** How often points were taken back: what was made from them is stale when this grows. */
  get cuts(): number {
    return this.#cuts;
  }

  /**
   * The index of the first point at or after `step`; `length` if there is none. Of points that lie before
   * index `known` it is known that they lie before the step. O(log n).
   */
  indexFrom(step: number, known = 0): number {
    const steps = this.#steps.array;
    let low = known;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (steps[middle]! < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the last point at or before `step`; -1 if there is none. */
  indexUpTo(step: number): number {
    const index = this.indexFrom(step);
    return this.stepAt(index) === step ? index : index - 1;
  }
}
