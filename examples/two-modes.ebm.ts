// Two modes far apart, in their true shares: parallel tempering.
//
// One point in five is of the left Gaussian, the others are of the right one, 12 deviations away. Once the
// model has learned that, Langevin steps alone do not cross between them. Hotter replicas of each chain do,
// and exchange their points with it; how often is recorded, with the barrier and the round trips, and shown
// under Health.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

const tempered = sampler.parallelTempering({
  steps: 10,
  stepSize: 0.3,
  temperatures: 5,
  highest: 20,
});

export default experiment({
  name: 'Two modes, parallel tempering',
  data: data.gaussianMixture({
    means: [
      [-3, 0],
      [3, 0],
    ],
    deviation: 0.5,
    weights: [1, 4],
  }),
  energy: energy.mlp({ hidden: [64, 64] }),
  objective: objective.persistentContrastiveDivergence({
    sampler: tempered,
    bufferSize: 1024,
    reinitialize: 0,
    energyPenalty: 0.01,
  }),
  optimizer: optimizer.adam({ learningRate: schedule.cosine({ peak: 1e-3, warmup: 100 }) }),
  batchSize: 128,
  steps: 2_000,
  preview: { samples: 512, sampler: tempered },
});
