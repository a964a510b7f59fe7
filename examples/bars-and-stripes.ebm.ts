// A restricted Boltzmann machine on binary images, measured exactly.
//
// 4 × 4 images in which all rows, or all columns, are of one colour. All 65 536 images are visited at
// each preview, so log Z, the likelihood and the divergence from the data are exact.
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';

export default experiment({
  name: 'Bars and stripes',
  data: data.barsAndStripes({ size: 4 }),
  energy: energy.rbm({ hidden: 32 }),
  // Persistent chains that draw the hidden layer and then the visible one, four times a step.
  objective: objective.persistentContrastiveDivergence({
    sampler: sampler.gibbs({ steps: 4, scan: 'sweep' }),
    bufferSize: 512,
    reinitialize: 0,
  }),
  optimizer: optimizer.adam({ learningRate: 2e-3, beta1: 0 }),
  batchSize: 32,
  steps: 4_000,
  preview: { samples: 64 },
});
