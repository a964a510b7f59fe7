// Handwritten digits in black and white, learned by a restricted Boltzmann machine in about a minute.
//
// The 64 pixels of each image are made bits. Chains of whole layers live on from step to step and are shown
// as they are: persistent contrastive divergence, as in the paper that brought it up (Tieleman 2008, on
// digits). log Z, and with it the likelihood, is annealed both ways along a path of such machines from pixels
// that know nothing of each other. Beside each distance of the samples is its floor, what training images
// come to in their place.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

export default experiment({
  name: 'Digits, Boltzmann machine',
  data: data.npz('data/digits.npz', {
    array: 'images',
    labels: 'labels',
    // The ink of a pixel is counted from 0 to 16; more than 0.4 of that is ink.
    from: [0, 16],
    binarize: 0.4,
  }),
  energy: energy.rbm({ hidden: 200 }),
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.gibbs({ steps: 5, scan: 'sweep' }),
    bufferSize: 512,
    reinitialize: 0,
  }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 2e-3, warmup: 100 }),
    beta1: 0,
    average: 0.99,
  }),
  batchSize: 128,
  steps: 5_000,
  preview: {
    samples: 100,
    diagnostics: [
      'annealedImportanceSampling',
      'slicedWasserstein',
      'randomFeatureFrechet',
      'nearestTrainingRow',
    ],
  },
});
