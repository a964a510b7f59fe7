/**
 * What a graph means, in float64, by the definition of each operation and nothing else: loops that a
 * reader can check, for small graphs. Elementwise operations use their own function of numbers,
 * which the backends then confirm. The tests hold every backend to it, and `ebm check` takes
 * differences by it that float32 is too coarse for.
 */
import { type Body, type Node, type Params, topologicalOrder } from '../graph/graph';
import { loopInputs } from '../graph/loop';
import { type Shape, sizeOf, stridesOf } from '../graph/shape';

/** Values of nodes, row-major. */
export type Arrays64 = Map<Node, Float64Array>;

/**
 * The values of nodes.
 *
 * @param given values of nodes that are known: inputs, and whatever is to be held at a value of its own
 * @param seen hears what each node is computed to be, and may say what it is instead
 * @returns one array for each of `results`
 */
export function evaluate(
  results: readonly Node[],
  given: Arrays64,
  seen: (node: Node, values: Float64Array) => Float64Array = (_node, values) => values,
): Float64Array[] {
  const known: Arrays64 = new Map(given);
  const loops = new Map<Node, Float64Array[]>();
  for (const node of topologicalOrder(results, known)) {
    const inputs = node.inputs.map((input) => known.get(input)!);
    const body = node.params.body;
    if (body !== undefined) {
      loops.set(node, runLoop(node, body, known, seen));
      known.set(node, new Float64Array(0));
    } else if (node.op.name === 'loopResult') {
      known.set(node, loops.get(node.inputs[0]!)![node.params.index!]!);
    } else {
      known.set(node, seen(node, compute(node, inputs)));
    }
  }
  return results.map((result) => known.get(result)!);
}

function runLoop(
  node: Node,
  body: Body,
  known: Arrays64,
  seen: (node: Node, values: Float64Array) => Float64Array,
): Float64Array[] {
  const { count, state: initial, captures } = loopInputs(node);
  let state = initial.map((value) => known.get(value)!);
  for (let iteration = 0; iteration < known.get(count)![0]!; iteration++) {
    const inside: Arrays64 = new Map(known);
    inside.set(body.iteration, Float64Array.of(iteration));
    body.captures.forEach((parameter, index) => {
      inside.set(parameter, known.get(captures[index]!)!);
    });
    body.state.forEach((parameter, index) => {
      inside.set(parameter, state[index]!);
    });
    state = evaluate(body.results, inside, seen);
  }
  return state;
}

/** All positions of a shape, in row-major order. */
function* positions(shape: Shape): Generator<number[]> {
  const size = sizeOf(shape);
  const strides = stridesOf(shape);
  for (let index = 0; index < size; index++) {
    yield strides.map((stride, axis) => Math.floor(index / stride) % shape[axis]!);
  }
}

const offset = (position: readonly number[], shape: Shape) => {
  const strides = stridesOf(shape);
  return position.reduce((sum, place, axis) => sum + place * strides[axis]!, 0);
};

/** The element that broadcasting shows at a position of a larger shape. */
const broadcastOffset = (position: readonly number[], shape: Shape) =>
  offset(
    position
      .slice(position.length - shape.length)
      .map((place, axis) => (shape[axis] === 1 ? 0 : place)),
    shape,
  );

function build(shape: Shape, at: (position: number[]) => number): Float64Array {
  const result = new Float64Array(sizeOf(shape));
  let index = 0;
  for (const position of positions(shape)) result[index++] = at(position);
  return result;
}

/** A function of numbers at every position, its arguments broadcast. */
function elementwise(
  apply: (...numbers: number[]) => number,
  shape: Shape,
  inputs: readonly Float64Array[],
  shapes: readonly Shape[],
): Float64Array {
  const size = sizeOf(shape);
  const steps = inputs.map((values) => (values.length === size ? 1 : values.length === 1 ? 0 : -1));
  if (steps.includes(-1)) {
    return build(shape, (position) =>
      apply(...inputs.map((values, index) => values[broadcastOffset(position, shapes[index]!)]!)),
    );
  }
  // Mostly nothing is broadcast but single numbers, and the places need not be computed.
  return Float64Array.from({ length: size }, (_, place) =>
    apply(...inputs.map((values, index) => values[place * steps[index]!]!)),
  );
}

