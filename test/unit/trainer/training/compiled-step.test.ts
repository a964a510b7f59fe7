import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import { ProblemError } from '../../../../protocol/problem';
import type { NamedTensor } from '../../../../trainer-worker/compiler/graph/named-tensor';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { userTensorFlow as tf } from '../../../../trainer-worker/compiler/trace/user-tensorflow';
import type { SamplerSpec } from '../../../../trainer-worker/methods/samplers';
import type { CompiledStep } from '../../../../trainer-worker/trainer/training/compiled-step';
import type { Checkpoint } from '../../../../trainer-worker/trainer/training/run-observer';
import { tensorOf, trainingStep } from '../../../support/training-step';

const bounds = [
  [-3, 3],
  [-3, 3],
] as const;
const rows = new Random(0, streams.trainingData).normals(400);

function pcdStep(
  saved?: Checkpoint,
  seed = 0,
  moves: SamplerSpec = sampler.langevin({ steps: 4 }),
) {
  return trainingStep({
    energy: energy.mlp({ hidden: [16, 16] }),
    objective: objective.persistentContrastiveDivergence({
      sampler: moves,
      bufferSize: 64,
      energyPenalty: 0.1,
    }),
    optimizer: optimizer.adam({ learningRate: 1e-2 }),
    rows,
    bounds,
    batchSize: 16,
    seed,
    ...(saved ? { saved } : {}),
  });
}

async function train(step: CompiledStep, from: number, to: number): Promise<Checkpoint> {
  for (let number = from; number <= to; number++) await step.run(number);
  return step.checkpoint(to);
}

