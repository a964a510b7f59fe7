import { rowOf, type SpecOf } from '../options/method-table';
import { concreteScoreMatchingMethod } from './concrete-score-matching';
import { conditionalNoiseContrastiveEstimationMethod } from './conditional-noise-contrastive-estimation';
import { contrastiveDivergenceMethod } from './contrastive-divergence';
import { customMethod } from './custom';
import { denoisingScoreMatchingMethod } from './denoising-score-matching';
import { diffusionRecoveryLikelihoodMethod } from './diffusion-recovery-likelihood';
import { energyDiscrepancyMethod } from './energy-discrepancy';
import { explicitScoreMatchingMethod } from './explicit-score-matching';
import { fEbmMethod } from './f-ebm';
import { finiteDifferenceDenoisingScoreMatchingMethod } from './finite-difference-denoising-score-matching';
import { finiteDifferenceSlicedScoreMatchingMethod } from './finite-difference-sliced-score-matching';
import { flowContrastiveEstimationMethod } from './flow-contrastive-estimation';
import { implicitScoreMatchingMethod } from './implicit-score-matching';
import { improvedContrastiveDivergenceMethod } from './improved-contrastive-divergence';
import { jemMethod } from './jem';
import { kernelSteinDiscrepancyMethod } from './kernel-stein-discrepancy';
import { klContractionMethod } from './kl-contraction';
import { learnedSteinDiscrepancyMethod } from './learned-stein-discrepancy';
import { meanFieldContrastiveDivergenceMethod } from './mean-field-contrastive-divergence';
import { minimumProbabilityFlowMethod } from './minimum-probability-flow';
import { minimumVelocityMethod } from './minimum-velocity';
import { multiGridContrastiveDivergenceMethod } from './multi-grid-contrastive-divergence';
import { multiNoiseScoreMatchingMethod } from './multi-noise-score-matching';
import { noiseContrastiveEstimationMethod } from './noise-contrastive-estimation';
import { nonNegativeScoreMatchingMethod } from './non-negative-score-matching';
import type { ObjectiveMethod } from './objective-method';
import { persistentContrastiveDivergenceMethod } from './persistent-contrastive-divergence';
import { pseudoLikelihoodMethod } from './pseudo-likelihood';
import { rankingNoiseContrastiveEstimationMethod } from './ranking-noise-contrastive-estimation';
import { ratioMatchingMethod } from './ratio-matching';
import { sdeScoreMatchingMethod } from './sde-score-matching';
import { shiftedNoiseContrastiveEstimationMethod } from './shifted-noise-contrastive-estimation';
import { shortRunMethod } from './short-run';
import { slicedScoreMatchingMethod } from './sliced-score-matching';
import { unbiasedContrastiveDivergenceMethod } from './unbiased-contrastive-divergence';
import { veraMethod } from './vera';

/** Every objective: to add one, write its file and name it here. */
export const objectives = {
  contrastiveDivergence: contrastiveDivergenceMethod,
  persistentContrastiveDivergence: persistentContrastiveDivergenceMethod,
  explicitScoreMatching: explicitScoreMatchingMethod,
  implicitScoreMatching: implicitScoreMatchingMethod,
  denoisingScoreMatching: denoisingScoreMatchingMethod,
  slicedScoreMatching: slicedScoreMatchingMethod,
  finiteDifferenceSlicedScoreMatching: finiteDifferenceSlicedScoreMatchingMethod,
  finiteDifferenceDenoisingScoreMatching: finiteDifferenceDenoisingScoreMatchingMethod,
  nonNegativeScoreMatching: nonNegativeScoreMatchingMethod,
  ratioMatching: ratioMatchingMethod,
  shortRun: shortRunMethod,
  improvedContrastiveDivergence: improvedContrastiveDivergenceMethod,
  unbiasedContrastiveDivergence: unbiasedContrastiveDivergenceMethod,
  meanFieldContrastiveDivergence: meanFieldContrastiveDivergenceMethod,
  multiGridContrastiveDivergence: multiGridContrastiveDivergenceMethod,
  noiseContrastiveEstimation: noiseContrastiveEstimationMethod,
  rankingNoiseContrastiveEstimation: rankingNoiseContrastiveEstimationMethod,
  conditionalNoiseContrastiveEstimation: conditionalNoiseContrastiveEstimationMethod,
  shiftedNoiseContrastiveEstimation: shiftedNoiseContrastiveEstimationMethod,
  energyDiscrepancy: energyDiscrepancyMethod,
  pseudoLikelihood: pseudoLikelihoodMethod,
  minimumProbabilityFlow: minimumProbabilityFlowMethod,
  concreteScoreMatching: concreteScoreMatchingMethod,
  klContraction: klContractionMethod,
  minimumVelocity: minimumVelocityMethod,
  kernelSteinDiscrepancy: kernelSteinDiscrepancyMethod,
  learnedSteinDiscrepancy: learnedSteinDiscrepancyMethod,
  jem: jemMethod,
  flowContrastiveEstimation: flowContrastiveEstimationMethod,
  fEbm: fEbmMethod,
  vera: veraMethod,
  multiNoiseScoreMatching: multiNoiseScoreMatchingMethod,
  diffusionRecoveryLikelihood: diffusionRecoveryLikelihoodMethod,
  sdeScoreMatching: sdeScoreMatchingMethod,
  custom: customMethod,
};

/** What any function of `objective` makes. */
export type ObjectiveSpec = SpecOf<typeof objectives>;

/** The row of the table that made `spec`. @internal */
export function objectiveMethod(spec: ObjectiveSpec): ObjectiveMethod<ObjectiveSpec, unknown> {
  return rowOf(objectives, spec.type);
}

/** Steps from one move of the model to the next. @internal */
export function modelEvery(spec: ObjectiveSpec): number {
  return objectiveMethod(spec).modelEvery?.(spec) ?? 1;
}

/** How often the model moves in a run of so many steps, once at least. @internal */
export function modelUpdates(spec: ObjectiveSpec, steps: number): number {
  return Math.max(1, Math.floor(steps / modelEvery(spec)));
}
