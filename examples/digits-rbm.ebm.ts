// A restricted Boltzmann machine on handwritten digits, in less than a minute: 8 x 8 pixels, each paper or
// ink, and 100 hidden units. Nothing in it is a picture's but the view: it is told 64 zeros and ones.
//
// Persistent chains draw the whole hidden layer and then the whole image. log Z, and with it the likelihood,
// is annealed along a path of such machines from pixels that know nothing of each other, both ways.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

export default experiment({
  name: 'Digits, restricted Boltzmann machine',
  data: data.npz('data/digits.npz', {
    array: 'images',
    labels: 'labels',
    // The ink of a pixel is counted from 0 to 16; from half of that on it is ink.
    from: [0, 16],
    binarize: 0.5,
  }),
  energy: energy.rbm({ hidden: 100 }),
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.gibbs({ steps: 5, scan: 'sweep' }),
    bufferSize: 512,
    reinitialize: 0,
  }),
  // Without momentum (beta1): the chains need a moment to follow a change of the landscape.
  optimizer: optimizer.adam({ learningRate: schedule.cosine({ peak: 2e-3 }), beta1: 0 }),
  batchSize: 128,
  steps: 4_000,
  preview: { samples: 100, diagnostics: ['annealedImportanceSampling'] },
});
