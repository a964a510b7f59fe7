import type { Node } from '../trainer-worker/compiler/graph/graph';
import { type Shape, sizeOf } from '../trainer-worker/compiler/graph/shape';
import { type Arrays64, evaluate } from '../trainer-worker/compiler/run/float64';

/** Reproducible numbers in (-scale, scale) (Lehmer's generator, minstd). */
export function numbersFrom(seed: number): (shape: Shape, scale?: number) => Float64Array {
  let state = seed;
  return (shape, scale = 1) =>
    Float64Array.from({ length: sizeOf(shape) }, () => {
      state = (state * 48271) % 2147483647;
      // Rounded to float32, so that every backend starts from the same numbers.
      return Math.fround((2 * (state / 2147483647) - 1) * scale);
    });
}

/** The slope of a scalar in each element of one input, by symmetric differences in float64. */
export function centralDifference(
  scalar: Node,
  variable: Node,
  values: Arrays64,
  h = 1e-4,
): Float64Array {
  const at = values.get(variable)!;
  const shifted = (index: number, by: number) => {
    const moved = at.slice();
    moved[index]! += by;
    return evaluate([scalar], new Map(values).set(variable, moved))[0]![0]!;
  };
  return at.map((_, index) => (shifted(index, h) - shifted(index, -h)) / (2 * h));
}
