import type { SeriesChunk } from '../protocol/run';

/**
 * At most `most` points of a curve: the smallest and the largest of stretches of equally many points, the
 * first and the last. The curve itself where it has no more.
 *
 * @param most 4 or more
 */
export function thinned(curve: SeriesChunk, most: number): SeriesChunk {
  const { steps, values } = curve;
  const { length } = steps;
  if (length <= most) return curve;
  const stretches = Math.floor((most - 2) / 2);
  const kept = new Set([0, length - 1]);
  for (let k = 0; k < stretches; k++) {
    const [from, to] = [k, k + 1].map((end) => Math.floor((end * length) / stretches));
    let [low, high] = [from!, from!];
    for (let at = from! + 1; at < to!; at++) {
      // What is not finite is an extreme only where there is nothing else.
      if (!Number.isFinite(values[at])) continue;
      if (!(values[low]! <= values[at]!)) low = at;
      if (!(values[high]! >= values[at]!)) high = at;
    }
    kept.add(low).add(high);
  }
  const order = [...kept].sort((a, b) => a - b);
  return {
    steps: Float64Array.from(order, (at) => steps[at]!),
    values: Float32Array.from(order, (at) => values[at]!),
  };
}