function compute(node: Node, inputs: readonly Float64Array[]): Float64Array {
  const { op, shape, params } = node;
  const shapes = node.inputs.map((input) => input.shape);
  const [x, y] = inputs as [Float64Array, Float64Array];
  const [xShape, yShape] = shapes as [Shape, Shape];
  if (op.scalar !== undefined) {
    return elementwise(op.scalar, shape, inputs, shapes);
  }
  const numbers = (name: keyof Params) => params[name] as readonly number[];
  const number = (name: keyof Params) => params[name] as number;
  switch (op.name) {
    case 'constant':
      return Float64Array.from(params.values!);
    case 'cast':
      return x.map((value) =>
        node.dtype === 'float32'
          ? value
          : node.dtype === 'bool'
            ? Number(value !== 0)
            : Math.trunc(value),
      );
    case 'parameter':
      // The placeholder of a custom gradient, which is beside the value and not part of it.
      return new Float64Array(sizeOf(shape)).fill(Number.NaN);
    case 'stopGradient':
    case 'withGradient':
    case 'reshape':
      return x;
    case 'transpose':
      return build(shape, (position) => {
        const source: number[] = [];
        numbers('permutation').forEach((axis, index) => {
          source[axis] = position[index]!;
        });
        return x[offset(source, xShape)]!;
      });
    case 'broadcastTo':
      return build(shape, (position) => x[broadcastOffset(position, xShape)]!);
    case 'slice':
      return build(
        shape,
        (position) =>
          x[
            offset(
              position.map((p, axis) => p + numbers('begin')[axis]!),
              xShape,
            )
          ]!,
      );
    case 'pad':
      return build(shape, (position) => {
        const source = position.map((p, axis) => p - numbers('before')[axis]!);
        const inside = source.every((p, axis) => p >= 0 && p < xShape[axis]!);
        return inside ? x[offset(source, xShape)]! : number('value');
      });
    case 'concat':
      return build(shape, (position) => {
        const axis = number('axis');
        let place = position[axis]!;
        const part = shapes.findIndex((candidate) => {
          if (place < candidate[axis]!) return true;
          place -= candidate[axis]!;
          return false;
        });
        return inputs[part]![offset(position.with(axis, place), shapes[part]!)]!;
      });
    case 'gather': {
      const axis = number('axis');
      return build(shape, (position) => {
        const index = y[offset(position.slice(axis, axis + yShape.length), yShape)]!;
        const source = [...position.slice(0, axis), index, ...position.slice(axis + yShape.length)];
        return x[offset(source, xShape)]!;
      });
    }
    case 'scatterAdd': {
      const result = new Float64Array(sizeOf(shape));
      const axis = number('axis');
      let index = 0;
      for (const position of positions(xShape)) {
        result[offset(position.with(axis, y[position[axis]!]!), shape)]! += x[index++]!;
      }
      return result;
    }
    case 'sum':
    case 'max': {
      const axes = numbers('axes');
      const isSum = op.name === 'sum';
      const result = new Float64Array(sizeOf(shape)).fill(isSum ? 0 : Number.NEGATIVE_INFINITY);
      let index = 0;
      for (const position of positions(xShape)) {
        const target = offset(
          position.filter((_, axis) => !axes.includes(axis)),
          shape,
        );
        const value = x[index++]!;
        result[target] = isSum ? result[target]! + value : Math.max(result[target]!, value);
      }
      return result;
    }
    case 'argMax': {
      const axis = number('axis');
      return build(shape, (position) => {
        const at = (place: number) => x[offset(position.toSpliced(axis, 0, place), xShape)]!;
        let best = 0;
        for (let place = 1; place < xShape[axis]!; place++) if (at(place) > at(best)) best = place;
        return best;
      });
    }
    case 'topIndices': {
      const length = xShape.at(-1)!;
      return build(shape, (position) => {
        const row = x.subarray(offset([...position.slice(0, -1), 0], xShape)).subarray(0, length);
        const order = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b);
        return order[position.at(-1)!]!;
      });
    }
    case 'cumsum': {
      const axis = number('axis');
      return build(shape, (position) => {
        let total = 0;
        for (let place = 0; place < shape[axis]!; place++) {
          const before = params.reverse ? place > position[axis]! : place < position[axis]!;
          const itself = place === position[axis]! && !params.exclusive;
          if (before || itself) total += x[offset(position.with(axis, place), shape)]!;
        }
        return total;
      });
    }
    case 'matMul': {
      const { transposeA, transposeB } = params;
      const inner = xShape.at(transposeA ? -2 : -1)!;
      // From one term of the sum to the next.
      const xStride = transposeA ? xShape.at(-1)! : 1;
      const yStride = transposeB ? 1 : yShape.at(-1)!;
      return build(shape, (position) => {
        const batch = position.slice(0, -2);
        const [i, j] = position.slice(-2) as [number, number];
        const a = broadcastOffset([...batch, ...(transposeA ? [0, i] : [i, 0])], xShape);
        const b = broadcastOffset([...batch, ...(transposeB ? [j, 0] : [0, j])], yShape);
        let total = 0;
        for (let k = 0; k < inner; k++) total += x[a + k * xStride]! * y[b + k * yStride]!;
        return total;
      });
    }
    case 'convolve':
      return convolutionForm(node, { x: xShape, filter: yShape, out: shape }, (form) => {
        form.out[form.o]! += x[form.i]! * y[form.f]!;
      });
    case 'convolveInput':
      return convolutionForm(node, { x: shape, filter: yShape, out: xShape }, (form) => {
        form.out[form.i]! += x[form.o]! * y[form.f]!;
      });
    case 'convolveFilter':
      return convolutionForm(node, { x: xShape, filter: shape, out: yShape }, (form) => {
        form.out[form.f]! += x[form.i]! * y[form.o]!;
      });
    default:
      throw new Error(`The reference does not know ${op.name}.`);
  }
}

/** Visits every (input, filter, output) triple that a convolution multiplies. */
function convolutionForm(
  node: Node,
  shapes: { x: Shape; filter: Shape; out: Shape },
  visit: (form: { out: Float64Array; i: number; f: number; o: number }) => void,
): Float64Array {
  const result = new Float64Array(sizeOf(node.shape));
  const strides = node.params.strides!;
  const dilations = node.params.dilations!;
  const [top, left] = node.params.padding!;
  const groups = node.params.groups!;
  const [, height, width] = shapes.x as [number, number, number];
  const [fh, fw, inner, outer] = shapes.filter as [number, number, number, number];
  for (const [n, r, c, m] of positions(shapes.out) as Generator<[number, number, number, number]>) {
    const group = Math.floor(m / (outer / groups));
    const o = offset([n, r, c, m], shapes.out);
    for (let p = 0; p < fh; p++) {
      for (let q = 0; q < fw; q++) {
        const row = r * strides[0]! + p * dilations[0]! - top!;
        const column = c * strides[1]! + q * dilations[1]! - left!;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        const i = offset([n, row, column, group * inner], shapes.x);
        const f = offset([p, q, 0, m], shapes.filter);
        for (let k = 0; k < inner; k++) visit({ out: result, i: i + k, f: f + k * outer, o });
      }
    }
  }
  return result;
}
