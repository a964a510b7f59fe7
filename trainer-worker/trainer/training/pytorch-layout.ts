/** Weights as PyTorch lays them out, and as they are laid out here, which is that of TensorFlow. */
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import { sameShape, stridesOf } from '../../compiler/graph/shape';

/** Where each axis of a tensor here comes from there, by the number of axes. */
const axesThere: Readonly<Record<number, readonly number[]>> = {
  // nn.Linear: [outputs, inputs]
  2: [1, 0],
  // nn.Conv2d: [outputs, inputs, height, width]
  4: [2, 3, 1, 0],
};

/** Whether a tensor of this shape there would be one of that shape here. */
export function hasLayoutOfPyTorch(there: readonly number[], here: readonly number[]): boolean {
  const axes = axesThere[there.length];
  return (
    axes !== undefined &&
    sameShape(
      axes.map((axis) => there[axis]!),
      here,
    )
  );
}

/**
 * A tensor of PyTorch as it is laid out here: `[inputs, outputs]`, or `[height, width, inputs, outputs]`.
 *
 * @param tensor of two or four axes
 * @throws RangeError where it has others
 */
export function transposed({ name, shape, data }: NamedTensor): NamedTensor {
  const axes = axesThere[shape.length];
  if (axes === undefined) throw new RangeError(`'${name}' has ${shape.length} axes, not 2 or 4.`);
  const strides = stridesOf(shape);
  const here = axes.map((axis) => shape[axis]!);
  const turned = new Float32Array(data.length);
  for (let i = 0; i < turned.length; i++) {
    let [rest, from] = [i, 0];
    for (let axis = here.length - 1; axis >= 0; axis--) {
      const length = here[axis]!;
      from += (rest % length) * strides[axes[axis]!]!;
      rest = Math.floor(rest / length);
    }
    turned[i] = data[from]!;
  }
  return { name, shape: here, data: turned };
}
