/**
 * Variants of contrastive divergence on E = θx²/2 in one dimension. Chains without noise take x to
 * (1 - a)x with a = ε²θ/2, so every gradient is a sum over the starts that is done here again, in
 * float64 and by other means.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler, schedule } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import type { ObjectiveSpec } from '../../trainer-worker/methods/objectives';
import { neighbourEntropy } from '../../trainer-worker/methods/objectives/neighbour-entropy';
import { tensorOf, trainingStep } from '../support/training-step';

const theta = 0.9;
const stepSize = 0.6;
const a = (stepSize ** 2 * theta) / 2;
const bounds = [[-3, 3]] as const;
const still = sampler.langevin({ steps: 1, stepSize, noise: 0 });

function normals(count: number, deviation: number): Float32Array {
  const random = new Random(5, streams.trainingData);
  return Float32Array.from({ length: count }, () => deviation * random.normal());
}

/** The gradient in θ of the first step, and the chains that it began with and that it left. */
async function gradientOf(method: ObjectiveSpec, rows: Float32Array, batchSize = rows.length) {
  const step = await trainingStep({
    energy: energy.custom({
      init: () => ({ theta: tf.scalar(theta) }),
      energy: (params, x) => tf.mul(params.theta, tf.sum(tf.mul(tf.square(x), 0.5), 1)),
    }),
    objective: method,
    // A plain step of rate 1 subtracts the gradient itself.
    optimizer: optimizer.sgd({ learningRate: 1 }),
    rows,
    bounds,
    batchSize,
  });
  const before = await step.checkpoint(0);
  const metrics = await step.run(1);
  const after = await step.checkpoint(1);
  await step.dispose();
  return {
    gradient: theta - tensorOf(after, 'parameters/theta').data[0]!,
    metrics,
    starts: before.tensors.find(({ name }) => name === 'buffer')?.data ?? new Float32Array(),
  };
}

const mean = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

/** Sums of a few hundred float32 numbers of size 1 agree to about 1e-6; θ itself is rounded to 6e-8. */
function close(measured: number, expected: number, tolerance = 2e-6): void {
  assert.ok(Math.abs(measured - expected) < tolerance, `${measured}, not ${expected}`);
}

describe('forms of the contrast', () => {
  const rows = normals(256, 1.4);
  // Energies by their slope in θ: E = θ·slope.
  const ofData = Array.from(rows, (x) => x ** 2 / 2);
  const ofSamples = Array.from(rows, (x) => ((1 - a) * x) ** 2 / 2);

  test('the difference has the difference of mean slopes for a gradient', async () => {
    const method = objective.contrastiveDivergence({ sampler: still });
    const { gradient } = await gradientOf(method, rows);
    close(gradient, mean(ofData) - mean(ofSamples));
  });

  test('log-sum-exp weighs the slopes of the samples by softmax(-E)', async () => {
    const method = objective.contrastiveDivergence({ sampler: still, contrast: 'logSumExp' });
    const { gradient } = await gradientOf(method, rows);
    const weights = ofSamples.map((slope) => Math.exp(-theta * slope));
    const total = weights.reduce((sum, weight) => sum + weight);
    const weighted = ofSamples.reduce((sum, slope, i) => sum + (slope * weights[i]!) / total, 0);
    close(gradient, mean(ofData) - weighted);
  });

  test('softplus weighs each pair by the sigmoid of its contrast', async () => {
    const method = objective.contrastiveDivergence({ sampler: still, contrast: 'softplus' });
    const { gradient } = await gradientOf(method, rows);
    // The order of the rows in a batch is shuffled, and so are the chains with them.
    const pairs = ofData.map((slope, i) => {
      const contrast = slope - ofSamples[i]!;
      return contrast / (1 + Math.exp(-theta * contrast));
    });
    close(gradient, mean(pairs));
  });

  test('the penalty adds the slope of the mean squares', async () => {
    const method = objective.contrastiveDivergence({ sampler: still, energyPenalty: 0.25 });
    const { gradient } = await gradientOf(method, rows);
    const squares = (slopes: number[]) => mean(slopes.map((slope) => 2 * theta * slope ** 2));
    const penalty = 0.25 * (squares(ofData) + squares(ofSamples));
    close(gradient, mean(ofData) - mean(ofSamples) + penalty, 1e-5);
  });
});

test('short-run chains start anew in the window, however far the model is from it', async () => {
  const count = 100_000;
  const steps = 3;
  const method = objective.shortRun({ sampler: sampler.langevin({ steps, stepSize, noise: 0 }) });
  const rows = normals(count, 1);
  const { gradient } = await gradientOf(method, rows);
  // Uniform on [-3, 3]: x² has mean 3 and standard deviation √(81/5 - 9).
  const shrunk = (1 - a) ** (2 * steps);
  const expected = mean(rows.map((x) => x ** 2 / 2)) - (shrunk * 3) / 2;
  const deviation = (shrunk * Math.sqrt(81 / 5 - 9)) / 2;
  close(gradient, expected, (4 * deviation) / Math.sqrt(count));
});

