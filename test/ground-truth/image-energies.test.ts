/** Networks of images: against sums written out, slopes by differences, and bounds on these. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy } from 'ebm-lab';
import type { Node } from '../../trainer-worker/compiler/graph/graph';
import { input } from '../../trainer-worker/compiler/graph/ops/build';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { createGraph, gradientsOf, trace } from '../../trainer-worker/compiler/trace/trace';
import { buildEnergy, type EnergySpec } from '../../trainer-worker/methods/energies';
import { activations } from '../../trainer-worker/methods/energies/activation';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import {
  boundedFilter,
  spectralNormBound,
} from '../../trainer-worker/methods/energies/spectral-norm';
import { compareSlopes } from '../../trainer-worker/trainer/check/slopes';
import { initialParameters } from '../../trainer-worker/trainer/training/parameters';
import { energiesOf, type Values, valuesOf } from '../support/energies';

const random = new Random(7, streams.parameters);

/** Initial parameters, moved by noise so that none is zero. */
function initialised(spec: EnergySpec, dimensions: number, noise = 0.2): Values {
  const parameters = initialParameters(
    (source) => buildEnergy(spec, dimensions).init(source),
    new Random(5, streams.parameters),
    { files: [] },
  );
  return Object.fromEntries(
    parameters.map(({ name, shape, data }) => [
      name,
      { shape, data: data.map((value) => value + noise * random.normal()) },
    ]),
  );
}

const images = (count: number, numbers: number, deviation = 1) =>
  Array.from({ length: count }, () => [...random.normals(numbers, deviation)]);

const countOf = (values: Values) =>
  Object.values(values).reduce((sum, { data }) => sum + data.length, 0);

/** An image in float64, channels innermost. */
interface Image {
  readonly sides: readonly [number, number];
  readonly channels: number;
  readonly data: readonly number[];
}

/** A convolution with zeros around and the places of TensorFlow's `same`, written as sums. */
function convolution(
  { sides: [height, width], channels, data }: Image,
  { shape, data: filter }: Values[string],
  bias?: ArrayLike<number>,
): Image {
  const [rows, columns, , outputs] = shape as [number, number, number, number];
  const out: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let o = 0; o < outputs; o++) {
        let sum = bias?.[o] ?? 0;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const [v, u] = [y + i - (rows >> 1), x + j - (columns >> 1)];
            if (v < 0 || u < 0 || v >= height || u >= width) continue;
            for (let c = 0; c < channels; c++) {
              sum +=
                data[(v * width + u) * channels + c]! *
                filter[((i * columns + j) * channels + c) * outputs + o]!;
            }
          }
        }
        out.push(sum);
      }
    }
  }
  return { sides: [height, width], channels: outputs, data: out };
}

/** Means of the 2 × 2 pixels, or of those that there are. */
function pooled({ sides: [height, width], channels, data }: Image): Image {
  const sides = [Math.ceil(height / 2), Math.ceil(width / 2)] as const;
  const out: number[] = [];
  for (let y = 0; y < sides[0]; y++) {
    for (let x = 0; x < sides[1]; x++) {
      for (let c = 0; c < channels; c++) {
        const found = [0, 1, 2, 3]
          .map((k) => [2 * y + (k >> 1), 2 * x + (k & 1)] as const)
          .filter(([v, u]) => v < height && u < width)
          .map(([v, u]) => data[(v * width + u) * channels + c]!);
        out.push(found.reduce((sum, value) => sum + value, 0) / found.length);
      }
    }
  }
  return { sides, channels, data: out };
}

const mapped = (image: Image, f: (x: number) => number): Image => ({
  ...image,
  data: image.data.map(f),
});

