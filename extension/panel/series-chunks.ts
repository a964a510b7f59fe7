/** Pure functions on chunks of curves. All results are exactly sized: they share no buffer. */
import type { SeriesChunk, SeriesChunks } from '../../protocol/run';

/** Bytes of one point: a Float64 step and a Float32 value. */
export const pointBytes = 12;

/** How many points `chunks` holds over all curves. */
export function countPoints(chunks: SeriesChunks): number {
  return Object.values(chunks).reduce((sum, { steps }) => sum + steps.length, 0);
}

/**
 * The points of `chunks` beyond the last step already seen of their curve, which `seen` then
 * remembers. Steps of a curve grow, so this makes a repetition harmless.
 */
export function unseenPoints(chunks: SeriesChunks, seen: Map<string, number>): SeriesChunks {
  const fresh: Record<string, SeriesChunk> = {};
  for (const [metric, { steps, values }] of Object.entries(chunks)) {
    const last = seen.get(metric) ?? Number.NEGATIVE_INFINITY;
    const first = steps.findIndex((step) => step > last);
    if (first < 0) continue;
    fresh[metric] = { steps: steps.slice(first), values: values.slice(first) };
    seen.set(metric, steps[steps.length - 1] ?? last);
  }
  return fresh;
}

/** One after the other, per curve. */
export function concatChunks(parts: readonly SeriesChunks[]): SeriesChunks {
  const byMetric = new Map<string, SeriesChunk[]>();
  for (const part of parts) {
    for (const [metric, chunk] of Object.entries(part)) {
      const chunks = byMetric.get(metric);
      if (chunks) chunks.push(chunk);
      else byMetric.set(metric, [chunk]);
    }
  }
  return Object.fromEntries([...byMetric].map(([metric, chunks]) => [metric, concat(chunks)]));
}

function concat(chunks: readonly SeriesChunk[]): SeriesChunk {
  const length = chunks.reduce((sum, { steps }) => sum + steps.length, 0);
  const steps = new Float64Array(length);
  const values = new Float32Array(length);
  let at = 0;
  for (const chunk of chunks) {
    steps.set(chunk.steps, at);
    values.set(chunk.values, at);
    at += chunk.steps.length;
  }
  return { steps, values };
}

/** The same points in pieces of at most `limit` points each, in an order that keeps each curve's. */
export function splitChunks(chunks: SeriesChunks, limit: number): SeriesChunks[] {
  const pieces: SeriesChunks[] = [];
  let piece: Record<string, SeriesChunk> = {};
  let room = limit;
  for (const [metric, { steps, values }] of Object.entries(chunks)) {
    for (let at = 0; at < steps.length; ) {
      const end = Math.min(steps.length, at + room);
      piece[metric] = { steps: steps.slice(at, end), values: values.slice(at, end) };
      room -= end - at;
      at = end;
      if (room === 0) {
        pieces.push(piece);
        piece = {};
        room = limit;
      }
    }
  }
  if (Object.keys(piece).length > 0) pieces.push(piece);
  return pieces;
}

/** The same, with arrays of which each has a buffer that holds nothing else: copies where need be. */
export function exactArrays<T extends object>(message: T): T {
  const exact = (value: unknown): unknown => {
    if (value instanceof Float32Array) {
      return value.byteLength === value.buffer.byteLength ? value : value.slice();
    }
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? exactArrays(value)
      : value;
  };
  const fields = Object.entries(message).map(([name, value]) => [name, exact(value)]);
  return Object.fromEntries(fields) as T;
}
