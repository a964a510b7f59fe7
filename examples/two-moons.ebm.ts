import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';

export default experiment({
  name: 'Two moons',
  data: data.twoMoons({ noise: 0.1 }),
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.langevin({ steps: 10, stepSize: 0.15 }),
    bufferSize: 2048,
    reinitialize: 0.02,
    energyPenalty: 0,
  }),
  optimizer: optimizer.adam({ learningRate: 1e-3 }),
  batchSize: 128,
  steps: 4_000,
  seed: 0,
  preview: { every: 100, samples: 1024 },
});
