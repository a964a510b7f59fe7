/** Energies against what they are by definition: enumeration, hand-written sums, closed forms. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { buildEnergy, type EnergySpec } from '../../trainer-worker/methods/energies';
import { gaussLegendre } from '../../trainer-worker/methods/energies/gauss-legendre';
import { initialParameters } from '../../trainer-worker/trainer/training/parameters';
import { energiesOf, type Values, valuesOf } from '../support/energies';
import { trainingStep } from '../support/training-step';

const random = new Random(3, streams.parameters);

/** Numbers of these shapes that no initialisation would give. */
function drawn(shapes: Readonly<Record<string, readonly number[]>>): Values {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      {
        shape,
        data: random.normals(
          shape.reduce((size, n) => size * n, 1),
          0.7,
        ),
      },
    ]),
  );
}

const bits = (state: number, count: number) =>
  Array.from({ length: count }, (_, d) => (state >> d) & 1);
const logSumExp = (values: readonly number[]) => {
  const highest = Math.max(...values);
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
};
/** float32 carries 6 digits of sums of about this size. */
function close(actual: ArrayLike<number>, expected: readonly number[], tolerance = 2e-5): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) {
    assert.ok(
      Math.abs(actual[i]! - value) <= tolerance * Math.max(1, Math.abs(value)),
      `${i}: ${actual[i]}, not ${value}`,
    );
  }
}

test('the free energy of an RBM sums its hidden units out', async () => {
  const parameters = drawn({ weight: [4, 3], visible: [4], hidden: [3] });
  const [w, a, b] = [
    parameters['weight']!.data,
    parameters['visible']!.data,
    parameters['hidden']!.data,
  ];
  const points = Array.from({ length: 16 }, (_, state) => bits(state, 4));
  const expected = points.map(
    (v) =>
      -logSumExp(
        Array.from({ length: 8 }, (_, state) => {
          const h = bits(state, 3);
          let exponent = 0;
          for (let i = 0; i < 4; i++) {
            exponent += a[i]! * v[i]!;
            for (let j = 0; j < 3; j++) exponent += v[i]! * w[i * 3 + j]! * h[j]!;
          }
          for (let j = 0; j < 3; j++) exponent += b[j]! * h[j]!;
          return exponent;
        }),
      ),
  );
  close(await energiesOf(energy.rbm({ hidden: 3 }), points, parameters), expected);
});

test('the free energy of a Gauss–Bernoulli RBM sums its hidden units out', async () => {
  const deviation = 0.8;
  const parameters = drawn({ weight: [2, 3], visible: [2], hidden: [3] });
  const [w, a, b] = [
    parameters['weight']!.data,
    parameters['visible']!.data,
    parameters['hidden']!.data,
  ];
  const points = [
    [0.3, -1.2],
    [2, 0.5],
  ];
  const expected = points.map(
    (v) =>
      -logSumExp(
        Array.from({ length: 8 }, (_, state) => {
          const h = bits(state, 3);
          let exponent = 0;
          for (let i = 0; i < 2; i++) {
            exponent -= (v[i]! - a[i]!) ** 2 / (2 * deviation ** 2);
            for (let j = 0; j < 3; j++) exponent += (v[i]! / deviation) * w[i * 3 + j]! * h[j]!;
          }
          for (let j = 0; j < 3; j++) exponent += b[j]! * h[j]!;
          return exponent;
        }),
      ),
  );
  close(
    await energiesOf(energy.gaussBernoulliRbm({ hidden: 3, deviation }), points, parameters),
    expected,
  );
});

test('Ising energies are minus the couplings of pairs and the fields', async () => {
  const parameters = drawn({ coupling: [3, 3], field: [3] });
  const [j, h] = [parameters['coupling']!.data, parameters['field']!.data];
  const points = Array.from({ length: 8 }, (_, state) => bits(state, 3));
  const expected = points.map((x) => {
    const s = x.map((value) => 2 * value - 1);
    const pairs = j[1]! * s[0]! * s[1]! + j[2]! * s[0]! * s[2]! + j[5]! * s[1]! * s[2]!;
    return -pairs - h[0]! * s[0]! - h[1]! * s[1]! - h[2]! * s[2]!;
  });
  close(await energiesOf(energy.ising(), points, parameters), expected);
});

