import type { Node } from '../graph';
import { matMul, mul, reshape, sum, transpose } from '../ops/build';
import type { KernelCall } from '../ops/row';
import { sizeOf } from '../shape';

/** A value with a letter for each axis. */
interface Labelled {
  readonly value: Node;
  readonly labels: readonly string[];
}

/** Sums over the axes whose letters nobody wants any more. */
function reduceTo({ value, labels }: Labelled, wanted: ReadonlySet<string>): Labelled {
  const axes = labels.flatMap((label, axis) => (wanted.has(label) ? [] : [axis]));
  return { value: sum(value, axes), labels: labels.filter((label) => wanted.has(label)) };
}

/** The axes in another order. */
function ordered({ value, labels }: Labelled, order: readonly string[]): Node {
  return transpose(
    value,
    order.map((label) => labels.indexOf(label)),
  );
}

/**
 * Contracts two tensors by one batched matrix product: letters of both that the result keeps are its
 * batch, letters of both that it does not keep are summed, the others are rows and columns.
 */
function contract(a: Labelled, b: Labelled, result: ReadonlySet<string>): Labelled {
  const inB = new Set(b.labels);
  const inA = new Set(a.labels);
  const batch = a.labels.filter((label) => inB.has(label) && result.has(label));
  const summed = a.labels.filter((label) => inB.has(label) && !result.has(label));
  const rows = a.labels.filter((label) => !inB.has(label));
  const columns = b.labels.filter((label) => !inA.has(label));
  const left = ordered(a, [...batch, ...rows, ...summed]);
  const right = ordered(b, [...batch, ...summed, ...columns]);
  if (summed.length === 0 && rows.length + columns.length === 0) {
    return { value: mul(left, right), labels: batch };
  }
  const sizes = (node: Node, from: number, count: number) => node.shape.slice(from, from + count);
  const batchShape = sizes(left, 0, batch.length);
  const rowShape = sizes(left, batch.length, rows.length);
  const summedShape = sizes(left, batch.length + rows.length, summed.length);
  const columnShape = sizes(right, batch.length + summed.length, columns.length);
  const product = matMul(
    reshape(left, [...batchShape, sizeOf(rowShape), sizeOf(summedShape)]),
    reshape(right, [...batchShape, sizeOf(summedShape), sizeOf(columnShape)]),
  );
  return {
    value: reshape(product, [...batchShape, ...rowShape, ...columnShape]),
    labels: [...batch, ...rows, ...columns],
  };
}

/** tf.einsum of one or two tensors. tfjs has checked that the letters fit the shapes. */
export function einsum({ inputs, attributes, refuse }: KernelCall): Node {
  const equation = (attributes['equation'] as string).replaceAll(/\s/g, '');
  const [terms, output] = equation.split('->') as [string, string];
  const lettersOf = terms.split(',').map((term) => [...term]);
  if (lettersOf.some((letters) => new Set(letters).size < letters.length)) {
    refuse(`a letter occurs twice in one term of ${equation}`, 'Take the diagonal by tf.gatherND.');
  }
  const operands = Object.values(inputs).map(
    (value, index): Labelled => ({ value, labels: lettersOf[index]! }),
  );
  const kept = new Set(output);
  const wantedBeside = (index: number) =>
    new Set([...kept, ...operands.flatMap(({ labels }, other) => (other === index ? [] : labels))]);
  const [a, b] = operands.map((operand, index) => reduceTo(operand, wantedBeside(index)));
  const result = b === undefined ? a! : contract(a!, b, kept);
  return ordered(result, [...output]);
}
