// Flow contrastive estimation: noise that learns to be taken for data.
//
// Noise contrastive estimation learns little where noise and data lie apart. Here the noise is a flow,
// a distribution with parameters that is easy to draw from: the energy learns to tell it from the data,
// and it learns not to be told.
import { data, energy, experiment, objective, optimizer, schedule } from 'ebm-lab';

const steps = 3_000;

export default experiment({
  name: 'Flow contrastive estimation',
  data: data.twoMoons(),
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),
  objective: objective.flowContrastiveEstimation({ flowLayers: 4, flowHidden: 32 }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 5e-3, warmup: 100, steps }),
  }),
  batchSize: 256,
  steps,
});