describe('a Gaussian mixture', () => {
  const parameters = drawn({ mean: [3, 2], logDeviation: [3, 2], logit: [3] });
  const [mean, logDeviation, logit] = [
    parameters['mean']!.data,
    parameters['logDeviation']!.data,
    parameters['logit']!.data,
  ];

  test('has minus its log-density as energy', async () => {
    const points = [
      [0, 0],
      [1.5, -2],
      [-8, 3],
    ];
    const expected = points.map((x) => {
      const terms = [0, 1, 2].map((k) => {
        let term = logit[k]! - logSumExp([...logit]);
        for (let d = 0; d < 2; d++) {
          const at = 2 * k + d;
          term -= Math.log(2 * Math.PI) / 2 + logDeviation[at]!;
          term -= (x[d]! - mean[at]!) ** 2 / (2 * Math.exp(2 * logDeviation[at]!));
        }
        return term;
      });
      return -logSumExp(terms);
    });
    close(
      await energiesOf(energy.gaussianMixture({ components: 3 }), points, parameters),
      expected,
    );
  });
});

/** log ∫ exp(-E) over a square far wider than the energy's low part, by the midpoint rule. */
async function logIntegral(spec: EnergySpec, parameters: Values): Promise<number> {
  const [half, cells] = [14, 160];
  const width = (2 * half) / cells;
  const points = Array.from({ length: cells * cells }, (_, i) => [
    -half + width * ((i % cells) + 0.5),
    -half + width * (Math.floor(i / cells) + 0.5),
  ]);
  const energies = await energiesOf(spec, points, parameters);
  return logSumExp([...energies].map((value) => -value)) + 2 * Math.log(width);
}

describe('log Z that an energy knows is the integral of exp(-E)', () => {
  // The midpoint rule errs by less than 1e-6 for these smooth densities whose deviations exceed two
  // cells (0.35); 1e-4 allows for float32 energies.
  const cases: readonly (readonly [EnergySpec, Values])[] = [
    [
      energy.gaussian(),
      {
        mean: { shape: [2], data: Float32Array.of(0.5, -1) },
        logDiagonal: { shape: [2], data: Float32Array.of(0.3, -0.4) },
        factor: { shape: [2, 2], data: Float32Array.of(9, 0.6, 7, 5) },
      },
    ],
    [energy.quadratic(), { curvature: { shape: [2], data: Float32Array.of(0.5, 2) } }],
    [
      energy.gaussianMixture({ components: 2 }),
      {
        mean: { shape: [2, 2], data: Float32Array.of(-2, 1, 3, 0) },
        logDeviation: { shape: [2, 2], data: Float32Array.of(0, -0.2, 0.3, 0.1) },
        logit: { shape: [2], data: Float32Array.of(0.4, -1) },
      },
    ],
  ];
  for (const [spec, parameters] of cases) {
    test(`of ${spec.type}`, async () => {
      const known = await valuesOf(parameters, (tensors) =>
        buildEnergy(spec, 2).logPartition!(tensors),
      );
      const integral = await logIntegral(spec, parameters);
      assert.ok(Math.abs(known[0]! - integral) < 1e-4, `${known[0]}, not ${integral}`);
    });
  }
});

/** An energy's own initial parameters, moved by noise so that none is zero. */
function initialised(spec: EnergySpec, dimensions: number): Values {
  const parameters = initialParameters(
    (source) => buildEnergy(spec, dimensions).init(source),
    new Random(5, streams.parameters),
    { files: [] },
  );
  return Object.fromEntries(
    parameters.map(({ name, shape, data }) => [
      name,
      { shape, data: data.map((value) => value + 0.1 * random.normal()) },
    ]),
  );
}

const few = [
  [0.5, -1],
  [2, 0.25],
  [-1.5, 1],
];

for (const spec of [
  energy.classifier({ classes: 3, hidden: [8] }),
  energy.labelConditional({ classes: 3, hidden: [8] }),
]) {
  test(`E(x) of ${spec.type} is minus the log-sum of exp(-E(x, y)) over the classes`, async () => {
    const parameters = initialised(spec, 2);
    const joint: Float32Array[] = [];
    for (const y of [0, 1, 2]) joint.push(await energiesOf(spec, few, parameters, [y, y, y]));
    const expected = few.map((_, i) => -logSumExp(joint.map((values) => -values[i]!)));
    close(await energiesOf(spec, few, parameters), expected);
    assert.ok(Math.abs(joint[0]![0]! - joint[1]![0]!) > 1e-4);
    // Each row has its own class.
    close(await energiesOf(spec, few, parameters, [2, 0, 1]), [
      joint[2]![0]!,
      joint[0]![1]!,
      joint[1]![2]!,
    ]);
  });
}

