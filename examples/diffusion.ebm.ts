// A diffusion model that is an energy: E(x, σ) of the data with noise that grows continuously.
//
// Each row of a batch is blurred to a time of its own; samples come from noise alone, along the
// probability flow, which adds none on the way: each start always leads to the same sample.
import { data, energy, experiment, objective, optimizer, sampler, schedule, sde } from 'ebm-lab';

const steps = 3_000;
const growing = sde.varianceExploding({ highest: 4, lowest: 0.15 });

export default experiment({
  name: 'Diffusion',
  data: data.eightGaussians(),
  // The landscape shows it at the lowest level.
  energy: energy.noiseConditional({ hidden: [64, 64], dataDeviation: 2 }),
  objective: objective.sdeScoreMatching({ sde: growing }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 3e-3, warmup: 100, steps }),
  }),
  batchSize: 256,
  steps,
  preview: {
    sampler: sampler.probabilityFlow({ sde: growing }),
    chainSteps: 100,
    // The same flow the other way tells how likely rows are, without log Z.
    diagnostics: ['likelihood', 'kullbackLeibler', 'flowLikelihood'],
  },
});
