// Digits in black and white by a classifier that is a density as well (JEM), in one or two minutes.
//
// One network gives logits of the ten digits. Its classes are trained by cross-entropy, and E(x) = -log Σ exp
// of the logits by chains that flip pixels where the energy's slope promises most. Watch the accuracy on
// held-out images beside the samples: one model does both.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

export default experiment({
  name: 'Digits, JEM',
  data: data.npz('data/digits.npz', {
    array: 'images',
    labels: 'labels',
    // The ink of a pixel is counted from 0 to 16; more than 0.4 of that is ink.
    from: [0, 16],
    binarize: 0.4,
  }),
  energy: energy.classifier({ classes: 10, hidden: [256] }),
  objective: objective.jem({
    sampler: sampler.gibbsWithGradients({ steps: 20 }),
    bufferSize: 512,
    reinitialize: 0,
    energyPenalty: 0.001,
  }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 1e-3, warmup: 100 }),
    beta1: 0,
    average: 0.99,
  }),
  batchSize: 64,
  steps: 4_000,
  preview: {
    samples: 100,
    diagnostics: ['accuracy', 'slicedWasserstein', 'randomFeatureFrechet', 'nearestTrainingRow'],
  },
});
