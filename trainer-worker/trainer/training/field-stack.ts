import type { FieldStack } from '../../../protocol/run';

/** Numbers of all fields together, at most, 128 KiB: previews are many, and go to whoever looks. */
const mostNumbers = 2 ** 15;

/** Cells per side of each of `count` fields: as many as a single one has, or fewer where they are many. */
export function stackResolution(resolution: number, count: number): number {
  return Math.min(resolution, Math.floor(Math.sqrt(mostNumbers / count)));
}

/** Fields one after the other out of `[cells, count]` values, the cells of squares. */
export function stackFields(values: Float32Array, count: number): FieldStack {
  const cells = values.length / count;
  const fields = new Float32Array(values.length);
  for (let field = 0; field < count; field++) {
    for (let cell = 0; cell < cells; cell++) {
      fields[field * cells + cell] = values[cell * count + field]!;
    }
  }
  return { values: fields, resolution: Math.round(Math.sqrt(cells)) };
}
