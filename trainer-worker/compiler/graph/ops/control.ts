import { type Node, type Params, substitute } from '../graph';
import { unroll } from '../loop';
import { type DType, formatShape, sameShape } from '../shape';
import type { Op } from './op';

function declared(_inputs: readonly Node[], params: Params) {
  return {
    shape: params.shape!,
    dtype: (params.dtype ?? 'float32') as DType,
  };
}

const stopGradientOp: Op = {
  name: 'stopGradient',
  holds: true,
  result: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  // Simplification comes after all differentiation, when nothing is left to stop.
  simplify: (node) => node.inputs[0],
};

const withGradientOp: Op = {
  name: 'withGradient',
  result: ([value, ...rest], _params, refuse) => {
    const count = rest.length / 2;
    rest.slice(0, count).forEach((source, index) => {
      const { shape, dtype } = rest[count + index]!;
      if (sameShape(shape, source.shape) && dtype === 'float32') return;
      refuse(
        `the gradient written by hand of argument ${index + 1} is ${dtype} ${formatShape(shape)}`,
        `Return float32 ${formatShape(source.shape)}, the argument's shape.`,
      );
    });
    return { shape: value!.shape, dtype: value!.dtype };
  },
  vjp: (g, node) => {
    const count = (node.inputs.length - 1) / 2;
    const contributions = node.inputs.slice(1 + count);
    const dy = node.params.dy!;
    return [
      undefined,
      ...substitute(contributions, new Map([[dy, g]])),
      ...contributions.map(() => undefined),
    ];
  },
  simplify: (node) => node.inputs[0],
};

/**
 * The inputs are the iteration count, the initial state and what the body captures. The node stands
 * for all results together, so it has no shape of its own; `loopResult` takes one out.
 */
const loopOp: Op = {
  name: 'loop',
  result: (inputs, params, refuse) => {
    const body = params.body!;
    body.state.forEach((start, index) => {
      const end = body.results[index]!;
      if (!sameShape(start.shape, end.shape) || start.dtype !== end.dtype) {
        refuse(
          `state ${index} begins an iteration as ${start.dtype} ${formatShape(start.shape)} and ends it as ${end.dtype} ${formatShape(end.shape)}`,
          'Keep the shape and the dtype of the state from iteration to iteration.',
        );
      }
    });
    if (inputs[0]!.dtype !== 'int32') {
      refuse('the number of iterations must be int32', "Convert it by tf.cast(…, 'int32').");
    }
    return { shape: [], dtype: 'int32' };
  },
};

const loopResultOp: Op = {
  name: 'loopResult',
  view: true,
  result: ([loop], params) => {
    const result = loop!.params.body!.results[params.index!]!;
    return { shape: result.shape, dtype: result.dtype };
  },
  // One iteration is no loop: what it computes may be known outside already, or fit into a larger product.
  simplify: (node) => {
    const loop = node.inputs[0]!;
    const isOnce = loop.inputs[0]!.params.values?.[0] === 1;
    return isOnce && node.graph.arithmetic >= 2 ? unroll(loop)?.[node.params.index!] : undefined;
  },
  vjp: (_g, node) =>
    node.graph.refuse(
      'A gradient is asked for through a loop whose number of iterations is known only when it runs.',
      'Apply stopGradient to what the chain returns, or give the loop a fixed number of iterations, so that it can be unrolled.',
    ),
};

export const controlOps: readonly Op[] = [
  { name: 'input', leaf: 'input', result: declared },
  { name: 'parameter', leaf: 'parameter', result: declared },
  { name: 'constant', leaf: 'constant', result: declared },
  { name: 'noise', leaf: 'noise', result: declared },
  stopGradientOp,
  withGradientOp,
  loopOp,
  loopResultOp,
];
