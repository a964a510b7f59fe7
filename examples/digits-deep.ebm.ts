// Handwritten digits in black and white, learned by a deep Boltzmann machine in about a minute and a half.
//
// As digits-machine, with a second hidden layer above the first. That layer cannot be summed out: chains carry
// it, the data's side takes mean field, and what is told of the likelihood is a lower bound (Salakhutdinov &
// Hinton 2009). The panel shows the weights of the first layer as pictures: "Filters".
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

export default experiment({
  name: 'Digits, deep Boltzmann machine',
  data: data.npz('data/digits.npz', {
    array: 'images',
    labels: 'labels',
    // The ink of a pixel is counted from 0 to 16; more than 0.4 of that is ink.
    from: [0, 16],
    binarize: 0.4,
  }),
  energy: energy.deepBoltzmannMachine({ hidden: [200, 50] }),
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
  steps: 4_000,
  preview: {
    samples: 100,
    diagnostics: ['annealedImportanceSampling', 'slicedWasserstein', 'nearestTrainingRow'],
  },
});
