// Categorical data: a Potts model that learns how strongly neighbours attract each other.
//
// 3 × 3 sites, each in one of three states, drawn exactly with a coupling of 0.8 between neighbours. All
// 19 683 states are visited at each preview, so the divergence from the data is exact; every number of
// the parameter `coupling` should come to 0.8, and all of `field` to the same.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

export default experiment({
  name: 'Potts model',
  data: data.potts({ size: 3, states: 3, coupling: 0.8 }),
  energy: energy.potts({ lattice: [3, 3] }),
  // Persistent chains that draw all sites of one colour of the chessboard at once, then those of the other.
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.gibbs({ steps: 2, scan: 'sweep' }),
    bufferSize: 1024,
    reinitialize: 0,
  }),
  optimizer: optimizer.adam({ learningRate: schedule.cosine({ peak: 1e-2 }) }),
  batchSize: 256,
  steps: 2_000,
  preview: { samples: 64 },
});
