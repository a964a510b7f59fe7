/** Whole trainings to time, as data: the peers in Python train the same from it. */
export interface Recipe {
  readonly name: string;
  readonly method: 'PCD' | 'PCD, HMC' | 'DSM' | 'SSM' | 'NCE';
  readonly batch: number;
  /** Hidden layers of the perceptron. */
  readonly hidden: readonly number[];
}

const wide = [128, 128, 128];

export const recipes: readonly Recipe[] = [
  { name: 'PCD, 20 Langevin iterations, batch 512', method: 'PCD', batch: 512, hidden: wide },
  {
    name: 'PCD, 20 iterations, 64 wide, batch 128',
    method: 'PCD',
    batch: 128,
    hidden: [64, 64, 64],
  },
  { name: 'PCD, 4 HMC moves of 5 steps, batch 512', method: 'PCD, HMC', batch: 512, hidden: wide },
  { name: 'DSM, batch 512', method: 'DSM', batch: 512, hidden: wide },
  { name: 'SSM, batch 512', method: 'SSM', batch: 512, hidden: wide },
  { name: 'NCE, batch 512', method: 'NCE', batch: 512, hidden: wide },
];

const objectives: Readonly<Record<Recipe['method'], string>> = {
  PCD: `objective.persistentContrastiveDivergence({
    sampler: sampler.langevin({ steps: 20, stepSize: 0.1 }), bufferSize: 8192, reinitialize: 0.05 })`,
  'PCD, HMC': `objective.persistentContrastiveDivergence({
    sampler: sampler.hamiltonian({ steps: 4, leapfrogSteps: 5, stepSize: 0.1 }), bufferSize: 8192, reinitialize: 0.05 })`,
  DSM: 'objective.denoisingScoreMatching({ sigma: 0.1 })',
  SSM: 'objective.slicedScoreMatching()',
  NCE: 'objective.noiseContrastiveEstimation()',
};

/**
 * The experiment that `ebm run` is given.
 *
 * @param looks whether previews come as they do by default, or only at the beginning and the end
 */
export function experimentText({ method, batch, hidden }: Recipe, looks: boolean): string {
  const preview = looks ? '{}' : '{ every: 1_000_000, diagnostics: [] }';
  return `import { data, energy, experiment, objective, optimizer, sampler } from 'ebm-lab';
export default experiment({
  name: 'bench',
  data: data.twoMoons({ noise: 0.1, samples: 4096 }),
  energy: energy.mlp({ hidden: [${hidden.join(', ')}], activation: 'swish' }),
  objective: ${objectives[method]},
  optimizer: optimizer.adam({ learningRate: 1e-3 }),
  batchSize: ${batch},
  steps: 100,
  preview: ${preview},
});
`;
}