describe('a compiled step', () => {
  test('is the same bit for bit for the same seed, and differs for another', async () => {
    const first = await train(await pcdStep(), 1, 50);
    assert.deepEqual(await train(await pcdStep(), 1, 50), first);
    const other = await train(await pcdStep(undefined, 1), 1, 50);
    assert.notDeepEqual(tensorOf(other, 'buffer').data, tensorOf(first, 'buffer').data);
  });

  test('goes on bit for bit from a checkpoint', async () => {
    const whole = await train(await pcdStep(), 1, 50);
    const half = await train(await pcdStep(), 1, 25);
    assert.deepEqual(half.metadata, {
      step: '25',
      seed: '0',
      random: 'philox4x32-10',
      // Too light a step for more.
      shards: '1',
    });
    const resumed = await pcdStep(half);
    assert.deepEqual(await train(resumed, 26, 50), whole);
    // Checkpoints of before had no ages: all but these is the same.
    const withoutAges = (from: Checkpoint) => ({
      ...from,
      tensors: from.tensors.filter(({ name }) => name !== 'buffer births'),
    });
    const older = await train(await pcdStep(withoutAges(half)), 26, 50);
    assert.deepEqual(withoutAges(older), withoutAges(whole));
  });

  test('goes on bit for bit with what samplers keep of persistent chains', async () => {
    for (const moves of [
      sampler.parallelTempering({ steps: 3, temperatures: 3 }),
      sampler.parallelTempering({ steps: 3, temperatures: 4, ladder: 'adapted', exchangeEvery: 2 }),
      sampler.underdampedLangevin({ steps: 3 }),
      sampler.metropolisAdjustedLangevin({ steps: 3, targetAcceptance: 0.6 }),
      sampler.hamiltonian({ steps: 2, leapfrogSteps: 2, targetAcceptance: 0.6 }),
      sampler.noUTurn({ steps: 2, depth: 2, targetAcceptance: 0.6 }),
    ]) {
      const step = await pcdStep(undefined, 0, moves);
      const half = await train(step, 1, 6);
      const whole = await train(step, 7, 12);
      assert.deepEqual(await train(await pcdStep(half, 0, moves), 7, 12), whole, moves.type);
      step.restore(half, 1);
      assert.deepEqual(await train(step, 7, 12), whole, moves.type);
      // Checkpoints of before held points alone: what goes on from one begins the rest anew.
      const isKept = ({ name }: NamedTensor) => /buffer (kept|held|common)/.test(name);
      assert.ok(half.tensors.some(isKept), moves.type);
      const older = { ...half, tensors: half.tensors.filter((tensor) => !isKept(tensor)) };
      const resumed = await train(await pcdStep(older, 0, moves), 7, 12);
      assert.ok(resumed.tensors.every(({ data }) => data.every(Number.isFinite)));
      assert.notDeepEqual(tensorOf(resumed, 'buffer').data, tensorOf(whole, 'buffer').data);
    }
  });

  test('goes on in as many shards as it began, however many this machine would take', async () => {
    const first = await pcdStep();
    const begun = await train(first, 1, 3);
    const shared = { ...begun, metadata: { ...begun.metadata, shards: '2' } };
    const resumed = await train(await pcdStep(shared), 4, 6);
    assert.equal(resumed.metadata['shards'], '2');
    const alone = await train(first, 4, 6);
    for (const [index, { name, data }] of alone.tensors.entries()) {
      // The same but for the order of sums, whose 1e-7 three steps of Adam hardly amplify.
      data.forEach((value, place) => {
        const error = Math.abs(value - resumed.tensors[index]!.data[place]!);
        assert.ok(error < 1e-4, `${name}[${place}]: ${error}`);
      });
    }
  });

  test('is the same also where the energy draws random numbers of its own', async () => {
    const noisy = () =>
      trainingStep({
        energy: energy.custom({
          init: () => ({ weight: tf.randomNormal([2, 8]) }),
          energy: ({ weight }, x) =>
            tf.sum(tf.square(tf.matMul(tf.add(x, tf.randomNormal(x.shape)), weight)), 1),
        }),
        objective: objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 2 }) }),
        optimizer: optimizer.sgd(),
        rows,
        bounds,
        batchSize: 8,
      });
    assert.deepEqual(await train(await noisy(), 1, 5), await train(await noisy(), 1, 5));
  });

  test('looking does not change what is trained', async () => {
    const looking = await pcdStep();
    await train(looking, 1, 5);
    await looking.sample();
    await looking.energy(rows);
    await looking.score(rows);
    assert.deepEqual(await train(looking, 6, 10), await train(await pcdStep(), 1, 10));
  });

  test('gives energies of more points than fit one evaluation', async () => {
    const step = await pcdStep();
    const points = new Random(1, streams.buffer).normals(2 * 40_000);
    const all = await step.energy(points);
    assert.equal(all.length, 40_000);
    const last = await step.energy(points.slice(-2));
    // Blocking of the product may differ between batch sizes, by rounding only.
    assert.ok(Math.abs(all[39_999]! - last[0]!) < 1e-5 * Math.max(1, Math.abs(last[0]!)));
  });

  test('gives scores that are minus the slope of its energies, of more points than fit one evaluation', async () => {
    const step = await pcdStep();
    const points = new Random(1, streams.buffer).normals(2 * 5000);
    const scores = await step.score(points);
    assert.equal(scores.length, points.length);
    const h = 0.01;
    for (const axis of [0, 1]) {
      const moved = (by: number) => points.map((x, i) => (i % 2 === axis ? x + by : x));
      const [above, below] = [await step.energy(moved(h)), await step.energy(moved(-h))];
      for (let row = 0; row < 5000; row++) {
        const slope = (above[row]! - below[row]!) / (2 * h);
        // Central differences err by h²/6 of the third derivative, about 1e-4 for weights of size 1, and
        // energies of size 1 are known to 1e-7, which h makes 1e-5.
        assert.ok(Math.abs(scores[2 * row + axis]! + slope) < 1e-3, `row ${row}`);
      }
    }
  });

  test('gives the field of a score network, which is minus its energy along lines from the origin', async () => {
    const step = await trainingStep({
      energy: energy.scoreNetwork({ hidden: [16], nodes: 32 }),
      objective: objective.multiNoiseScoreMatching({ lowest: 0.5 }),
      optimizer: optimizer.adam(),
      rows,
      bounds,
      batchSize: 8,
    });
    const points = rows.slice(0, 100);
    const scores = await step.score(points);
    // E(λx) = -∫₀^λ s(tx)·x dt, whose slope at λ = 1 is -s(x)·x whether the field is a gradient or not.
    const h = 0.01;
    const [above, below] = [
      await step.energy(points.map((x) => (1 + h) * x)),
      await step.energy(points.map((x) => (1 - h) * x)),
    ];
    for (let row = 0; row < 50; row++) {
      const [a, b] = [2 * row, 2 * row + 1];
      const along = scores[a]! * points[a]! + scores[b]! * points[b]!;
      const slope = (above[row]! - below[row]!) / (2 * h);
      assert.ok(Math.abs(along + slope) < 2e-3 * Math.max(1, Math.abs(along)), `row ${row}`);
    }
  });

  describe('keeps the last finite state when', () => {
    const cases = [
      {
        // exp overflows where a chain has been thrown far out.
        name: 'the chains leave the finite numbers',
        energy: (a: tfjs.Tensor, x: tfjs.Tensor) =>
          tf.sum(tf.mul(a, tf.exp(tf.mul(tf.square(x), 90))), 1),
        says: /^The chains became (NaN|infinite)/,
      },
      {
        name: 'an energy becomes infinite',
        energy: (a: tfjs.Tensor, x: tfjs.Tensor) =>
          // Flat around the data, so that the chains stay; 1/0 at the data themselves.
          tf.sum(tf.add(tf.mul(a, x), tf.div(1, tf.sub(tf.step(tf.abs(x)), 1))), 1),
        says: /^The energies of the data became infinite/,
      },
      {
        name: 'a gradient becomes NaN',
        // sqrt has an infinite slope at 0, which a factor of 0 makes NaN.
        energy: (a: tfjs.Tensor, x: tfjs.Tensor) =>
          tf.sum(tf.add(tf.mul(a, x), tf.sqrt(tf.mul(tf.sub(a, a), 0))), 1),
        says: /^The gradient of the parameter 'a' became NaN/,
      },
    ];
    for (const { name, energy: formula, says } of cases) {
      test(name, async () => {
        const step = await trainingStep({
          energy: energy.custom({
            init: () => ({ a: tf.scalar(1) }),
            energy: ({ a }, x) => formula(a, x),
          }),
          objective: objective.persistentContrastiveDivergence({
            sampler: sampler.langevin({ steps: 3 }),
            bufferSize: 32,
          }),
          optimizer: optimizer.adam(),
          rows,
          bounds,
          batchSize: 8,
        });
        const before = await step.checkpoint(0);
        await assert.rejects(step.run(1), (error) => {
          assert.ok(error instanceof ProblemError);
          assert.equal(error.problem.kind, 'training');
          assert.match(error.problem.message, says);
          assert.match(error.problem.remedy ?? '', /smaller/);
          return true;
        });
        assert.deepEqual(await step.checkpoint(0), before);
      });
    }
  });

  describe('names the row of data that it fails of:', () => {
    const ownFile = path.resolve('test/unit/trainer/training/compiled-step.test.ts');
    const source = readFileSync(ownFile, 'utf8').split('\n');
    // The slope of a length is undefined where the length is 0, that of what is multiplied by it too.
    const length = ({ w }: { w: tfjs.Tensor }, x: tfjs.Tensor) =>
      tf.norm(tf.matMul(x as tfjs.Tensor2D, w as tfjs.Tensor2D), 2, 1);
    const persistent = objective.persistentContrastiveDivergence({
      sampler: sampler.langevin({ steps: 1 }),
      bufferSize: 256,
    });
    const cases = [
      {
        name: 'where a derivative in a parameter is not defined',
        energy: length,
        objective: persistent,
        says: /^The gradient of the parameter 'w' became NaN at row 38 of the data, \(0, 0\): the derivative of the energy is not defined there; the first number that is not finite comes from the derivative of sqrt \(line \d+\)\. The step was not applied/,
        code: 'tf.norm(',
        remedy: /tf\.sqrt\(tf\.add/,
      },
      {
        name: 'where a score is not defined',
        energy: length,
        objective: objective.implicitScoreMatching(),
        says: /^The loss became NaN at row 38 of the data, \(0, 0\): the derivative/,
        code: 'tf.norm(',
        remedy: /tf\.sqrt\(tf\.add/,
      },
      {
        name: 'where an energy is infinite',
        energy: ({ w }: { w: tfjs.Tensor }, x: tfjs.Tensor) =>
          tf.add(
            tf.sum(tf.matMul(x as tfjs.Tensor2D, w as tfjs.Tensor2D), 1),
            tf.neg(tf.sum(tf.log(tf.abs(x)), 1)),
          ),
        objective: persistent,
        says: /became (NaN|infinite) at row 38 of the data, \(0, 0\): the energy is Infinity there; the first number that is not finite comes from log \(line \d+\)\./,
        code: 'tf.log(',
        remedy: /tf\.log/,
      },
    ];
    for (const { name, says, remedy, code, energy: formula, objective: chosen } of cases) {
      test(name, async () => {
        const withZero = rows.slice();
        withZero.fill(0, 74, 76);
        const step = await trainingStep({
          energy: energy.custom({
            init: () => ({ w: tf.tensor2d([1, 2, -1, 3], [2, 2]) }),
            energy: formula,
          }),
          objective: chosen,
          optimizer: optimizer.adam(),
          rows: withZero,
          rowNumbers: Uint32Array.from({ length: 200 }, (_, row) => row + 1),
          bounds,
          // All rows in each step.
          batchSize: 200,
          files: [ownFile],
        });
        const before = await step.checkpoint(0);
        await assert.rejects(step.run(1), (error) => {
          assert.ok(error instanceof ProblemError);
          assert.match(error.problem.message, says);
          assert.match(error.problem.remedy ?? '', remedy);
          // The place is that of the operation, which wherever a gradient passes it is a call of tfjs.
          const { file, line } = error.problem.location!;
          assert.equal(file, ownFile);
          assert.ok(source[line - 1]!.includes(code), source[line - 1]);
          return true;
        });
        assert.deepEqual(await step.checkpoint(0), before);
      });
    }

    test('and where all rows fail, the line', async () => {
      const step = await trainingStep({
        energy: energy.custom({
          init: () => ({ w: tf.tensor1d([1, 2]) }),
          energy: ({ w }, x) => {
            const squares = tf.sum(tf.mul(w!, tf.square(x)), 1);
            return tf.log(tf.sub(-1, squares));
          },
        }),
        objective: persistent,
        optimizer: optimizer.adam(),
        rows,
        bounds,
        batchSize: 8,
        files: [ownFile],
      });
      await assert.rejects(step.run(1), (error) => {
        assert.ok(error instanceof ProblemError);
        const { message, location } = error.problem;
        assert.match(
          message,
          /became (NaN|infinite) at all rows: the first .* comes from log \(line \d+\)\./,
        );
        assert.ok(source[location!.line - 1]!.includes('tf.log('));
        return true;
      });
      await step.dispose();
    });
  });
});
