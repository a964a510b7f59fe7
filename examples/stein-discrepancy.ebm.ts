// Learned Stein discrepancy: a critic shows where the model's score is wrong.
//
// The critic, a second network, is trained five steps for each of the model's. It needs no samples of
// the model and no second derivative of its energy.
import { data, energy, experiment, objective, optimizer, schedule } from 'ebm-lab';

const steps = 5_000;

export default experiment({
  name: 'Learned Stein discrepancy',
  data: data.twoMoons(),
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  objective: objective.learnedSteinDiscrepancy({
    hidden: [64, 64],
    criticSteps: 5,
    criticPenalty: 2,
  }),
  optimizer: optimizer.adam({
    beta1: 0,
    learningRate: schedule.cosine({ peak: 1e-3, warmup: 100, steps }),
  }),
  batchSize: 256,
  steps,
  preview: { every: 100 },
});