describe('improved contrastive divergence', () => {
  const rows = normals(200, 1.4);
  const improved = (samplerWeight: number, entropyWeight: number) =>
    objective.improvedContrastiveDivergence({
      sampler: still,
      samplerWeight,
      entropyWeight,
      bufferSize: rows.length,
      reinitialize: 0,
    });
  const contrastOf = (starts: Float32Array) =>
    mean(rows.map((x) => x ** 2 / 2)) - mean(starts.map((x) => ((1 - a) * x) ** 2 / 2));

  test('without its own terms is persistent contrastive divergence', async () => {
    const { gradient, starts } = await gradientOf(improved(0, 0), rows);
    close(gradient, contrastOf(starts));
  });

  test('adds how the parameters move the samples in the energy', async () => {
    const { gradient, starts } = await gradientOf(improved(0.7, 0), rows);
    // x⁻(θ) = (1 - ε²θ/2)x: d/dθ of E(x⁻(θ)), with θ inside E held, is θx⁻ · (-ε²x/2).
    const moved = mean(starts.map((x) => theta * (1 - a) * x * (-(stepSize ** 2) / 2) * x));
    close(gradient, contrastOf(starts) + 0.7 * moved);
  });

  test('moves the samples and their neighbours alike', async () => {
    const { gradient, starts, metrics } = await gradientOf(improved(0, 0.3), rows);
    const ends = Array.from(starts, (x) => (1 - a) * x);
    const third = ends.map(
      (end) => ends.map((other) => Math.abs(end - other)).sort((one, other) => one - other)[3]!,
    );
    // Third neighbours of 200 are rarely nearer than 1e-3: float32 ends of size 1 know their distance
    // to 1e-4.
    close(metrics['entropy/samples']!, mean(third.map(Math.log)), 1e-4);
    // All ends are (1 - ε²θ/2)x: so are their distances, and H is its logarithm but for a constant.
    const slope = -(stepSize ** 2) / 2 / (1 - a);
    const expected = contrastOf(starts) - 0.3 * slope;
    close(gradient, expected, 1e-4 * Math.abs(expected));
  });

  test('has the slope of the entropy of noisy samples in four dimensions', async () => {
    // x = s b + √(1 - s²) z of standard normal b and z has variance 1: dH/ds = D s.
    const [scale, count, dimensions] = [0.8, 600, 4];
    const shape = [count, dimensions];
    const program = compileProgram({
      inputs: { before: { shape }, noise: { shape }, scale: { shape: [] } },
      step({ before, noise, scale: at }) {
        const kick = tf.mul(noise!, Math.sqrt(1 - scale ** 2));
        const entropy = (by: tf.Tensor) =>
          neighbourEntropy(tf.add(tf.mul(before!, by), kick) as tf.Tensor2D, 3);
        return { outputs: { slope: tf.grad(entropy)(at!) } };
      },
    });
    const execution = await runOnOnnx(program);
    const slopes: number[] = [];
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed, streams.trainingData);
      const draw = () => random.normals(count * dimensions);
      const fed = { before: draw(), noise: draw(), scale: Float32Array.of(scale) };
      slopes.push((await execution.run(fed, { seed: 0, step: 0 }))['slope']![0]!);
    }
    await execution.dispose();
    const found = mean(slopes);
    const error = Math.sqrt(mean(slopes.map((one) => (one - found) ** 2)) / (slopes.length - 1));
    // Four standard errors, known from 30 draws (chance 4e-4), 5 %. With neighbours held constant 15 % of
    // the slope are lost.
    close(found, dimensions * scale, 4 * error);
  });

  test('ends where its terms and the variance of its chains say, in four dimensions', async () => {
    const [dimensions, count, variance, ε] = [4, 128, 2.83, 1];
    const drawn = new Random(3, streams.trainingData).normals(64 * count * dimensions);
    const square = mean(drawn.map((x) => x ** 2));
    const steps = 800;
    const step = await trainingStep({
      energy: energy.custom({
        init: () => ({ theta: tf.scalar(0.5) }),
        energy: (params, x) => tf.mul(params.theta, tf.sum(tf.mul(tf.square(x), 0.5), 1)),
      }),
      objective: objective.improvedContrastiveDivergence({
        sampler: sampler.langevin({ steps: 3, stepSize: ε }),
        entropyWeight: 1,
        reinitialize: 0,
        bufferSize: count,
      }),
      optimizer: optimizer.adam({
        learningRate: schedule.cosine({ peak: 0.01, final: 5e-4, steps }),
      }),
      rows: drawn.map((x) => x * Math.sqrt(variance / square)),
      bounds: Array.from({ length: dimensions }, () => [-4, 4] as const),
      batchSize: count,
    });
    const thetas: number[] = [];
    for (let number = 1; number <= steps; number++) {
      await step.run(number);
      if (number > steps / 2 && number % 5 === 0) {
        thetas.push((await step.parameters())['parameters/theta']![0]!);
      }
    }
    await step.dispose();
    /** The mean gradient at θ over the dimensions' half, of chains at rest. */
    const gradient = (at: number) => {
      const h = (ε ** 2 * at) / 2;
      const atRest = 1 / (at * (1 - h / 2));
      return variance - atRest - ε ** 2 * (1 - h) * (at * atRest - 1);
    };
    let [low, high] = [0.1, 1];
    while (high - low > 1e-6) {
      const middle = (low + high) / 2;
      if (gradient(middle) > 0) high = middle;
      else low = middle;
    }
    // 0.406, where the likelihood's is 0.353. From seed to seed the mean has a deviation near 0.004: four
    // of them, and the samples' own term and the entropy's each move it by more than 0.1.
    close(mean(thetas), low, 0.016);
  });

  test('refuses neighbours whose gradient has no variance, where the entropy counts', async () => {
    const nearest = (entropyWeight: number) =>
      objective.improvedContrastiveDivergence({ sampler: still, neighbour: 2, entropyWeight });
    await assert.rejects(gradientOf(nearest(0.1), rows), /infinite variance on data of 1 column/);
    await gradientOf(nearest(0), rows);
  });

  test('refuses a batch without so many neighbours', async () => {
    await assert.rejects(
      gradientOf(improved(0, 1), rows.slice(0, 3)),
      /3\. nearest sample, but a batch of 3 has 2 others/,
    );
  });
});