describe('an energy of your own that depends on a label', () => {
  // The logits of a linear classifier, as an energy of points and classes.
  const own = energy.custom({
    init: (rng) => ({ weight: rng.normal([2, 3]), bias: tf.zeros([3]) }),
    condition: 'label',
    classes: 3,
    energy: ({ weight, bias }, x, label) =>
      tf.neg(tf.sum(tf.mul(tf.add(tf.matMul(x, weight), bias), label), 1)),
  });
  const parameters = {
    weight: { shape: [2, 3], data: Float32Array.of(0.5, -1, 2, 1.5, 0.25, -0.75) },
    bias: { shape: [3], data: Float32Array.of(0.1, -0.2, 0.3) },
  };
  const logits = few.map(([x, y]) =>
    [0, 1, 2].map(
      (k) =>
        x! * parameters.weight.data[k]! +
        y! * parameters.weight.data[3 + k]! +
        parameters.bias.data[k]!,
    ),
  );

  test('is given the class of each row, and without one is the log-sum over all', async () => {
    const classes = [2, 0, 1];
    close(
      await energiesOf(own, few, parameters, classes),
      logits.map((row, i) => -row[classes[i]!]!),
    );
    close(
      await energiesOf(own, few, parameters),
      logits.map((row) => -logSumExp(row)),
    );
  });

  test('learns classes as a classifier does', async () => {
    const rows = Float32Array.from({ length: 32 }, (_, i) => Math.sin(3 * i));
    const training = Float32Array.from({ length: 16 }, (_, row) => row % 3);
    const step = await trainingStep({
      energy: own,
      objective: objective.jem({ sampler: sampler.langevin({ steps: 2 }), bufferSize: 16 }),
      optimizer: optimizer.adam({ learningRate: 0.1 }),
      rows,
      labels: { classes: ['a', 'b', 'c'], training },
      bounds: [
        [-2, 2],
        [-2, 2],
      ],
      batchSize: 16,
    });
    const first = (await step.run(1))['cross-entropy']!;
    for (let number = 2; number <= 100; number++) await step.run(number);
    const last = (await step.run(101))['cross-entropy']!;
    assert.ok(last < first && last > 0, `${first}, then ${last}`);
    await step.dispose();
  });

  test('says how many classes there are, and nothing else does', () => {
    const init = () => ({ a: tf.scalar(1) });
    const height = (_: unknown, x: tf.Tensor2D) => tf.sum(x, 1);
    for (const options of [
      { init, energy: height, condition: 'label' },
      { init, energy: height, classes: 3 },
      { init, energy: height, condition: 'noise level', classes: 3 },
    ]) {
      assert.throws(
        () => energy.custom(options as never),
        /'classes' and condition: 'label' go together/,
      );
    }
  });
});

test('residual blocks compute what they say', async () => {
  const spec = energy.residual({ width: 2, blocks: 1, activation: 'tanh' });
  const parameters = initialised(spec, 2);
  const get = (name: string) => parameters[name]!.data;
  const linear = (values: readonly number[], weight: string, bias: string) =>
    [0, 1].map(
      (j) => values[0]! * get(weight)[j]! + values[1]! * get(weight)[2 + j]! + get(bias)[j]!,
    );
  const expected = few.map((x) => {
    const h = linear(x, 'inputWeight', 'inputBias');
    const inner = linear(h.map(Math.tanh), 'block1Weight1', 'block1Bias1');
    const change = linear(inner.map(Math.tanh), 'block1Weight2', 'block1Bias2');
    const out = h.map((value, i) => Math.tanh(value + change[i]!));
    return out[0]! * get('outputWeight')[0]! + out[1]! * get('outputWeight')[1]!;
  });
  close(await energiesOf(spec, few, parameters), expected);
});

for (const spec of [
  energy.noiseConditional({ hidden: [4], dataDeviation: 2 }),
  energy.scoreNetwork({ hidden: [4], dataDeviation: 2 }),
]) {
  test(`${spec.type} without its network is the energy of Gaussian data with noise`, async () => {
    const parameters = Object.fromEntries(
      Object.entries(initialised(spec, 2)).map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map(() => 0) },
      ]),
    );
    const levels = [0.1, 1, 20];
    const expected = few.map(([x, y], i) => (x! ** 2 + y! ** 2) / (2 * (levels[i]! ** 2 + 2 ** 2)));
    close(await energiesOf(spec, few, parameters, levels), expected);
  });
}

