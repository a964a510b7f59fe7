/** Every objective that takes categories learns a law that is known. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import type { PreviewFrame } from '../../protocol/run';
import { samplesAsCsv } from '../../run-directory/export-samples';
import { writeManifest } from '../../run-directory/manifest';
import { writePreview } from '../../run-directory/previews';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import { experimentFolder } from '../support/experiment-folder';
import { manifest } from '../support/manifest';

/** Trains an experiment and gives what it ended with. */
async function train(t: TestContext, text: string, files: Readonly<Record<string, string>> = {}) {
  const folder = await experimentFolder(t, { ...files, 'it.ebm.ts': text });
  const prepared = await prepareTraining(await loadExperiment(`${folder}/it.ebm.ts`));
  let metrics: Readonly<Record<string, number>> = {};
  let frame: PreviewFrame | undefined;
  const loop = prepared.createLoop([
    {
      metrics(_step, values) {
        metrics = values;
      },
      async preview(latest) {
        frame = latest;
      },
    },
  ]);
  assert.equal(await loop.run(), 'finished');
  return { prepared, metrics, frame: frame!, folder };
}

const potts = (objective: string, energy = 'energy.potts({ lattice: [2, 2] })') => `
import { data, energy, experiment, noise, objective, optimizer, sampler, schedule } from 'ebm-lab';
export default experiment({
  data: data.potts({ size: 2, states: 3, coupling: 0.8, samples: 20_000 }),
  energy: ${energy},
  objective: ${objective},
  optimizer: optimizer.adam({ learningRate: schedule.cosine({ peak: 3e-2 }) }),
  batchSize: 256,
  steps: 600,
  preview: { every: 600, samples: 512 },
});
`;

const objectives: Readonly<Record<string, string>> = {
  'contrastive divergence, random places':
    'objective.contrastiveDivergence({ sampler: sampler.gibbs({ steps: 8 }) })',
  'contrastive divergence, sweeps':
    "objective.contrastiveDivergence({ sampler: sampler.gibbs({ steps: 3, scan: 'sweep' }) })",
  'contrastive divergence, with gradients':
    'objective.contrastiveDivergence({ sampler: sampler.gibbsWithGradients({ steps: 12 }) })',
  'persistent contrastive divergence':
    "objective.persistentContrastiveDivergence({ sampler: sampler.gibbs({ steps: 1, scan: 'sweep' }), bufferSize: 1024 })",
  'pseudo-likelihood': 'objective.pseudoLikelihood()',
  'ratio matching': 'objective.ratioMatching()',
  'minimum probability flow': 'objective.minimumProbabilityFlow()',
  'concrete score matching': 'objective.concreteScoreMatching()',
  'energy discrepancy': 'objective.energyDiscrepancy({ redraw: 0.5, samples: 32 })',
  'noise contrastive estimation':
    'objective.noiseContrastiveEstimation({ noise: noise.categorical(), noiseRatio: 4 })',
  'ranking noise contrastive estimation':
    'objective.rankingNoiseContrastiveEstimation({ noise: noise.categorical(), noiseRatio: 8 })',
};

describe('the law of a Potts model', () => {
  for (const [name, objective] of Object.entries(objectives)) {
    test(`is learned by ${name}`, async (t) => {
      const { metrics } = await train(t, potts(objective));
      // 20,000 rows leave a maximum of likelihood half a nat for each of 12 parameters away, 3e-4 nats in
      // all; others, and gradients by chance whose steps end at zero, some times as much. Independent
      // sites are 0.36 nats away.
      assert.ok(metrics['divergence/data-model']! < 0.01, `${metrics['divergence/data-model']}`);
    });
  }

  test('is learned by a network that knows nothing of sites', async (t) => {
    const { metrics } = await train(
      t,
      potts('objective.pseudoLikelihood()', 'energy.mlp({ hidden: [32] })'),
    );
    assert.ok(metrics['divergence/data-model']! < 0.02, `${metrics['divergence/data-model']}`);
  });
});

describe('log Z that is annealed', () => {
  for (const [name, energy] of Object.entries({
    'by changes of one category': 'energy.potts({ lattice: [2, 2] })',
    'by sweeps of a restricted Boltzmann machine': 'energy.rbm({ hidden: 6 })',
  })) {
    test(`is that of all states, ${name}`, async (t) => {
      const text = potts('objective.pseudoLikelihood()', energy).replace(
        'samples: 512 }',
        "samples: 512, diagnostics: ['likelihood', 'annealedImportanceSampling'] }",
      );
      const { metrics } = await train(t, text);
      // Likelihoods on the same rows differ by log Z alone: the annealed one has 4.5 standard errors, which
      // are exceeded once in 100,000 seeds, and both are rounded.
      const apart = metrics['log-likelihood/annealed']! - metrics['log-likelihood/held-out']!;
      const error = metrics['log Z/annealed/error']!;
      assert.ok(error < 0.1, `${error}`);
      assert.ok(Math.abs(apart) < 4.5 * error + 1e-4, `${apart} ± ${error}`);
    });
  }
});

