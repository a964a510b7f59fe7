// An energy-based model of two interleaved half circles, in about half a minute.
//
// The model is a function E(x), a small neural network, that stands for the density
// p(x) = exp(-E(x)) / Z: low energy is likely. Nobody needs to know Z to train it.
import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';

export default experiment({
  name: 'Two moons',

  // What to learn. Its entropy is 2.394 nats, so the best possible held-out log-likelihood is -2.394.
  // A single Gaussian, fitted as well as can be, has -3.29.
  data: data.twoMoons({ noise: 0.1 }),

  // The model. Smooth activations make smooth landscapes, which samplers walk on more easily.
  energy: energy.mlp({ hidden: [64, 64], activation: 'swish' }),

  // Each step lowers the energy of data and raises that of the model's own samples, which come from
  // Markov chains that live on from step to step. Watch them: wherever the model wrongly puts
  // density the chains gather, and that is where the energy is raised next.
  objective: objective.persistentContrastiveDivergence({
    // 10 moves per training step, each with Gaussian noise of deviation 0.15 in units of the data.
    sampler: sampler.langevin({ steps: 10, stepSize: 0.15 }),
    bufferSize: 2048,
    // Now and then a chain begins anew, anywhere in the window: new ones find what the old ones left.
    reinitialize: 0.02,
    // Adding a constant to E changes nothing; this keeps that constant from drifting.
    energyPenalty: 0.01,
  }),

  // Without momentum (beta1): the chains need a moment to follow a change of the landscape.
  optimizer: optimizer.adam({ learningRate: 1e-3, beta1: 0 }),

  batchSize: 128,
  steps: 4_000,
  // The same seed gives the same run, bit for bit.
  seed: 0,
  preview: { samples: 1024 },
});
