import type { SeriesChunks } from '../../../protocol/run';

/** Points of several curves that wait to be sent. */
export class PointBuffer {
  #series = new Map<string, { steps: number[]; values: number[] }>();
  /** Points of all curves together. */
  count = 0;

  add(step: number, values: Iterable<readonly [name: string, value: number]>): void {
    for (const [name, value] of values) {
      let series = this.#series.get(name);
      if (!series) {
        series = { steps: [], values: [] };
        this.#series.set(name, series);
      }
      series.steps.push(step);
      series.values.push(value);
      this.count += 1;
    }
  }

  /** Hands over all points, in arrays of their own, and is empty then. */
  take(): SeriesChunks {
    const chunks = Object.fromEntries(
      [...this.#series].map(([name, { steps, values }]) => [
        name,
        { steps: Float64Array.from(steps), values: Float32Array.from(values) },
      ]),
    );
    this.clear();
    return chunks;
  }

  clear(): void {
    this.#series = new Map();
    this.count = 0;
  }
}
