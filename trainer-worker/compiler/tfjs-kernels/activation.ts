import type { Node } from '../graph/graph';
import {
  add,
  cast,
  exp,
  expm1,
  greater,
  keepAxes,
  log,
  max,
  mul,
  relu,
  select,
  sigmoid,
  softmax,
  stopGradient,
  sub,
  sum,
} from '../graph/ops/build';
import type { Kernel, KernelCall } from '../graph/ops/op';
import { x } from './arguments';

// Branches not taken are kept finite, or their slopes would be 0 · ∞ = NaN. At a kink the slope is
// the left one: 0 for relu, alpha for a leaky one.

/** exp(x) - 1 left of 0 and at it, where its slope is 1; 0 to the right. */
const expm1Below = (value: Node) => expm1(select(greater(value, 0), 0, value));
const elu = (value: Node) => select(greater(value, 0), value, expm1Below(value));
const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;
const selu = (value: Node) =>
  mul(select(greater(value, 0), value, mul(expm1Below(value), seluAlpha)), seluScale);
const relu6 = (value: Node) => select(greater(value, 6), 6, relu(value));
const leakyRelu = (value: Node, alpha: number) =>
  select(greater(value, 0), value, mul(value, alpha));
const prelu = (value: Node, alpha: Node) => select(greater(value, 0), value, mul(value, alpha));

function logSoftmax(logits: Node): Node {
  const axes = [logits.shape.length - 1];
  const shift = stopGradient(keepAxes(max(logits, axes), logits.shape, axes));
  const shifted = sub(logits, shift);
  return sub(shifted, keepAxes(log(sum(exp(shifted), axes)), logits.shape, axes));
}

/** The activation of a fused kernel, by tfjs's name. */
function activate(value: Node, call: KernelCall): Node {
  const name = (call.attrs['activation'] as string | undefined) ?? 'linear';
  switch (name) {
    case 'linear':
      return value;
    case 'relu':
      return relu(value);
    case 'relu6':
      return relu6(value);
    case 'elu':
      return elu(value);
    case 'sigmoid':
      return sigmoid(value);
    case 'leakyrelu':
      return leakyRelu(value, (call.attrs['leakyreluAlpha'] as number | undefined) ?? 0.2);
    case 'prelu':
      return prelu(value, call.inputs['preluActivationWeights']!);
    default:
      return call.refuse(
        `the fused activation ${name} is not supported`,
        'Apply the activation by a call of its own.',
      );
  }
}

/** What the fused kernels do after their product. */
export function biasAndActivation(value: Node, call: KernelCall): Node {
  const bias = call.inputs['bias'];
  return activate(bias === undefined ? value : add(value, bias), call);
}

export const activationKernels: Readonly<Record<string, Kernel>> = {
  Elu: (call) => elu(x(call)),
  Selu: (call) => selu(x(call)),
  Relu6: (call) => relu6(x(call)),
  // tfjs gives floats for whole numbers too.
  LeakyRelu: (call) => leakyRelu(cast(x(call), 'float32'), call.attrs['alpha'] as number),
  Prelu: ({ inputs }) => prelu(cast(inputs['x']!, 'float32'), cast(inputs['alpha']!, 'float32')),
  Softmax: ({ inputs }) => softmax(inputs['logits']!),
  LogSoftmax: ({ inputs }) => logSoftmax(inputs['logits']!),
};
