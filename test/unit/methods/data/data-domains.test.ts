import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { dataMethod } from '../../../../trainer-worker/methods/data';
import { Batches } from '../../../../trainer-worker/methods/data/batches';
import { boundsOf, uniformIn } from '../../../../trainer-worker/methods/data/bounds';
import { samplerMethod } from '../../../../trainer-worker/methods/samplers';
import { runChainIn } from '../../../../trainer-worker/methods/samplers/chain-in-domain';
import { valuesOf } from '../../../support/energies';
import { experimentFolder } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';
import { trainingStep } from '../../../support/training-step';

const langevin = sampler.langevin({ steps: 1 });
const contrastive = objective.contrastiveDivergence({ sampler: langevin });

describe('parts that do not suit the data are refused before training', () => {
  test('an objective for real numbers on binary data', () => {
    assert.throws(
      () =>
        experiment({
          data: data.barsAndStripes(),
          energy: energy.rbm(),
          objective: objective.implicitScoreMatching(),
        }),
      /objective\.implicitScoreMatching cannot be used with data\.barsAndStripes, whose values are binary numbers/,
    );
  });

  test('a sampler that leaves the domain', () => {
    assert.throws(
      () => experiment({ data: data.ising(), energy: energy.ising(), objective: contrastive }),
      /sampler\.langevin cannot be used with data\.ising, whose values are binary/,
    );
  });

  test('a sampler that is set up for another domain', () => {
    const tempered = (moves: 'langevin' | 'gibbsWithGradients') =>
      objective.contrastiveDivergence({ sampler: sampler.parallelTempering({ moves }) });
    assert.throws(
      () =>
        experiment({ data: data.ising(), energy: energy.ising(), objective: tempered('langevin') }),
      {
        message: /sampler\.parallelTempering as it is set up cannot be used with data\.ising/,
        remedy: "Set moves: 'gibbsWithGradients'.",
      },
    );
    assert.throws(
      () =>
        experiment({
          ...{ data: data.twoMoons(), energy: energy.mlp() },
          objective: tempered('gibbsWithGradients'),
        }),
      { remedy: "Set moves: 'langevin'." },
    );
    assert.throws(
      () => sampler.parallelTempering({ moves: 'gibbsWithGradients', domain: { low: 0, high: 1 } }),
      /'domain' keeps chains between two numbers/,
    );
    for (const tempered of [sampler.parallelTempering, sampler.temperedTransitions]) {
      assert.throws(
        () => tempered({ moves: 'gibbsWithGradients', stepSize: 0.2 }),
        /'stepSize' is that of Langevin moves/,
      );
      assert.equal(tempered({ moves: 'gibbsWithGradients' }).stepSize, null);
      assert.equal(tempered().stepSize, 0.2);
    }
    assert.throws(
      () => sampler.parallelTempering({ steps: 4, exchangeEvery: 8 }),
      /'exchangeEvery' is more than 'steps'/,
    );
  });

  test('a perturbation of other data', () => {
    const discrepancy = objective.energyDiscrepancy;
    const onReal = { data: data.twoMoons(), energy: energy.mlp() };
    const onBits = { data: data.ising(), energy: energy.ising() };
    assert.throws(() => experiment({ ...onReal, objective: discrepancy({ redraw: 0.2 }) }), {
      message: /objective\.energyDiscrepancy as it is set up cannot be used with data\.twoMoons/,
      remedy: /Leave redraw out and set sigma/,
    });
    assert.throws(() => experiment({ ...onBits, objective: discrepancy({ sigma: 0.5 }) }), {
      message: /objective\.energyDiscrepancy as it is set up cannot be used with data\.ising/,
      remedy: /Leave sigma out and set redraw/,
    });
    for (const [parts, options] of [
      [onReal, {}],
      [onReal, { sigma: 0.3 }],
      [onBits, {}],
      [onBits, { redraw: 0.3 }],
    ] as const) {
      const { objective: made } = experiment({ ...parts, objective: discrepancy(options) });
      assert.equal(made.type, 'energyDiscrepancy');
    }
  });

  test('a deep Boltzmann machine and what does not carry its upper layer', () => {
    const deep = energy.deepBoltzmannMachine();
    const sweeps = sampler.gibbs({ scan: 'sweep' });
    const persistent = objective.persistentContrastiveDivergence;
    const parts = { data: data.barsAndStripes(), energy: deep };
    const refused = [
      [{ ...parts, objective: objective.pseudoLikelihood() }, /objective\.pseudoLikelihood cannot/],
      [
        { ...parts, objective: objective.contrastiveDivergence({ sampler: sweeps }) },
        /objective\.contrastiveDivergence cannot train energy\.deepBoltzmannMachine/,
      ],
      [
        { ...parts, objective: persistent({ sampler: sampler.gibbs() }) },
        /sampler\.gibbs as it is set up cannot be used with energy\.deepBoltzmannMachine/,
      ],
      [
        {
          ...{ ...parts, objective: persistent({ sampler: sweeps }) },
          preview: { sampler: sampler.gibbsWithGradients() },
        },
        /sampler\.gibbsWithGradients as it is set up cannot be used/,
      ],
      [
        {
          ...parts,
          energy: energy.product({ of: [deep, energy.ising()] }),
          objective: persistent({ sampler: sweeps }),
        },
        /energy\.product cannot be made of energy\.deepBoltzmannMachine/,
      ],
    ] as const;
    for (const [options, message] of refused) assert.throws(() => experiment(options), message);
    const sound = experiment({ ...parts, objective: persistent({ sampler: sweeps }) });
    assert.equal(sound.energy.type, 'deepBoltzmannMachine');
  });

  test('energies of data and samples that are compared one by one, of a deep machine', async () => {
    for (const option of [{ contrast: 'softplus' }, { energyPenalty: 0.1 }] as const) {
      await assert.rejects(
        trainingStep({
          energy: energy.deepBoltzmannMachine({ hidden: [2, 2] }),
          objective: objective.persistentContrastiveDivergence({
            sampler: sampler.gibbs({ scan: 'sweep' }),
            bufferSize: 2,
            ...option,
          }),
          optimizer: optimizer.sgd({ learningRate: 0.1 }),
          rows: Float32Array.of(0, 1, 1, 0),
          domain: 'binary',
          bounds: [
            [0, 1],
            [0, 1],
          ],
          batchSize: 2,
        }),
        new RegExp(`'${Object.keys(option)[0]}' compares energies of data with those of samples`),
      );
    }
  });

  test('options of a method that has none', () => {
    const given = { redraw: 0.2 } as never;
    assert.throws(() => objective.concreteScoreMatching(given), /'redraw'/);
    assert.throws(() => objective.pseudoLikelihood(given), /'redraw'/);
    assert.throws(() => objective.ratioMatching(3 as never), /the argument is 3/);
    assert.equal(objective.ratioMatching().type, 'ratioMatching');
  });

  test('an energy of binary points on real data', () => {
    assert.throws(
      () => experiment({ data: data.twoMoons(), energy: energy.rbm(), objective: contrastive }),
      /energy\.rbm cannot be used with data\.twoMoons, whose values are real numbers/,
    );
  });

  test('an energy of classes on data without', () => {
    const options = { energy: energy.classifier({ classes: 8 }), objective: contrastive };
    assert.throws(
      () => experiment({ data: data.checkerboard(), ...options }),
      /energy\.classifier needs the class of each row, but data\.checkerboard has none/,
    );
    assert.equal(
      experiment({ data: data.eightGaussians(), ...options }).data.type,
      'eightGaussians',
    );
  });

  test('more classes than the energy knows', async () => {
    await assert.rejects(
      trainingStep({
        energy: energy.classifier({ classes: 2, hidden: [4] }),
        objective: contrastive,
        optimizer: optimizer.sgd({ learningRate: 0.1 }),
        rows: Float32Array.of(0, 1, 2),
        labels: { classes: ['a', 'b', 'c'], training: Float32Array.of(0, 1, 2) },
        bounds: [[0, 2]],
        batchSize: 2,
      }),
      /knows 2 classes, but the data have 3/,
    );
  });
});

