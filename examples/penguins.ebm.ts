// The same method on measurements: bills and flippers of three species of penguins, which the model
// is not told of. Look for the clusters in its landscape.
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';

export default experiment({
  name: 'Penguins',

  // The path is relative to this file. Each column is standardised (mean 0, deviation 1), so that
  // one step size fits millimetres of bill and millimetres of flipper alike, and a tenth of the rows
  // is held out to measure the likelihood on.
  data: data.csv('data/penguins.csv', { columns: ['bill_length_mm', 'flipper_length_mm'] }),

  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),

  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.langevin({ steps: 10, stepSize: 0.15 }),
    bufferSize: 1024,
    energyPenalty: 0.01,
  }),

  // 342 birds are few: a slower rate and fewer steps keep the model from learning each by heart.
  optimizer: optimizer.adam({ learningRate: 5e-4, beta1: 0 }),
  batchSize: 64,
  steps: 2_000,
  // How well the chains mix: how many independent draws their next 200 iterations are worth.
  preview: { diagnostics: ['likelihood', 'chains'] },
});
