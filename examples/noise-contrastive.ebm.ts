// Noise contrastive estimation: learn a density by telling data from noise.
//
// The noise is a Gaussian with the moments of the data, whose density is known. What the model says of
// a point against what the noise says of it are the odds that it is data: logistic regression. log Z is
// one more parameter, learned and drawn beside the loss.
import { data, energy, experiment, objective, optimizer, schedule } from 'ebm-lab';

const steps = 2_000;

export default experiment({
  name: 'Noise contrastive estimation',
  data: data.pinwheel(),
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  // Four draws of noise a row: more cost more, and the estimate comes closer to maximum likelihood.
  objective: objective.noiseContrastiveEstimation({ noise: 'gaussian', noiseRatio: 4 }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 3e-3, warmup: 100, steps }),
  }),
  batchSize: 256,
  steps,
});
