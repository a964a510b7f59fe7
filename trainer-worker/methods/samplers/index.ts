import { rowOf, type SpecOf } from '../options/method-table';
import { annealedLangevinMethod } from './annealed-langevin';
import { gibbsMethod } from './gibbs';
import { gibbsWithGradientsMethod } from './gibbs-with-gradients';
import { hamiltonianMethod } from './hamiltonian';
import { langevinMethod } from './langevin';
import { metropolisAdjustedLangevinMethod } from './metropolis-adjusted-langevin';
import { noUTurnMethod } from './no-u-turn';
import { parallelTemperingMethod } from './parallel-tempering';
import { preconditionedLangevinMethod } from './preconditioned-langevin';
import { predictorCorrectorMethod } from './predictor-corrector';
import { probabilityFlowMethod } from './probability-flow';
import { reverseSdeMethod } from './reverse-sde';
import type { SamplerMethod } from './sampler-method';
import { underdampedLangevinMethod } from './underdamped-langevin';

/** Every sampler: to add one, write its file and name it here. */
export const samplers = {
  langevin: langevinMethod,
  gibbs: gibbsMethod,
  annealedLangevin: annealedLangevinMethod,
  metropolisAdjustedLangevin: metropolisAdjustedLangevinMethod,
  hamiltonian: hamiltonianMethod,
  noUTurn: noUTurnMethod,
  gibbsWithGradients: gibbsWithGradientsMethod,
  preconditionedLangevin: preconditionedLangevinMethod,
  underdampedLangevin: underdampedLangevinMethod,
  parallelTempering: parallelTemperingMethod,
  reverseSde: reverseSdeMethod,
  predictorCorrector: predictorCorrectorMethod,
  probabilityFlow: probabilityFlowMethod,
};

/** What any function of `sampler` makes. */
export type SamplerSpec = SpecOf<typeof samplers>;

/** The row of the table that made `spec`. @internal */
export function samplerMethod(spec: SamplerSpec): SamplerMethod<SamplerSpec, unknown> {
  return rowOf(samplers, spec.type);
}
