import type { Node } from '../graph/graph';
import { cast, matMul, mul, reshape, sum, transpose } from '../graph/ops/build';
import type { KernelCall, Refuse } from '../graph/ops/op';
import { formatShape, sizeOf } from '../graph/shape';
import { commonDType } from './arguments';

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

/** Letters for the axes of each operand and of the result. */
interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Reads `ij,jk->ik` and holds it against the operands' shapes. tfjs does so in its kernels. */
function read(equation: string, operands: readonly Node[], refuse: Refuse): Equation {
  const sides = equation.replaceAll(/\s/g, '').split('->');
  const no = (why: string, remedy = "Write one letter an axis, as in 'bi,ij->bj'.") =>
    refuse(`in '${equation}' ${why}`, remedy);
  if (sides.length !== 2) return no('there is to be one arrow');
  if (equation.includes('.')) return no('there are dots, which are not supported');
  const [left, right] = sides as [string, string];
  const terms = left.split(',').map((term) => [...term]);
  const output = [...right];
  if (terms.length !== operands.length) {
    return no(
      `there are ${terms.length} terms, but ${operands.length} tensors are given`,
      'Write one term for each tensor, with commas between.',
    );
  }
  const sizes = new Map<string, number>();
  terms.forEach((letters, index) => {
    const { shape } = operands[index]!;
    if (letters.length !== shape.length) {
      no(`'${letters.join('')}' stands for a tensor of shape ${formatShape(shape)}`);
    }
    if (new Set(letters).size < letters.length) {
      no(`a letter occurs twice in '${letters.join('')}'`, 'Take the diagonal by tf.gatherND.');
    }
    letters.forEach((letter, axis) => {
      const size = sizes.get(letter) ?? shape[axis]!;
      sizes.set(letter, size);
      if (size === shape[axis]) return;
      no(
        `'${letter}' is ${size} long in one tensor and ${shape[axis]} in another`,
        'Correct the shapes of the tensors at this place.',
      );
    });
  });
  for (const letter of output) {
    if (!sizes.has(letter)) no(`'${letter}' of the result stands in no term`);
  }
  if (new Set(output).size < output.length) no('a letter occurs twice in the result');
  return { terms, output };
}

/** tf.einsum of any number of tensors, contracted from left to right. */
export function einsum({ inputs, attrs, refuse }: KernelCall): Node {
  const operands = Object.values(inputs);
  const { terms, output } = read(attrs['equation'] as string, operands, refuse);
  // Whole numbers are multiplied as floats, exactly below 2^24.
  const labelled = operands.map(
    (value, index): Labelled => ({ value: cast(value, 'float32'), labels: terms[index]! }),
  );
  const result = labelled.reduce((left, right, index) => {
    const later = new Set([...output, ...terms.slice(index + 1).flat()]);
    return contract(
      reduceTo(left, new Set([...later, ...right.labels])),
      reduceTo(right, new Set([...later, ...left.labels])),
      later,
    );
  });
  const contracted = ordered(reduceTo(result, new Set(output)), output);
  return cast(contracted, commonDType(operands));
}