test('a residual network of images is its blocks, written as sums', async () => {
  const shape = [5, 6, 2] as const;
  const spec = energy.residualConvolutional({
    shape,
    channels: [3, 4],
    blocks: 2,
    activation: 'tanh',
  });
  const parameters = initialised(spec, 60);
  const filter = (name: string) => parameters[`${name}Filter`]!;
  const bias = (name: string) => parameters[`${name}Bias`]!.data;
  const points = images(3, 60);
  const expected = points.map((point) => {
    let at: Image = { sides: [5, 6], channels: 2, data: point };
    at = convolution(at, filter('stem'), bias('stem'));
    for (const stage of [1, 2]) {
      for (const number of [1, 2]) {
        const name = `stage${stage}Block${number}`;
        const inner = convolution(
          mapped(at, Math.tanh),
          filter(`${name}First`),
          bias(`${name}First`),
        );
        const change = convolution(
          mapped(inner, Math.tanh),
          filter(`${name}Second`),
          bias(`${name}Second`),
        );
        const kept =
          `${name}ShortcutFilter` in parameters ? convolution(at, filter(`${name}Shortcut`)) : at;
        at = { ...change, data: change.data.map((value, i) => value + kept.data[i]!) };
        if (number === 1) at = pooled(at);
      }
    }
    return at.data.reduce(
      (sum, value, i) => sum + Math.tanh(value) * parameters['outputWeight']!.data[i % 4]!,
      0,
    );
  });
  const found = await energiesOf(spec, points, parameters);
  // float32 sums of some hundred terms of the order of 1.
  for (const [i, value] of expected.entries()) {
    assert.ok(
      Math.abs(found[i]! - value) < 3e-5 * Math.max(1, Math.abs(value)),
      `${found[i]} ${value}`,
    );
  }
});

test('parameters are as many as the docstrings say', () => {
  const block = (from: number, to: number, conditions = 0) =>
    9 * to * (from + to) + 2 * to + (from === to ? 0 : from * to) + conditions * to;
  const stem = (channels: number, to: number) => 9 * channels * to + to;
  const level = 9 * 64 + 64;
  const of = (spec: EnergySpec, dimensions: number) => countOf(initialised(spec, dimensions));
  const shape = [8, 8, 3] as const;
  const plain = energy.residualConvolutional({ shape, channels: [8, 12], blocks: 2 });
  const blocks = (conditions: number) =>
    block(8, 8, conditions) * 2 + block(8, 12, conditions) + block(12, 12, conditions);
  assert.equal(of(plain, 192), stem(3, 8) + blocks(0) + 12);
  const noisy = energy.noiseConditionalConvolutional({ shape, channels: [8, 12], blocks: 2 });
  assert.equal(of(noisy, 192), stem(3, 8) + blocks(64) + 12 + level);
  const uNet = energy.scoreUNet({ shape, channels: [8, 12], blocks: 1 });
  const down = block(8, 8, 64) + block(8, 12, 64);
  assert.equal(of(uNet, 192), stem(3, 8) + down + block(20, 8, 64) + stem(8, 3) + level);
});

/** Sides that are odd at some size, so that pixels are left over. */
const odd = [5, 7, 2] as const;
const networks: readonly EnergySpec[] = [
  energy.residualConvolutional({ shape: odd, channels: [3, 4], blocks: 1 }),
  energy.residualConvolutional({ shape: odd, channels: [3], stride: 2, spectralNorm: 0.7 }),
  energy.noiseConditionalConvolutional({ shape: odd, channels: [3, 4], blocks: 1 }),
  energy.scoreUNet({ shape: odd, channels: [3, 4, 4], nodes: 2 }),
];

describe('gradients are slopes, by differences in float64', () => {
  for (const spec of networks) {
    const built = buildEnergy(spec, 70);
    const parameters = initialised(spec, 70);
    const feeds = {
      points: Float32Array.from(images(2, 70).flat()),
      levels: Float32Array.of(0.4, 2),
      ...Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data])),
    };

    /** A scalar of energy or score, with its gradients in the points and the parameters. */
    function differentiated(what: 'energy' | 'score') {
      const graph = createGraph();
      const shapes: Readonly<Record<string, readonly number[]>> = {
        points: [2, 70],
        levels: [2],
        ...Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape])),
      };
      const nodes = Object.entries(shapes).map(([name, shape]) => input(graph, name, [...shape]));
      const names = nodes.map((node) => node.params.name!).filter((name) => name !== 'levels');
      const { results } = trace(graph, nodes, (...tensors) => {
        const named = Object.fromEntries(nodes.map((node, i) => [node.params.name!, tensors[i]!]));
        const { points, levels, ...own } = named;
        const model = modelOf(built, own, { files: [] });
        const level = built.condition ? (levels as tf.Tensor1D) : undefined;
        const { value, gradients } = gradientsOf(
          () =>
            (what === 'energy'
              ? tf.sum(model.energy(points as tf.Tensor2D, level))
              : tf.sum(tf.square(model.score(points as tf.Tensor2D, level)))) as tf.Scalar,
          Object.fromEntries(names.map((name) => [name, named[name]!])),
        );
        return [value, ...names.map((name) => gradients[name]!)];
      });
      const [scalar, ...gradients] = results as [Node, ...Node[]];
      const byName = new Map(nodes.map((node) => [node.params.name!, node]));
      return {
        scalar,
        inputs: nodes,
        variables: names.map((name, i) => ({
          name,
          node: byName.get(name)!,
          gradient: gradients[i]!,
        })),
      };
    }

    for (const what of ['energy', 'score'] as const) {
      test(`${what} of ${spec.type}${'stride' in spec && spec.stride > 1 ? ', bounded' : ''}`, () => {
        const { error, wrong, isFlat } = compareSlopes(differentiated(what), feeds, {
          seed: 1,
          step: 1,
        });
        assert.deepEqual(wrong, []);
        assert.ok(!isFlat);
        // Float64 on smooth functions: differences of width 1e-5 are good to 1e-7 or better.
        assert.ok(error !== undefined && error < 1e-5, `${error}`);
      });
    }
  }
});

