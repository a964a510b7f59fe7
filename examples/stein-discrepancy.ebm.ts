// Learned Stein discrepancy: a critic shows where the model's score is wrong.
//
// The critic, a second network, is trained five steps for each of the model's. It needs no samples of
// the model and no second derivative of its energy.
import { data, energy, experiment, objective, optimizer } from 'ebm-lab';

export default experiment({
  name: 'Learned Stein discrepancy',
  data: data.twoMoons(),
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  objective: objective.learnedSteinDiscrepancy({
    hidden: [64, 64],
    criticSteps: 5,
    criticPenalty: 2,
  }),
  // Without momentum: a critic that lags behind the model tells it the wrong way.
  optimizer: optimizer.adam({ learningRate: 1e-3, beta1: 0 }),
  batchSize: 256,
  steps: 5_000,
  // The same idea as a measure: a kernel in place of the critic.
  preview: { diagnostics: ['likelihood', 'kullbackLeibler', 'kernelStein'] },
});
