import type { Node } from '../graph/graph';
import { axesIn } from '../graph/ops/axes';
import type { KernelCall } from '../graph/ops/op';
import type { DType } from '../graph/shape';

/** Readers of what tfjs hands to a kernel. */

/** The operand of a kernel that has one. */
export const x = (call: KernelCall): Node => call.inputs['x']!;

export const numbers = (value: unknown) => value as readonly number[];

/** A pair that may be given as one number for both sides. */
export function pairOf(value: unknown): readonly [number, number] {
  if (typeof value === 'number') return [value, value];
  const [first, second] = (value as readonly number[] | undefined) ?? [1, 1];
  return [first!, second ?? first!];
}

/** The attribute `axis`, made to count from the front. */
export function axisOf(call: KernelCall, value: Node, fallback = 0): number {
  const given = (call.attrs['axis'] as number | undefined) ?? fallback;
  return axesIn(value.shape, given)[0]!;
}

/** What tfjs converts operands of several dtypes to: bool to int32 to float32. */
export function commonDType(nodes: readonly Node[]): DType {
  const present = new Set(nodes.map((node) => node.dtype));
  if (present.has('float32')) return 'float32';
  return present.has('int32') ? 'int32' : 'bool';
}