test('where a score network is a gradient, its energy has that gradient', async () => {
  // In one dimension every field is: a central difference of the energy is minus the score. The
  // difference over 2h errs by h² E‴/6, and by float32 rounding 1e-7·E/h: both below 1e-3 here.
  const spec = energy.scoreNetwork({ hidden: [6], nodes: 24 });
  const parameters = initialised(spec, 1);
  const [points, h] = [[-1.5, 0.4, 2], 0.01];
  const energies = await energiesOf(
    spec,
    points.flatMap((x) => [[x + h], [x - h]]),
    parameters,
    points.flatMap(() => [0.7, 0.7]),
  );
  const model = buildEnergy(spec, 1);
  const x = { shape: [3, 1], data: Float32Array.from(points) };
  const level = { shape: [3], data: Float32Array.of(0.7, 0.7, 0.7) };
  const scores = await valuesOf({ ...parameters, x, level }, (tensors) =>
    model.score!(tensors, tensors['x'] as tf.Tensor2D, tensors['level'] as tf.Tensor1D),
  );
  const slopes = points.map((_, i) => (energies[2 * i + 1]! - energies[2 * i]!) / (2 * h));
  close(scores, slopes, 3e-3);
});

test('the Gauss–Legendre rule is exact for polynomials of degree 2n - 1', () => {
  for (const count of [1, 2, 5, 16]) {
    const rule = gaussLegendre(count);
    for (let degree = 0; degree < 2 * count; degree++) {
      const sum = rule.reduce((total, { node, weight }) => total + weight * node ** degree, 0);
      assert.ok(Math.abs(sum - 1 / (degree + 1)) < 1e-13, `${count}, ${degree}: ${sum}`);
    }
  }
});