test('an image has its energy whatever else is in the batch', async () => {
  for (const spec of networks) {
    const parameters = initialised(spec, 70);
    const points = images(4, 70);
    const levels = 'dataDeviation' in spec ? [0.3, 1, 2, 0.3] : undefined;
    const all = await energiesOf(spec, points, parameters, levels);
    for (const [i, point] of points.entries()) {
      const [alone] = await energiesOf(spec, [point], parameters, levels && [levels[i]!]);
      // Sums in another order.
      assert.ok(Math.abs(alone! - all[i]!) < 1e-4 * Math.max(1, Math.abs(all[i]!)), spec.type);
    }
  }
});

test('a U-Net begins as the field of Gaussian data with noise', async () => {
  const spec = energy.scoreUNet({ shape: odd, channels: [3, 4], dataDeviation: 0.5 });
  const parameters = initialised(spec, 70, 0);
  const points = images(2, 70);
  const levels = [0.3, 2];
  const found = await energiesOf(spec, points, parameters, levels);
  for (const [i, point] of points.entries()) {
    const squares = point.reduce((sum, x) => sum + x * x, 0);
    const expected = squares / (2 * (levels[i]! ** 2 + 0.25));
    assert.ok(Math.abs(found[i]! - expected) < 1e-4 * expected);
  }
});

/** The largest singular value of a linear map and its transpose, by 500 power iterations in float64. */
function largestSingularValue(
  size: number,
  apply: (v: readonly number[]) => readonly number[],
  transposed: (v: readonly number[]) => readonly number[],
): number {
  const norm = (v: readonly number[]) => Math.hypot(...v);
  let v: readonly number[] = Array.from({ length: size }, () => random.normal());
  let value = 0;
  for (let i = 0; i < 500; i++) {
    const length = norm(v);
    v = v.map((x) => x / length);
    const image = apply(v);
    value = norm(image);
    v = transposed(image);
  }
  return value;
}

