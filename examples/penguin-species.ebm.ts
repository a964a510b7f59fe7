// A classifier that is a density as well (JEM).
//
// Its logits f(x)[y] say which species a penguin is; -log Σ exp f(x)[y] is an energy, so it also says how
// likely such a penguin is at all. Points far from all penguins have high energies, however sure the
// classifier is of them.
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';

export default experiment({
  name: 'Penguin species',
  data: data.csv('data/penguins.csv', {
    columns: ['bill_length_mm', 'flipper_length_mm'],
    label: 'species',
  }),
  energy: energy.classifier({ classes: 3, hidden: [64, 64] }),
  // Cross-entropy of the species, and persistent contrastive divergence on the energy.
  objective: objective.jem({
    sampler: sampler.langevin({ steps: 10, stepSize: 0.15 }),
    bufferSize: 1024,
    energyPenalty: 0.01,
  }),
  optimizer: optimizer.adam({ learningRate: 5e-4, beta1: 0 }),
  batchSize: 64,
  steps: 1_500,
  preview: { diagnostics: ['likelihood', 'outOfDistribution', 'energyGap'] },
});