describe('where chains start', () => {
  test('is 0 or 1 for binary data, both about equally often', () => {
    const rows = Float32Array.of(0, 1, 1, 0);
    const bounds = boundsOf(rows, 2, 'binary');
    assert.deepEqual(bounds, [
      [-0.25, 1.25],
      [-0.25, 1.25],
    ]);
    const starts = uniformIn(bounds, 2000, new Random(0, streams.previewStarts), 'binary');
    assert.ok(starts.every((value) => value === 0 || value === 1));
    // Binomial of 4000: four deviations of 32.
    const ones = starts.reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(ones - 2000) < 4 * 32);
  });

  test('is not below zero for non-negative data', () => {
    const bounds = boundsOf(Float32Array.of(0.1, 2), 1, 'nonnegative');
    assert.equal(bounds[0]![0], 0);
  });
});

test('chains on non-negative data draw from the model cut at zero', async () => {
  // E = 2x on x ≥ 0: exponential of mean ½. Langevin with ε = 0.1 reflects at zero.
  const spec = sampler.langevin({ stepSize: 0.1 });
  const count = 4000;
  const starts = { shape: [count, 1], data: new Float32Array(count).fill(0.5) };
  const ends = await valuesOf(
    { starts },
    (tensors) =>
      runChainIn(
        'nonnegative',
        samplerMethod(spec).build(spec),
        {
          energy: (x) => tf.sum(tf.mul(x, 2), 1) as tf.Tensor1D,
          score: (x) => tf.mul(tf.onesLike(x), -2) as tf.Tensor2D,
        },
        tensors['starts'] as tf.Tensor2D,
        400,
      ).ends,
  );
  assert.ok(ends.every((value) => value >= 0));
  const mean = ends.reduce((sum, value) => sum + value, 0) / count;
  // Four standard errors (0.5/√4000), and the step's bias near the kink, of order ε².
  assert.ok(Math.abs(mean - 0.5) < 4 * 0.008 + 0.01, `${mean}`);
});

