/** Sizes of a tensor's axes, outermost first. A scalar has none. */
export type Shape = readonly number[];

/** Element types the compiler knows; those of tfjs without `string` and `complex64`. */
export type DType = 'float32' | 'int32' | 'bool';

/** The number of elements: 1 for a scalar, 0 as soon as one axis is empty. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[512, 2]`, as people write shapes. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * The shape that NumPy broadcasting gives, or undefined where the two do not fit: shapes are aligned
 * at their last axis, and an axis of size 1 stretches to the other's size.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** Distances in elements between neighbours along each axis of a row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  }
  return strides;
}

/** Axes counted from the end (negative) made to count from the start; sorted, each once. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
  return [...new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)))].sort((a, b) => a - b);
}

/** Where each axis of the input has gone; the permutation that undoes another. */
export function inversePermutation(permutation: readonly number[]): number[] {
  const inverse = new Array<number>(permutation.length);
  permutation.forEach((axis, index) => {
    inverse[axis] = index;
  });
  return inverse;
}