describe('spectral norms', () => {
  test('of matrices are bounded from above, and closely', async () => {
    for (const [rows, columns] of [
      [5, 3],
      [4, 20],
      [64, 64],
      [1, 6],
    ] as const) {
      for (const size of [1e-3, 1, 300]) {
        const data = random.normals(rows * columns, size);
        const at = (i: number, j: number) => data[i * columns + j]!;
        const exact = largestSingularValue(
          columns,
          (v) =>
            Array.from({ length: rows }, (_, i) => v.reduce((sum, x, j) => sum + x * at(i, j), 0)),
          (u) =>
            Array.from({ length: columns }, (_, j) =>
              u.reduce((sum, x, i) => sum + x * at(i, j), 0),
            ),
        );
        const [bound] = await valuesOf({ m: { shape: [rows, columns], data } }, ({ m }) =>
          spectralNormBound(m as tf.Tensor2D),
        );
        // min(rows, columns)^(1/256): 1.6 % for 64. Below it by rounding alone.
        const most = Math.min(rows, columns) ** (1 / 256);
        assert.ok(
          bound! > exact * (1 - 2e-5) && bound! < exact * most * (1 + 2e-5),
          `${bound} ${exact}`,
        );
      }
    }
  });

  test('of a matrix of zeros is nothing, with a slope that is a number', async () => {
    const zeros = { m: { shape: [3, 2], data: new Float32Array(6) } };
    const [bound] = await valuesOf(zeros, ({ m }) => spectralNormBound(m as tf.Tensor2D));
    assert.ok(bound! >= 0 && bound! < 1e-6);
    const slopes = await valuesOf(zeros, ({ m }) =>
      tf.grad((at: tf.Tensor) => spectralNormBound(at as tf.Tensor2D))(m!),
    );
    assert.ok(slopes.every(Number.isFinite));
  });

  test('of convolutions are what was asked for at most, and not much less than a third of it', async () => {
    const [height, width, inputs, outputs] = [6, 5, 2, 3];
    const data = random.normals(9 * inputs * outputs, 1);
    const shape = [3, 3, inputs, outputs];
    const bounded = await valuesOf({ filter: { shape, data } }, ({ filter }) =>
      boundedFilter(filter as tf.Tensor4D, 0.8),
    );
    const filter = { shape, data: bounded };
    // The transposed convolution turns the filter by half a turn, and swaps its channels.
    const turned = Float32Array.from(bounded, (_, i) => {
      const [place, o, c] = [Math.floor(i / 6), Math.floor((i % 6) / inputs), i % inputs];
      return bounded[((8 - place) * inputs + c) * outputs + o]!;
    });
    const sides = [height, width] as const;
    const norm = largestSingularValue(
      height * width * inputs,
      (v) => convolution({ sides, channels: inputs, data: v }, filter).data,
      (u) =>
        convolution(
          { sides, channels: outputs, data: u },
          { shape: [3, 3, outputs, inputs], data: turned },
        ).data,
    );
    assert.ok(norm <= 0.8 && norm > 0.8 / 4, `${norm}`);
    const small = data.map((value) => value / 1000);
    const left = await valuesOf({ filter: { shape, data: small } }, ({ filter: given }) =>
      boundedFilter(given as tf.Tensor4D, 0.8),
    );
    assert.deepEqual(left, small);
  });

  test('bound the slope of the energy, everywhere that was looked', async () => {
    for (const [shape, options] of [
      [[8, 8, 1], { channels: [4, 6], blocks: 2, spectralNorm: 1 }],
      [[5, 7, 2], { channels: [3], blocks: 1, spectralNorm: 2, activation: 'relu' }],
      [[6, 6, 1], { channels: [4], stride: 2, spectralNorm: 0.5, activation: 'gelu' }],
    ] as const) {
      const spec = energy.residualConvolutional({ shape, ...options });
      const dimensions = shape[0] * shape[1] * shape[2];
      const built = buildEnergy(spec, dimensions);
      // Weights far beyond the bound, so that it is what holds them.
      const parameters = initialised(spec, dimensions, 3);
      const data = random.normals(64 * dimensions, 2);
      const slopes = await valuesOf(
        { ...parameters, points: { shape: [64, dimensions], data } },
        ({ points, ...own }) => modelOf(built, own, { files: [] }).score(points as tf.Tensor2D),
      );
      let largest = 0;
      for (let row = 0; row < 64; row++) {
        const slope = slopes.subarray(row * dimensions, (row + 1) * dimensions);
        largest = Math.max(largest, Math.hypot(...slope));
      }
      assert.ok(largest > 0 && largest <= built.lipschitz!, `${largest} of ${built.lipschitz}`);
    }
    const free = energy.residualConvolutional({ shape: [8, 8, 1] });
    assert.equal(buildEnergy(free, 64).lipschitz, undefined);
  });

  test('count on slopes of activations that these have at most', async () => {
    const data = Float32Array.from({ length: 20_001 }, (_, i) => (i - 10_000) / 1000);
    for (const [name, { apply, slope }] of Object.entries(activations)) {
      const slopes = await valuesOf({ x: { shape: [data.length], data } }, ({ x }) =>
        tf.grad((at: tf.Tensor) => tf.sum(apply(at)))(x!),
      );
      const largest = Math.max(...slopes.map(Math.abs));
      assert.ok(largest <= slope * (1 + 1e-6) && largest > slope * 0.999, `${name}: ${largest}`);
    }
  });
});

test('rows that are no such images are refused', () => {
  for (const spec of networks) {
    assert.throws(
      () => buildEnergy(spec, 71),
      /images of 5 × 7 × 2 have 70 numbers, but a data row has 71/,
    );
  }
});