describe('classes', () => {
  test('go with their rows through the batches', () => {
    const rows = Float32Array.from({ length: 10 }, (_, i) => i);
    const labels = rows.map((value) => value % 3);
    const batches = new Batches(rows, 1, 4, 0, labels);
    for (let step = 1; step < 6; step++) {
      assert.deepEqual(
        batches.labelsOf(step),
        batches.of(step).map((value) => value % 3),
      );
    }
    assert.equal(new Batches(rows, 1, 4, 0).labelsOf(1), undefined);
  });

  test('of a file come from the column that the option label names', async (t) => {
    const text = 'kind,a,b\ncat,1,10\ndog,2,20\ncat,3,30\nemu,4,40\ndog,5,50\n';
    const directory = await experimentFolder(t, { 'rows.csv': text });
    const spec = data.csv('rows.csv', { label: 'kind', standardize: false });
    const set = await dataMethod(spec).load(spec, { directory, seed: 0 });
    assert.deepEqual(set.axes, ['a', 'b']);
    assert.deepEqual(set.labels?.classes, ['cat', 'dog', 'emu']);
    const expected = new Map([1, 2, 3, 4, 5].map((a, i) => [a, [0, 1, 0, 2, 1][i]]));
    for (const [i, label] of set.labels!.training.entries()) {
      assert.equal(label, expected.get(set.training.subarray()[2 * i]!));
    }
    assert.equal(set.labels?.heldOut[0], expected.get(set.heldOut.subarray()[0]!));
  });

  test('a file whose values leave the domain is refused with row and column', async (t) => {
    const directory = await experimentFolder(t, { 'rows.csv': 'a,b\n0,1\n1,0\n1,2\n0,0\n' });
    const spec = data.csv('rows.csv', { domain: 'binary' });
    const { message } = await problemFrom(dataMethod(spec).load(spec, { directory, seed: 0 }));
    assert.match(message, /row 3 of its data has 2 in column 'b', which is not 0 or 1/);
  });
});