describe('island and sex of the penguins', () => {
  // Counted here: of 333 birds whose sex is known.
  const file = readFileSync('examples/data/penguins.csv', 'utf8').trim().split('\n');
  const birds = file.slice(1).flatMap((line) => {
    const fields = line.split(',');
    return fields[6] === 'male' || fields[6] === 'female' ? [`${fields[1]},${fields[6]}`] : [];
  });

  for (const [name, objective] of Object.entries(objectives)) {
    test(`are learned by ${name}`, async (t) => {
      const { frame, prepared, folder } = await train(
        t,
        `
import { data, energy, experiment, noise, objective, optimizer, sampler, schedule } from 'ebm-lab';
export default experiment({
  data: data.csv('penguins.csv', { domain: 'categorical', columns: ['island', 'sex'], missing: ['NA', ''], heldOut: 0 }),
  energy: energy.mlp({ hidden: [16] }),
  objective: ${objective.replace('bufferSize: 1024', 'bufferSize: 4096')},
  optimizer: optimizer.adam({ learningRate: schedule.cosine({ peak: 2e-2 }) }),
  batchSize: 111,
  steps: 800,
  preview: { every: 800, samples: 4000, chainSteps: 20, sampler: sampler.gibbs({ scan: 'sweep' }) },
});
`,
        { 'penguins.csv': file.join('\n') },
      );
      assert.deepEqual(prepared.description.preview.axes, ['island', 'sex']);
      await writeManifest(folder, { ...manifest, preview: prepared.description.preview });
      await writePreview(folder, frame, prepared.description.preview);
      const pieces: string[] = [];
      for await (const piece of samplesAsCsv(folder)) pieces.push(piece);
      const lines = pieces.join('').trim().split('\n').slice(1);
      const share = (of: readonly string[], what: string) =>
        of.filter((line) => line === what).length / of.length;
      for (const what of new Set(birds)) {
        // Six states. 4,000 samples: five deviations of at most 0.0066. What the objective's own chance leaves
        // of the model at the end: 0.03.
        const apart = Math.abs(share(lines, what) - share(birds, what));
        assert.ok(apart < 0.033 + 0.03, `${what}: ${share(lines, what)}, ${share(birds, what)}`);
      }
    });
  }
});

test('columns of names are trained on, shown as codes and exported as names', async (t) => {
  const rows = Array.from({ length: 400 }, (_, i) =>
    // Who is red is large, of the others every second one.
    i % 2 === 0 ? 'red,large' : ['blue,large', 'blue,small'][(i >> 1) % 2],
  );
  const { metrics, frame, prepared, folder } = await train(
    t,
    `
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';
export default experiment({
  data: data.csv('rows.csv', { domain: 'categorical', heldOut: 0.25 }),
  energy: energy.rbm({ hidden: 4 }),
  objective: objective.pseudoLikelihood(),
  optimizer: optimizer.adam({ learningRate: 0.03 }),
  batchSize: 64,
  steps: 600,
  preview: { every: 600, samples: 1000, sampler: sampler.gibbs({ scan: 'sweep' }) },
});
`,
    { 'rows.csv': `colour,size\n${rows.join('\n')}\n` },
  );
  // The entropy is log 2 + ½ log 2 = 1.04; 100 held-out rows have a standard error of 0.04.
  assert.ok(metrics['log-likelihood/held-out']! > -1.25, `${metrics['log-likelihood/held-out']}`);
  const { preview } = prepared.description;
  assert.deepEqual(preview.axes, ['colour', 'size']);
  assert.equal(frame.samples.length, 2 * frame.count);
  await writeManifest(folder, { ...manifest, preview });
  await writePreview(folder, frame, preview);
  const table: string[] = [];
  for await (const piece of samplesAsCsv(folder)) table.push(piece);
  const [head, ...lines] = table.join('').trim().split('\n');
  assert.equal(head, 'colour,size');
  assert.equal(lines.length, 1000);
  const share = (text: string) => lines.filter((line) => line === text).length / 1000;
  // A deviation of 0.016 at most of a thousand samples, 4 of them, and what the model is away.
  assert.ok(Math.abs(share('red,large') - 0.5) < 0.12, `${share('red,large')}`);
  assert.ok(Math.abs(share('blue,small') - 0.25) < 0.12);
  assert.ok(share('red,small') < 0.05);
  assert.ok(lines.every((line) => /^(red|blue),(large|small)$/.test(line)));
});
