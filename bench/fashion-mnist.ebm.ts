// Fashion-MNIST (Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747; MIT licence) in black and white, learned by a
// restricted Boltzmann machine. The files are those of the Debian package dataset-fashion-mnist, or of
// https://github.com/zalandoresearch/fashion-mnist; change the folder to where they are.
import { data, energy, experiment, objective, optimizer, sampler, schedule } from 'ebm-lab';

const folder = '/usr/share/datasets/fashion-mnist';

export default experiment({
  name: 'Fashion-MNIST, Boltzmann machine',
  data: data.idx(`${folder}/train-images-idx3-ubyte.gz`, {
    labels: `${folder}/train-labels-idx1-ubyte.gz`,
    heldOut: `${folder}/t10k-images-idx3-ubyte.gz`,
    heldOutLabels: `${folder}/t10k-labels-idx1-ubyte.gz`,
    binarize: 0.3,
  }),
  energy: energy.rbm({ hidden: 500 }),
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.gibbs({ steps: 3, scan: 'sweep' }),
    bufferSize: 256,
    reinitialize: 0,
  }),
  optimizer: optimizer.adam({
    learningRate: schedule.cosine({ peak: 2e-3, warmup: 100 }),
    beta1: 0,
    average: 0.99,
  }),
  batchSize: 128,
  steps: 6_000,
  preview: {
    samples: 100,
    diagnostics: ['slicedWasserstein', 'randomFeatureFrechet', 'nearestTrainingRow'],
  },
});
