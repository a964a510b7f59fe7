import { rowOf, type SpecOf } from '../options/method-table';
import { classifierMethod } from './classifier';
import { convolutionalMethod } from './convolutional';
import { convolutionalRbmMethod } from './convolutional-rbm';
import { customMethod } from './custom';
import { deepBoltzmannMachineMethod } from './deep-boltzmann-machine';
import type { Energy, EnergyMethod } from './energy-method';
import { gaussBernoulliRbmMethod } from './gauss-bernoulli-rbm';
import { gaussianMethod } from './gaussian';
import { gaussianMixtureMethod } from './gaussian-mixture';
import { isingMethod } from './ising';
import { labelConditionalMethod } from './label-conditional';
import { layersModelMethod } from './layers-model';
import { mixtureMethod } from './mixture';
import { mlpMethod } from './mlp';
import { noiseConditionalMethod } from './noise-conditional';
import { noiseConditionalConvolutionalMethod } from './noise-conditional-convolutional';
import { pottsMethod } from './potts';
import { productMethod } from './product';
import { quadraticMethod } from './quadratic';
import { rbmMethod } from './rbm';
import { residualMethod } from './residual';
import { residualConvolutionalMethod } from './residual-convolutional';
import { scoreNetworkMethod } from './score-network';
import { scoreUNetMethod } from './score-unet';

/** Every energy: to add one, write its file and name it here. */
export const energies = {
  mlp: mlpMethod,
  residual: residualMethod,
  convolutional: convolutionalMethod,
  residualConvolutional: residualConvolutionalMethod,
  layersModel: layersModelMethod,
  noiseConditional: noiseConditionalMethod,
  noiseConditionalConvolutional: noiseConditionalConvolutionalMethod,
  labelConditional: labelConditionalMethod,
  classifier: classifierMethod,
  scoreNetwork: scoreNetworkMethod,
  scoreUNet: scoreUNetMethod,
  gaussian: gaussianMethod,
  gaussianMixture: gaussianMixtureMethod,
  quadratic: quadraticMethod,
  rbm: rbmMethod,
  convolutionalRbm: convolutionalRbmMethod,
  deepBoltzmannMachine: deepBoltzmannMachineMethod,
  gaussBernoulliRbm: gaussBernoulliRbmMethod,
  ising: isingMethod,
  potts: pottsMethod,
  product: productMethod,
  mixture: mixtureMethod,
  custom: customMethod,
};

/** What any function of `energy` makes. */
export type EnergySpec = SpecOf<typeof energies>;

/** The row of the table that made `spec`. @internal */
export function energyMethod(spec: EnergySpec): EnergyMethod<EnergySpec, unknown> {
  return rowOf(energies, spec.type);
}

/**
 * The energy that `spec` describes, of points of `dimensions` numbers.
 *
 * @param levels of each category, of categorical data
 * @throws OptionError where it is not of such points
 * @internal
 */
export function buildEnergy(
  spec: EnergySpec,
  dimensions: number,
  levels?: readonly number[],
): Energy {
  const part = (of: EnergySpec) => buildEnergy(of, dimensions, levels);
  return energyMethod(spec).build(spec, dimensions, part, levels);
}
