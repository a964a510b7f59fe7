import { accuracy } from './accuracy';
import { annealedImportanceSampling } from './annealed-importance-sampling';
import { chains } from './chains';
import { classifierTwoSample } from './classifier-two-sample';
import { type CustomDiagnosticSpec, custom } from './custom';
import { densityAndCoverage } from './density-and-coverage';
import type { DiagnosticMethod } from './diagnostic';
import { energyGap } from './energy-gap';
import { flowLikelihood } from './flow-likelihood';
import { kernelStein } from './kernel-stein';
import { kullbackLeibler } from './kullback-leibler';
import { likelihood } from './likelihood';
import { maximumMeanDiscrepancy } from './maximum-mean-discrepancy';
import { nearestTrainingRow } from './nearest-training-row';
import { outOfDistribution } from './out-of-distribution';
import { patchWasserstein } from './patch-wasserstein';
import { randomFeatureFrechet } from './random-feature-frechet';
import { randomFeatureMmd } from './random-feature-mmd';
import { slicedWasserstein } from './sliced-wasserstein';

/** Names of diagnostics. */
export type DiagnosticName =
  | 'likelihood'
  | 'kullbackLeibler'
  | 'flowLikelihood'
  | 'maximumMeanDiscrepancy'
  | 'slicedWasserstein'
  | 'patchWasserstein'
  | 'randomFeatureFrechet'
  | 'randomFeatureMmd'
  | 'densityAndCoverage'
  | 'classifierTwoSample'
  | 'nearestTrainingRow'
  | 'kernelStein'
  | 'outOfDistribution'
  | 'energyGap'
  | 'accuracy'
  | 'chains'
  | 'annealedImportanceSampling';

/** A measure: one that is built in, by its name, or your own. */
export type DiagnosticSpec = DiagnosticName | CustomDiagnosticSpec;

/** Every diagnostic: to add one, write its file, its row and its name above. */
export const diagnostics: Readonly<Record<DiagnosticName, DiagnosticMethod>> = {
  likelihood,
  kullbackLeibler,
  flowLikelihood,
  maximumMeanDiscrepancy,
  slicedWasserstein,
  patchWasserstein,
  randomFeatureFrechet,
  randomFeatureMmd,
  densityAndCoverage,
  classifierTwoSample,
  nearestTrainingRow,
  kernelStein,
  outOfDistribution,
  energyGap,
  accuracy,
  chains,
  annealedImportanceSampling,
};

/** What an experiment calls for a measure of its own. */
export const diagnosticFactories = Object.freeze({ custom });
