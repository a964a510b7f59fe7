import { familySchema, rowOf, type SpecOf } from '../options/method-table';
import { validate } from '../options/validate';
import { annealedLangevinMethod } from './annealed-langevin';
import { customMethod } from './custom';
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
import type { Sampler, SamplerMethod } from './sampler-method';
import { temperedTransitionsMethod } from './tempered-transitions';
import { underdampedLangevinMethod } from './underdamped-langevin';
import type { ChainDomain } from './walls';

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
  temperedTransitions: temperedTransitionsMethod,
  reverseSde: reverseSdeMethod,
  predictorCorrector: predictorCorrectorMethod,
  probabilityFlow: probabilityFlowMethod,
  custom: customMethod,
};

/** What any function of `sampler` makes. */
export type SamplerSpec = SpecOf<typeof samplers>;

/** The row of the table that made `spec`. @internal */
export function samplerMethod(spec: SamplerSpec): SamplerMethod<SamplerSpec, unknown> {
  return rowOf(samplers, spec.type);
}

/** Where a sampler keeps the coordinates of its chains; `null` where they may go anywhere. */
export function domainOfChains(spec: SamplerSpec): Required<ChainDomain> | null {
  return 'domain' in spec ? spec.domain : null;
}

/**
 * The sampler that `spec` describes, for a loss of your own: `context.chain(buildSampler(spec), points)`.
 *
 * @throws OptionError where an option of it is wrong
 */
export function buildSampler(spec: SamplerSpec): Sampler {
  const valid = validate(familySchema('sampler', samplers), 'buildSampler', spec);
  return samplerMethod(valid).build(valid);
}