test('unbiased contrastive divergence has the exact mean of the model after one iteration', async () => {
  const batchSize = 1000;
  const replicates = 30;
  const step = await trainingStep({
    energy: energy.custom({
      init: () => ({ theta: tf.scalar(theta) }),
      energy: (params, x) => tf.mul(params.theta, tf.sum(tf.mul(tf.square(x), 0.5), 1)),
    }),
    objective: objective.unbiasedContrastiveDivergence({ stepSize: 1, maximumSteps: 60 }),
    // Moves θ by nothing that is seen.
    optimizer: optimizer.sgd({ learningRate: 1e-12 }),
    // Far from the model, whose variance is 1/θ: one iteration does not forget that.
    rows: normals(batchSize * 4, 3),
    bounds,
    batchSize,
  });
  const estimates: number[] = [];
  for (let number = 1; number <= replicates; number++) {
    const metrics = await step.run(number);
    estimates.push(metrics['energy/samples']!);
    assert.equal(metrics['coupling/cut'], 0, 'pairs were cut off');
    assert.ok(metrics['coupling/meeting']! > 1.5, 'pairs meet at once');
  }
  await step.dispose();
  const average = mean(estimates);
  const variance = estimates.reduce((sum, value) => sum + (value - average) ** 2, 0);
  const error = Math.sqrt(variance / (replicates - 1) / replicates);
  // E[θx²/2] = 1/2 whatever θ. Student's t with 29 degrees of freedom exceeds 4 with chance 4e-4.
  assert.ok(Math.abs(average - 0.5) < 4 * error, `${average} ± ${error}, not 0.5`);
  // What one iteration from the data gives without the coupled correction would be seen at once.
  assert.ok(error < 0.05, `${error}`);
});

