// Score matching: no Markov chains at all while training.
//
// The score of a density is its slope, s(x) = d log p(x)/dx = -dE/dx, and Z has no part in it. Score
// matching makes the model's score that of the data: sliced, along one random direction for each row,
// which costs the same in any dimension.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

const steps = 2_000;

export default experiment({
  name: 'Score matching',
  data: data.twoMoons(),
  // The loss takes a second derivative of E in x, and its gradient a third: smooth activations only.
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  objective: objective.slicedScoreMatching(),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 3e-3, warmup: 100, steps }),
  }),
  batchSize: 256,
  steps,
  preview: {
    // Only these are chains: from noise, to show what the model believes.
    sampler: sampler.langevin({ stepSize: 0.1 }),
    chainSteps: 200,
    // The exact divergence from the data, in nats, and two measures of the shown samples.
    diagnostics: ['likelihood', 'kullbackLeibler', 'maximumMeanDiscrepancy', 'slicedWasserstein'],
  },
});
