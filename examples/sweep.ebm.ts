// Which step size, and which width? A sweep trains one experiment in many ways and ranks the runs.
//
// In a shell: npx ebm sweep examples/sweep.ebm.ts --parallel 2
import { data, energy, experiment, objective, optimizer, type SweepOptions } from 'ebm-lab';

export default experiment({
  name: 'Two moons, swept',
  data: data.twoMoons({ noise: 0.1 }),
  energy: energy.mlp({ hidden: [32, 32] }),
  // The quickest of the methods here, so that a sweep takes a minute or two.
  objective: objective.denoisingScoreMatching({ sigma: 0.2 }),
  optimizer: optimizer.adam({ learningRate: 1e-3 }),
  batchSize: 128,
  steps: 1_000,
  preview: { every: 500, samples: 512, chainSteps: 20 },
});

export const sweep: SweepOptions = {
  // Sobol's sequence spreads its trials evenly over all parameters together; a grid would try few
  // values of each, and random draws leave gaps and clusters.
  method: 'sobol',
  parameters: {
    // Any option of the experiment, by its dotted path.
    'optimizer.learningRate': { low: 3e-4, high: 3e-2, scale: 'log' },
    'objective.sigma': { low: 0.1, high: 0.4 },
    'energy.hidden': [
      [32, 32],
      [64, 64],
    ],
  },
  trials: 8,
  // Each trial is trained with both, so that luck can be told from merit.
  seeds: [0, 1],
  // The exact KL(data ‖ model), in nats.
  metric: 'divergence/data-model',
};