test('a layers model is taken as it is: its predictions are the energies', async () => {
  await tf.setBackend('cpu');
  const model = tf.sequential({
    layers: [
      tf.layers.reshape({ targetShape: [2, 2, 1], inputShape: [4] }),
      tf.layers.conv2d({ filters: 3, kernelSize: 2, padding: 'same', activation: 'tanh' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, activation: 'softplus' }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const spec = energy.layersModel({ model: () => model });
  const points = [
    [0.5, -1, 2, 0.1],
    [1, 2, -3, 0.7],
  ];
  const parameters = initialised(spec, 4);
  const before = await energiesOf(spec, points, parameters);
  // The parameters differ from the model's own weights until these are set to them.
  const predicted = () => (model.predict(tf.tensor2d(points)) as tf.Tensor).dataSync();
  assert.ok(Math.abs(predicted()[0]! - before[0]!) > 1e-4);
  model.setWeights(Object.values(parameters).map(({ data, shape }) => tf.tensor(data, [...shape])));
  close(before, [...predicted()]);
});

test('what a layers model does not train stays as it is', async () => {
  await tf.setBackend('cpu');
  const frozen = tf.layers.dense({
    units: 3,
    inputShape: [2],
    activation: 'tanh',
    trainable: false,
  });
  const nested = tf.sequential({ layers: [frozen, tf.layers.dense({ units: 2 })] });
  const model = tf.sequential({ layers: [nested, tf.layers.dense({ units: 1 })] });
  const spec = energy.layersModel({ model: () => model });
  const points = [
    [0.5, -1],
    [2, 0.3],
  ];
  const parameters = initialised(spec, 2);
  assert.deepEqual(
    Object.values(parameters).map(({ shape }) => shape),
    [[3, 2], [2], [2, 1], [1]],
  );
  const [energies] = [await energiesOf(spec, points, parameters)];
  const constants = frozen.getWeights();
  model.setWeights([
    ...Object.values(parameters).map(({ data, shape }) => tf.tensor(data, [...shape])),
    ...constants,
  ]);
  close(energies, [...(model.predict(tf.tensor2d(points)) as tf.Tensor).dataSync()]);
});

describe('a layers model is refused, at whatever depth, for a layer that', () => {
  const { layers } = tf;
  const sequence = (...inner: tf.layers.Layer[]) =>
    tf.sequential({ layers: [layers.reshape({ targetShape: [2, 1], inputShape: [2] }), ...inner] });
  const nested = (...inner: tf.layers.Layer[]) => tf.sequential({ layers: inner });
  const dense = (options: Partial<Parameters<typeof layers.dense>[0]>) =>
    layers.dense({ units: 4, inputShape: [2], ...options });
  const differs = /behaves differently in training/;
  const refused: Readonly<Record<string, [model: () => tf.LayersModel, because: RegExp]>> = {
    'normalizes batches': [() => nested(dense({}), layers.batchNormalization()), differs],
    'drops elements of a nested model': [
      () => nested(nested(dense({}), nested(layers.dropout({ rate: 0.5, inputShape: [4] })))),
      /\(Dropout\) behaves differently in training/,
    ],
    'normalizes batches in each step of time': [
      () => sequence(layers.timeDistributed({ layer: layers.batchNormalization() })),
      /\(BatchNormalization\) behaves differently in training/,
    ],
    'is recurrent and drops elements': [
      () => sequence(layers.lstm({ units: 2, dropout: 0.1 })),
      /has dropout: 0\.1, which draws noise/,
    ],
    'drops elements of its state, both ways': [
      () =>
        sequence(
          layers.bidirectional({
            layer: layers.gru({ units: 2, recurrentDropout: 0.2 }) as tf.RNN,
            mergeMode: 'concat',
          }),
        ),
      /has recurrentDropout: 0\.2/,
    ],
    'drops elements in a cell among several': [
      () =>
        sequence(
          layers.rnn({
            cell: [
              layers.simpleRNNCell({ units: 2 }),
              layers.simpleRNNCell({ units: 2, dropout: 0.3 }),
            ] as tf.layers.RNNCell[],
          }),
        ),
      /has dropout: 0\.3/,
    ],
    'keeps a state': [
      () =>
        tf.sequential({
          layers: [layers.simpleRNN({ units: 2, stateful: true, batchInputShape: [8, 2, 1] })],
        }),
      differs,
    ],
    'bounds its weights': [
      () => nested(dense({ kernelConstraint: tf.constraints.maxNorm({ maxValue: 2 }) })),
      /has kernelConstraint, which is not applied/,
    ],
    'is wrapped and punishes weights': [
      () =>
        sequence(
          layers.timeDistributed({
            layer: layers.dense({ units: 2, biasRegularizer: tf.regularizers.l2() }),
          }),
        ),
      /has biasRegularizer, which is not applied/,
    ],
  };
  for (const [name, [model, because]] of Object.entries(refused)) {
    test(name, () => {
      assert.throws(() => initialised(energy.layersModel({ model }), 2), because);
    });
  }
});

test('a convolutional energy is its convolutions, written as sums', async () => {
  const spec = energy.convolutional({
    shape: [3, 3, 1],
    channels: [2],
    stride: 1,
    activation: 'tanh',
  });
  const parameters = initialised(spec, 9);
  const [filter, bias, weight] = ['filter1', 'bias1', 'weight'].map(
    (name) => parameters[name]!.data,
  );
  const point = Array.from({ length: 9 }, (_, i) => Math.sin(3 * i));
  let expected = 0;
  for (let at = 0; at < 9; at++) {
    for (let channel = 0; channel < 2; channel++) {
      let sum = bias![channel]!;
      for (let tap = 0; tap < 9; tap++) {
        const row = Math.floor(at / 3) + Math.floor(tap / 3) - 1;
        const column = (at % 3) + (tap % 3) - 1;
        if (row < 0 || row > 2 || column < 0 || column > 2) continue;
        sum += point[3 * row + column]! * filter![2 * tap + channel]!;
      }
      expected += Math.tanh(sum) * weight![2 * at + channel]!;
    }
  }
  close(await energiesOf(spec, [point], parameters), [expected]);
  assert.throws(() => buildEnergy(spec, 8), /have 9 numbers, but a data row has 8/);
});

test('a product adds the energies of its parts, a mixture their densities', async () => {
  const of = [energy.mlp({ hidden: [4] }), energy.gaussian(), energy.mlp({ hidden: [3] })];
  const parts: Float32Array[] = [];
  const parameters: Record<string, Values[string]> = {};
  for (const [k, spec] of of.entries()) {
    const own = initialised(spec, 2);
    parts.push(await energiesOf(spec, few, own));
    for (const [name, value] of Object.entries(own)) parameters[`part${k + 1}/${name}`] = value;
  }
  const factors = [1, 0.5, -1];
  close(
    await energiesOf(energy.product({ of, factors }), few, parameters),
    few.map((_, i) => parts[0]![i]! + 0.5 * parts[1]![i]! - parts[2]![i]!),
  );
  close(
    await energiesOf(energy.mixture({ of }), few, parameters),
    few.map((_, i) => -logSumExp(parts.map((values) => -values[i]!))),
  );
  // Its own initial parameters have the same names.
  assert.deepEqual(
    Object.keys(initialised(energy.mixture({ of }), 2)).sort(),
    Object.keys(parameters).sort(),
  );
});
