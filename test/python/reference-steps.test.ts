/** Steps of real runs against the same steps in JAX, written from the papers. */
import assert from 'node:assert/strict';
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readCheckpoint } from '../../run-directory/checkpoints';
import { readManifest } from '../../run-directory/manifest';
import { writeNpy } from '../../run-directory/npy';
import { readData } from '../../run-directory/previews';
import { numbersFrom } from '../graph-numbers';
import { near } from '../support/equations';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { askPython, withoutReaders } from '../support/python-readers';
import { recordedStep, writeTensors } from '../support/recorded-step';
import { ebm, readCurve, start } from '../support/trainer';

const langevin = 'sampler.langevin({ steps: 6, stepSize: 0.2 })';
const images = {
  data: "data.npy('images.npy')",
  energy: 'energy.convolutional({ shape: [8, 8, 1], channels: [4, 8] })',
};

/** Name of a run → what its experiment has of its own. */
const experiments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  contrastive: {
    objective: `objective.contrastiveDivergence({ sampler: ${langevin}, energyPenalty: 0.05 })`,
  },
  persistent: {
    objective: `objective.persistentContrastiveDivergence({ sampler: ${langevin}, bufferSize: 256 })`,
  },
  denoising: { objective: 'objective.denoisingScoreMatching({ sigma: 0.3 })' },
  sliced: { objective: 'objective.slicedScoreMatching()' },
  'sliced-twice': {
    objective:
      "objective.slicedScoreMatching({ projections: 2, directions: 'normal', varianceReduction: false })",
  },
  implicit: { objective: 'objective.implicitScoreMatching()' },
  noise: { objective: 'objective.noiseContrastiveEstimation({ noiseRatio: 2 })' },
  'denoising-images': { ...images, objective: 'objective.denoisingScoreMatching({ sigma: 0.3 })' },
  'sliced-images': { ...images, objective: 'objective.slicedScoreMatching()' },
};

/** What reference-steps.py finds. */
interface Compared {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly worst: Readonly<Record<'gradient' | 'mean' | 'square' | 'change', number>>;
  readonly chains?: readonly [moved: number, distance: number];
}

/**
 * How far a step in single precision may be from one in double precision. A result of a few layers of
 * at most 64 numbers, averaged over 64 to 128 rows, has gone through sums of some thousand numbers with
 * roundings of 2⁻²⁴ = 6e-8 each: about √1000 · 6e-8 = 2e-6 of the largest of its kind. The worst of
 * what was measured here is a tenth to a fifth of what is allowed.
 */
const tolerances = {
  /** Loss (energies are of size 1, whose difference it may be) and norm. */
  relative: 5e-6,
  /** A share of the largest gradient; had from its moving average, whose rounding counts ten times. */
  gradient: 1e-5,
  mean: 1e-6,
  /** β₂ leaves a thousandth of the square, which is off by twice the gradient's error. */
  square: 2e-8,
  /** In learning rates: rounding a parameter of size 1 to 6e-8 is 6e-6 of a rate of 0.01. */
  change: 1e-4,
  /** Six iterations, each of which rounds coordinates of at most 4 to 2.4e-7. */
  chain: 5e-6,
};

/** The step that is compared; its forerunners have given the optimizer something to remember. */
const step = 3;

test('a step is what JAX makes of the same parameters, data and noise', {
  skip: withoutReaders,
}, async (t) => {
  const folder = await experimentFolder(t, {
    'images.npy': Buffer.concat(writeNpy(Float32Array.from(numbersFrom(3)([200, 64])), [200, 64])),
    ...Object.fromEntries(
      Object.entries(experiments).map(([name, changes]) => [
        `${name}.ebm.ts`,
        smallExperiment({
          data: 'data.twoMoons({ samples: 1000, heldOut: 100 })',
          energy: 'energy.mlp({ hidden: [32, 16] })',
          optimizer: 'optimizer.adam({ learningRate: 0.01 })',
          batchSize: '64',
          steps: String(step),
          checkpoint: '{ every: 1 }',
          ...changes,
        }),
      ]),
    ),
  });
  const at = (name: string) => path.join(folder, name);
  const directories: Record<string, string> = {};
  const train = async (name: string) => {
    const command = [process.execPath, ebm, 'run', `${name}.ebm.ts`, '--runs', name];
    const program = start(t, command, { cwd: folder });
    assert.equal(await program.exited, 0, program.errors());
    const directory = at(path.join(name, (await readdir(at(name)))[0]!));
    directories[name] = directory;

    const saved = await readCheckpoint(directory, step - 1);
    const { feeds } = await recordedStep(at(`${name}.ebm.ts`), saved);
    await writeTensors(at(`${name}.in`), feeds);
    for (const [when, number] of [
      ['before', step - 1],
      ['after', step],
    ] as const) {
      const file = `checkpoints/${String(number).padStart(9, '0')}.safetensors`;
      await copyFile(path.join(directory, file), at(`${name}.${when}`));
    }
    const { values, count } = (await readData(directory))!;
    const rows = writeNpy(values, [count, values.length / count]);
    await writeFile(at(`${name}.rows.npy`), Buffer.concat(rows));
    const { config } = await readManifest(directory);
    await writeFile(at(`${name}.json`), JSON.stringify({ ...config, step }));
  };
  for (const name of Object.keys(experiments)) await train(name);

  const compared = (await askPython('reference-steps.py', folder)) as Record<string, Compared>;
  assert.deepEqual(Object.keys(compared).toSorted(), Object.keys(experiments).toSorted());
  for (const [name, { loss, gradientNorm, worst, chains }] of Object.entries(compared)) {
    await t.test(name, async () => {
      const recorded = async (curve: string) =>
        (await readCurve(directories[name]!, undefined, 0, curve)).values[step - 1]!;
      near(await recorded('loss'), loss, tolerances.relative * Math.max(1, Math.abs(loss)));
      near(await recorded('gradient norm'), gradientNorm, tolerances.relative * gradientNorm);
      for (const [kind, off] of Object.entries(worst)) {
        assert.ok(off < tolerances[kind as keyof typeof worst], `${kind}: ${off}`);
      }
      assert.equal(chains !== undefined, name === 'persistent');
      if (chains === undefined) return;
      assert.equal(chains[0], 64, 'all chains of the batch moved');
      assert.ok(chains[1] < tolerances.chain, `a chain ended ${chains[1]} away`);
    });
  }
});
