// Handwritten digits by denoising at twenty noise levels, in one or two minutes.
//
// A network learns the score of the digits under each level of noise, from so much that no digit is seen to
// hardly any. Samples come from annealed Langevin dynamics, which walks down the levels. Beside each
// distance of the samples is its floor, what training images come to in their place.
import { data, energy, experiment, objective, optimizer, schedule } from 'ebm-lab';

export default experiment({
  name: 'Digits, noise levels',
  data: data.npz('data/digits.npz', {
    array: 'images',
    labels: 'labels',
    // The ink of a pixel is counted from 0 to 16.
    from: [0, 16],
  }),
  energy: energy.scoreNetwork({ hidden: [256, 256], dataDeviation: 0.75 }),
  objective: objective.multiNoiseScoreMatching({ highest: 4, lowest: 0.1, levels: 20 }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 2e-3, warmup: 100 }),
    // The averaged parameters are shown: less noise in the samples.
    average: 0.999,
  }),
  batchSize: 256,
  steps: 4_000,
  preview: {
    samples: 100,
    diagnostics: ['slicedWasserstein', 'randomFeatureFrechet', 'nearestTrainingRow'],
  },
});
