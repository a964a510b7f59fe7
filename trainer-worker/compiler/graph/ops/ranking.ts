import { movedShardings } from '../sharding';
import { axesIn } from './axes';
import type { Op } from './op';

/** What tells where elements stand; small moves do not change it, so nothing has a derivative. */

const int32InOnnx = 6;

const argMaxOp: Op = {
  name: 'argMax',
  result: ([x], params, refuse) => {
    const axis = params.axis!;
    if (x!.shape[axis] === 0) refuse('an empty axis has no largest element');
    return { shape: x!.shape.toSpliced(axis, 1), dtype: 'int32' };
  },
  shardings: movedShardings((axis, node) => (axis < node.params.axis! ? axis : axis + 1)),
  kernels: {
    ArgMax: ({ inputs, attrs }) => {
      const x = inputs['x']!;
      const [axis] = axesIn(x.shape, attrs['axis'] as number) as [number];
      return x.graph.node('argMax', [x], { axis });
    },
  },
  tfjs: (tf, [x], node) => tf.argMax(x!, node.params.axis!),
  onnx: (writer, [x], node) => {
    const axis = node.params.axis!;
    return writer.op('Cast', [writer.op('ArgMax', [x!], { axis, keepdims: 0 })], {
      to: int32InOnnx,
    });
  },
};

const topIndicesOp: Op = {
  name: 'topIndices',
  result: ([x], params, refuse) => {
    const k = params.k!;
    const length = x!.shape.at(-1)!;
    if (k > length) refuse(`it has ${length} elements in a row, not ${k}`);
    return { shape: x!.shape.with(-1, k), dtype: 'int32' };
  },
  shardings: movedShardings((axis, { shape }) => (axis < shape.length - 1 ? axis : undefined)),
  tfjs: (tf, [x], node) => tf.topk(x!, node.params.k!, true).indices,
  onnx: (writer, [x], node) => {
    const count = writer.int64([node.params.k!]);
    return writer.op('Cast', [writer.output(1, 'TopK', [x!, count])], { to: int32InOnnx });
  },
};

export const rankingOps: readonly Op[] = [argMaxOp, topIndicesOp];