test('mean-field contrastive divergence follows the updates of an RBM', async () => {
  const [visible, hidden, count, steps, damping] = [5, 3, 16, 3, 0.25];
  const random = new Random(8, streams.trainingData);
  const draw = (length: number, make: () => number) => Float32Array.from({ length }, make);
  const weight = draw(visible * hidden, () => random.normal());
  const visibleBias = draw(visible, () => random.normal());
  const hiddenBias = draw(hidden, () => random.normal());
  const rows = draw(count * visible, () => random.integer(2));
  const step = await trainingStep({
    energy: energy.custom({
      init: () => ({
        weight: tf.tensor2d(weight, [visible, hidden]),
        visibleBias: tf.tensor1d(visibleBias),
        hiddenBias: tf.tensor1d(hiddenBias),
      }),
      // The free energy -b·v - Σ softplus(c + Wᵀv).
      energy: (params, v) =>
        tf.neg(
          tf.add(
            tf.sum(tf.mul(v, params.visibleBias), 1),
            tf.sum(tf.softplus(tf.add(tf.matMul(v, params.weight), params.hiddenBias)), 1),
          ),
        ),
    }),
    objective: objective.meanFieldContrastiveDivergence({ steps, damping }),
    optimizer: optimizer.sgd({ learningRate: 1 }),
    rows,
    domain: 'binary',
    bounds: Array.from({ length: visible }, () => [0, 1] as const),
    batchSize: count,
  });
  await step.run(1);
  const after = tensorOf(await step.checkpoint(1), 'parameters/weight').data;
  await step.dispose();
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const hiddenOf = (v: readonly number[]) =>
    Array.from({ length: hidden }, (_, j) =>
      sigmoid(v.reduce((sum, on, i) => sum + on * weight[i * hidden + j]!, hiddenBias[j]!)),
    );
  const visibleOf = (h: readonly number[]) =>
    Array.from({ length: visible }, (_, i) =>
      sigmoid(h.reduce((sum, on, j) => sum + on * weight[i * hidden + j]!, visibleBias[i]!)),
    );
  // Welling & Hinton: the slope of the free energy is -⟨v h⟩, at the data and at the means.
  const expected = new Float64Array(visible * hidden);
  for (let row = 0; row < count; row++) {
    const data = [...rows.subarray(row * visible, (row + 1) * visible)];
    let means = data;
    for (let update = 0; update < steps; update++) {
      const next = visibleOf(hiddenOf(means));
      means = means.map((before, i) => damping * before + (1 - damping) * next[i]!);
    }
    const [ofData, ofMeans] = [hiddenOf(data), hiddenOf(means)];
    for (let i = 0; i < visible; i++) {
      for (let j = 0; j < hidden; j++) {
        const slope = means[i]! * ofMeans[j]! - data[i]! * ofData[j]!;
        expected[i * hidden + j]! += slope / count;
      }
    }
  }
  for (const [i, value] of expected.entries()) close(weight[i]! - after[i]!, value);
});

describe('multi-grid contrastive divergence', () => {
  const shape = [2, 4, 1] as const;
  const count = 8;
  const rows = normals(count * 8, 1);
  const centred = (size: number) =>
    energy.custom({
      init: () => ({ centre: tf.zeros([size]) }),
      energy: (params, x) => tf.mul(tf.sum(tf.square(tf.sub(x, params.centre)), 1), 0.5),
    });
  const method = (size: readonly [number, number]) =>
    objective.multiGridContrastiveDivergence({
      shape,
      coarser: [{ size, energy: centred(size[0] * size[1]) }],
      sampler: still,
    });
  const step = () =>
    trainingStep({
      energy: centred(8),
      objective: method([1, 2]),
      optimizer: optimizer.sgd({ learningRate: 1 }),
      rows,
      bounds: Array.from({ length: 8 }, () => [-3, 3] as const),
      batchSize: count,
    });

  test('begins on each grid where the one before it ended', async () => {
    const trained = await step();
    await trained.run(1);
    const checkpoint = await trained.checkpoint(1);
    await trained.dispose();
    // With centre 0 and no noise an iteration shrinks points by 1 - ε²/2.
    const shrink = 1 - stepSize ** 2 / 2;
    const coarse = [0, 0];
    const fine = new Float64Array(8);
    for (let image = 0; image < count; image++) {
      const at = (row: number, column: number) => rows[image * 8 + row * 4 + column]!;
      const block = (left: number) =>
        mean([at(0, left), at(0, left + 1), at(1, left), at(1, left + 1)]);
      const whole = mean([block(0), block(2)]);
      // The slope of E in the centre is centre - x: data pull, samples push.
      coarse[0]! += (block(0) - shrink * whole) / count;
      coarse[1]! += (block(2) - shrink * whole) / count;
      for (let i = 0; i < 8; i++) fine[i]! += (rows[image * 8 + i]! - shrink ** 2 * whole) / count;
    }
    const own = tensorOf(checkpoint, 'objective/grid 1/centre').data;
    for (const [i, value] of coarse.entries()) close(own[i]!, value);
    const model = tensorOf(checkpoint, 'parameters/centre').data;
    for (const [i, value] of fine.entries()) close(model[i]!, value);
  });

  test('refuses grids that do not divide each other, and rows that are no such images', async () => {
    assert.throws(() => method([2, 3]), /a grid of 'coarser' does not divide the next one/);
    assert.throws(() => method([2, 4]), /or is no coarser/);
    await assert.rejects(
      trainingStep({
        energy: centred(7),
        objective: method([1, 2]),
        optimizer: optimizer.sgd({ learningRate: 1 }),
        rows: normals(7 * count, 1),
        bounds: Array.from({ length: 7 }, () => [-3, 3] as const),
        batchSize: count,
      }),
      /'shape' is 2 × 4 × 1, but a row of data has 7 numbers/,
    );
  });
});
