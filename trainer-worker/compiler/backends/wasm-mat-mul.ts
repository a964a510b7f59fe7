import * as tf from '@tensorflow/tfjs';

const name = 'BatchMatMul';

/**
 * Makes products with transposed matrices fast on `wasm`.
 *
 * The backend multiplies with XNNPACK only where neither matrix is transposed, and otherwise by
 * three plain loops. Gradients of a product are always of the second kind, so half of the time of a
 * Langevin step went there. Transposing first costs next to nothing. Results are the same up to
 * rounding.
 */
export function registerFastMatMul(): void {
  const original = tf.getKernel(name, 'wasm');
  const transpose = tf.getKernel('Transpose', 'wasm');
  if (!original?.kernelFunc || !transpose?.kernelFunc) {
    throw new Error('The wasm backend has no matrix product to build on.');
  }
  const multiply = original.kernelFunc;
  const swap = transpose.kernelFunc;
  const kernelFunc: tf.KernelFunc = ({ inputs, backend, attrs }) => {
    const made: tf.TensorInfo[] = [];
    const plain = (matrix: tf.TensorInfo, transposed: boolean): tf.TensorInfo => {
      if (!transposed || !isOneMatrix(matrix)) return matrix;
      const perm = matrix.shape.length === 2 ? [1, 0] : [0, 2, 1];
      const swapped = swap({ inputs: { x: matrix }, backend, attrs: { perm } });
      const info = Array.isArray(swapped) ? swapped[0]! : swapped;
      made.push(info);
      return info;
    };
    const { a: left, b: right } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    const a = plain(left, transposeA);
    const b = plain(right, transposeB);
    const product = multiply({
      inputs: { a, b },
      backend,
      attrs: { transposeA: transposeA && a === left, transposeB: transposeB && b === right },
    });
    for (const { dataId } of made) (backend as tf.KernelBackend).disposeData(dataId);
    return product;
  };
  tf.unregisterKernel(name, 'wasm');
  tf.registerKernel({ ...original, kernelFunc });
}

/** XNNPACK multiplies one matrix at a time; in a stack of them transposing first gains nothing. */
function isOneMatrix({ shape }: tf.TensorInfo): boolean {
  return shape.length === 2 || (shape.length === 3 && shape[0] === 1);
}
