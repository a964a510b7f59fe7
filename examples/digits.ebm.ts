// Handwritten digits of 8 x 8 pixels, in about a minute: 1,797 images that were read from forms, kept as
// bytes and shown to the model from -1 (paper) to 1 (ink).
//
// The model is the energy of images with noise that grows continuously, E(x, σ). Samples come from noise
// alone, along the probability flow. Move through the previews: strokes come first, then digits.
import { data, energy, experiment, objective, optimizer, sampler, schedule, sde } from 'ebm-lab';

const growing = sde.varianceExploding({ highest: 4, lowest: 0.05 });

export default experiment({
  name: 'Digits',
  data: data.npz('data/digits.npz', {
    array: 'images',
    labels: 'labels',
    // The ink of a pixel is counted from 0 to 16.
    from: [0, 16],
  }),
  energy: energy.noiseConditional({ hidden: [256, 256], dataDeviation: 0.7 }),
  objective: objective.sdeScoreMatching({ sde: growing }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 1e-3, warmup: 100 }),
    // The averaged parameters are shown: less noise in the samples.
    average: 0.999,
  }),
  batchSize: 256,
  steps: 6_000,
  preview: {
    sampler: sampler.probabilityFlow({ sde: growing }),
    chainSteps: 100,
    samples: 100,
    diagnostics: ['slicedWasserstein', 'randomFeatureFrechet', 'nearestTrainingRow'],
  },
});
