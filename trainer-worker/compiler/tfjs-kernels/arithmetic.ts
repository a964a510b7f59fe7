import type { Node } from '../graph/graph';
import {
  abs,
  add,
  cast,
  constant,
  div,
  equal,
  exp,
  floor,
  greater,
  greaterEqual,
  logicalNot,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  prod,
  rsqrt,
  select,
  square,
  sub,
} from '../graph/ops/build';
import { argMax, combine } from '../graph/ops/compose';
import type { Kernel } from '../graph/ops/op';
import { reduceKernel } from '../graph/ops/reduction';
import { formatShape, sameShape } from '../graph/shape';
import { axisOf, commonDType, x } from './arguments';

const ofPair =
  (rule: (a: Node, b: Node) => Node): Kernel =>
  ({ inputs }) =>
    rule(inputs['a']!, inputs['b']!);

/** Rounded towards -∞, for whole numbers too, whose own division rounds towards 0. */
const floorDiv = (a: Node, b: Node) =>
  a.dtype === 'int32'
    ? cast(floor(div(cast(a, 'float32'), cast(b, 'float32'))), 'int32')
    : floor(div(a, b));

/** A test of numbers that whole numbers always pass, or never. */
const ofFloats =
  (rule: (value: Node) => Node, ofWhole: 0 | 1): Kernel =>
  (call) => {
    const value = x(call);
    return value.dtype === 'float32'
      ? rule(value)
      : constant(value.graph, ofWhole, value.shape, 'bool');
  };

/** Arithmetic, comparisons and reductions that are expressions of operations. */
export const arithmeticKernels: Readonly<Record<string, Kernel>> = {
  AddN: ({ inputs }) => {
    const terms = Object.values(inputs);
    const dtype = commonDType(terms);
    return combine(
      terms.map((term) => cast(term, dtype)),
      add,
    );
  },
  Square: (call) => square(x(call)),
  SquaredDifference: ofPair((a, b) => square(sub(a, b))),
  FloorDiv: ofPair(floorDiv),
  Mod: ofPair((a, b) => sub(a, mul(b, floorDiv(a, b)))),
  ClipByValue: (call) =>
    minimum(
      maximum(x(call), call.attrs['clipValueMin'] as number),
      call.attrs['clipValueMax'] as number,
    ),
  Step: (call) => {
    const value = x(call);
    const below = (call.attrs['alpha'] as number | undefined) ?? 0;
    const one = constant(value.graph, 1, value.shape, value.dtype);
    const stepped = select(greater(value, 0), one, below);
    return value.dtype === 'float32' ? select(equal(value, value), stepped, value) : stepped;
  },
  // Whole numbers have an exponential, but not a whole one.
  Exp: (call) => exp(x(call).dtype === 'int32' ? cast(x(call), 'float32') : x(call)),
  Less: ofPair((a, b) => greater(b, a)),
  LessEqual: ofPair((a, b) => greaterEqual(b, a)),
  NotEqual: ofPair((a, b) => logicalNot(equal(a, b))),
  IsNan: ofFloats((value) => logicalNot(equal(value, value)), 0),
  IsFinite: ofFloats((value) => greater(Number.POSITIVE_INFINITY, abs(value)), 1),
  IsInf: ofFloats((value) => equal(abs(value), Number.POSITIVE_INFINITY), 0),
  Mean: reduceKernel((value, axes) => mean(cast(value, 'float32'), axes)),
  Min: reduceKernel(min),
  Prod: reduceKernel(prod),
  All: reduceKernel((value, axes) => cast(min(cast(value, 'int32'), axes), 'bool')),
  Any: reduceKernel((value, axes) => cast(max(cast(value, 'int32'), axes), 'bool')),
  ArgMin: (call) => {
    const value = x(call).dtype === 'bool' ? cast(x(call), 'int32') : x(call);
    return argMax(mul(value, -1), axisOf(call, value));
  },
  FusedBatchNorm: ({ inputs, attrs, refuse }) => {
    const { x: value, mean: center, variance } = inputs as { x: Node; mean: Node; variance: Node };
    const epsilon = (attrs['varianceEpsilon'] as number | undefined) ?? 0.001;
    const scaled = mul(sub(value, center), rsqrt(add(variance, epsilon)));
    const stretched = inputs['scale'] ? mul(scaled, inputs['scale']) : scaled;
    const normalized = inputs['offset'] ? add(stretched, inputs['offset']) : stretched;
    if (!sameShape(normalized.shape, value.shape)) {
      refuse(
        `its statistics do not fit ${formatShape(value.shape)}`,
        'Give one number for each channel, or tensors of the shape of the input.',
      );
    }
    return normalized;
  },
};
