// Energy discrepancy: neither chains nor derivatives in x.
//
// Each row is perturbed, and perturbed again sixteen times; the energy is to be low at the row and high
// at the results. How far the perturbations reach goes from score matching to maximum likelihood.
import { data, energy, experiment, objective, optimizer, schedule } from 'ebm-lab';

const steps = 2_000;

export default experiment({
  name: 'Energy discrepancy',
  data: data.eightGaussians(),
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  // About as far as the modes lie apart: less, and how much weight each has is hardly seen.
  objective: objective.energyDiscrepancy({ sigma: 1, samples: 16 }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 3e-3, warmup: 100, steps }),
  }),
  batchSize: 128,
  steps,
});
