/** What a preview knows of rows is what the step says of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { energy, objective, optimizer, sampler } from 'ebm-lab';
import type { ImageLayout } from '../../../../protocol/run';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { gridPoints } from '../../../../trainer-worker/methods/diagnostics/grid';
import {
  StateSpace,
  statesOfBits,
} from '../../../../trainer-worker/methods/diagnostics/state-space';
import { Pace } from '../../../../trainer-worker/trainer/training/pace';
import { Previews } from '../../../../trainer-worker/trainer/training/previews';
import { chainTracks, countMoves } from '../../../../webview/store/chain-tracks';
import { tensorOf, trainingStep } from '../../../support/training-step';

const bounds = [
  [-3, 3],
  [-3, 3],
] as const;
const image: ImageLayout = { height: 1, width: 2, channels: 1, from: [0, 255], to: [-3, 3] };
const rows = new Random(0, streams.trainingData).normals(400);
const heldOut = new Random(1, streams.trainingData).normals(1600);
const labels = {
  classes: ['a', 'b'],
  training: new Float32Array(200),
  heldOut: new Float32Array(0),
};

async function look(
  step: Awaited<ReturnType<typeof trainingStep>>,
  more: {
    readonly classes?: number;
    readonly image?: ImageLayout;
    readonly space?: StateSpace;
    readonly resolution?: number;
  } = {},
) {
  const { image: shown, classes = 0, space, resolution = 0 } = more;
  const previews = new Previews(
    {
      step,
      completed: 0,
      steps: 10,
      preview: {
        every: null,
        layout: {
          dimensions: 2,
          axes: ['a', 'b'],
          bounds,
          resolution,
          ...(shown ? { image: shown } : {}),
        },
      },
      diagnostics: [],
      data: rows,
      heldOut,
      classes,
      ...(space ? { space } : {}),
    },
    { observers: [], measured: () => undefined, notice: () => undefined },
    new Pace(),
    () => 0,
  );
  return (await previews.look(10, {})).frame;
}

describe('a preview', () => {
  test('has the energies of its samples and of the first other rows, and how old its chains are', async () => {
    const step = await trainingStep({
      energy: energy.mlp({ hidden: [8] }),
      objective: objective.persistentContrastiveDivergence({
        sampler: sampler.langevin({ steps: 2 }),
        bufferSize: 32,
        reinitialize: 0.5,
      }),
      optimizer: optimizer.adam(),
      rows,
      bounds,
      batchSize: 16,
    });
    for (let number = 1; number <= 10; number++) await step.run(number);
    const frame = await look(step);
    // Blocking of the product may differ between batch sizes, by rounding only.
    const same = async (found: Float32Array | undefined, points: Float32Array) => {
      const expected = await step.energy(points);
      assert.equal(found?.length, expected.length);
      expected.forEach((value, row) => {
        assert.ok(Math.abs(value - found![row]!) < 1e-5 * Math.max(1, Math.abs(value)), `${row}`);
      });
    };
    await same(frame.energies?.samples, frame.samples);
    await same(frame.energies?.data, rows);
    await same(frame.energies?.heldOut, heldOut.subarray(0, 2 * 512));
    assert.equal(frame.energies?.outOfDistribution, undefined);
    const births = tensorOf(await step.checkpoint(10), 'buffer births').data;
    assert.deepEqual(
      frame.ages,
      births.subarray(0, 16).map((birth) => 10 - birth),
    );
    assert.equal(frame.paths, undefined);
    await step.dispose();
  });

  test('of images has the way of its chains, which end in the same samples as if nobody had looked', async () => {
    const begin = (chainSteps: number) =>
      trainingStep({
        energy: energy.mlp({ hidden: [8] }),
        objective: objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 2 }) }),
        optimizer: optimizer.adam(),
        rows,
        bounds,
        batchSize: 16,
        chainSteps,
      });
    const step = await begin(49);
    const { samples, paths } = await look(step, { image });
    assert.deepEqual(paths?.iterations, [0, 1, 4, 9, 16, 25, 36, 49]);
    assert.equal(paths.chains, 8);
    assert.deepEqual(paths.values.subarray(-16), samples.subarray(0, 16));
    assert.deepEqual(samples, await step.sample());
    // Another training whose chains are looked at after as many iterations is the same chain so far.
    const earlier = await begin(9);
    const after9 = (await earlier.sample()).subarray(0, 16);
    assert.deepEqual(paths.values.subarray(3 * 16, 4 * 16), after9);
    for (const each of [step, earlier]) await each.dispose();
  });

  test('of a plane has the way of its chains, iteration by iteration in the beginning', async () => {
    const begin = (chainSteps: number) =>
      trainingStep({
        energy: energy.gaussian(),
        objective: objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 2 }) }),
        shownSampler: sampler.metropolisAdjustedLangevin({ stepSize: 1.5 }),
        optimizer: optimizer.adam(),
        rows,
        bounds,
        batchSize: 16,
        chainSteps,
      });
    const [few, many] = [await begin(16), await begin(72)];
    const { samples, paths } = await look(few, { resolution: 8 });
    assert.deepEqual(
      paths?.iterations,
      Array.from({ length: 17 }, (_, k) => k),
    );
    assert.equal(paths.chains, 16);
    assert.deepEqual(paths.values.subarray(-32), samples.subarray(0, 32));
    const { paths: long } = await look(many, { resolution: 8 });
    // Each of the first 8, and then after squares: 8 + k².
    const first = Array.from({ length: 9 }, (_, k) => k);
    const rest = Array.from({ length: 8 }, (_, k) => 8 + (k + 1) ** 2);
    assert.deepEqual(long?.iterations, [...first, ...rest]);
    // One that was refused leaves its chain where it was, to the bit.
    const { moves, stood } = countMoves(chainTracks(paths, (values) => values));
    assert.equal(moves + stood, 256);
    assert.ok(moves > 0 && stood > 0, `${moves} moves, ${stood} times none`);
    for (const each of [few, many]) await each.dispose();
  });

  test('has the likeliest class of each sample', async () => {
    const step = await trainingStep({
      energy: energy.labelConditional({ classes: 2, hidden: [8] }),
      objective: objective.contrastiveDivergence({ sampler: sampler.langevin({ steps: 2 }) }),
      optimizer: optimizer.adam(),
      rows,
      labels,
      bounds,
      batchSize: 16,
    });
    const { samples, classes } = await look(step, { classes: 2 });
    const energies = await step.classEnergies(samples);
    const likeliest = Array.from({ length: 16 }, (_, row) =>
      energies[2 * row + 1]! < energies[2 * row]! ? 1 : 0,
    );
    assert.deepEqual([...(classes ?? [])], likeliest);
    await step.dispose();
  });

  test('of a plane has the energies of each class over it', async () => {
    const step = await trainingStep({
      energy: energy.classifier({ classes: 2, hidden: [8] }),
      objective: objective.jem({ sampler: sampler.langevin({ steps: 2 }), bufferSize: 32 }),
      optimizer: optimizer.adam(),
      rows,
      labels,
      bounds,
      batchSize: 16,
    });
    const { field, classFields } = await look(step, { classes: 2, resolution: 8 });
    const energies = await step.classEnergies(gridPoints(bounds, 8));
    assert.equal(classFields?.resolution, 8);
    assert.equal(classFields.values.length, 2 * 64);
    for (let cell = 0; cell < 64; cell++) {
      const both: readonly [number, number] = [energies[2 * cell]!, energies[2 * cell + 1]!];
      assert.deepEqual([classFields.values[cell], classFields.values[64 + cell]], both);
      // The field of all is their sum over classes; energies of size 1 in single precision.
      const joint = -Math.log(Math.exp(-both[0]) + Math.exp(-both[1]));
      assert.ok(Math.abs(joint - field![cell]!) < 1e-5, `${joint} for ${field![cell]}`);
    }
    assert.equal((await look(step, { resolution: 8 })).classFields, undefined);
    assert.equal((await look(step, { classes: 2 })).classFields, undefined);
    await step.dispose();
  });

  test('of few bits has log Z over all rows, by which probabilities add up to 1', async () => {
    const bits = Float32Array.of(0, 0, 1, 1, 0, 1, 1, 1);
    const step = await trainingStep({
      energy: energy.mlp({ hidden: [8] }),
      objective: objective.pseudoLikelihood(),
      optimizer: optimizer.adam(),
      rows: bits,
      bounds,
      domain: 'binary',
      batchSize: 4,
      shownSampler: sampler.gibbs(),
    });
    const space = new StateSpace(statesOfBits(2), { dimensions: 2 });
    const { logPartition } = await look(step, { space });
    const all = await step.energy(statesOfBits(2));
    const sum = all.reduce((total, each) => total + Math.exp(-each - logPartition!), 0);
    // Energies of size 1 in single precision.
    assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`);
    assert.equal((await look(step)).logPartition, undefined);
    await step.dispose();
  });
});
