/**
 * `ebm-lab`: what an experiment file imports.
 *
 * Conventions: p(x) = exp(-E(x)) / Z, low energy is likely; score = -dE/dx.
 */
import { dataMethods } from '../methods/data';
import { diagnosticFactories } from '../methods/diagnostics';
import { energies } from '../methods/energies';
import { noises } from '../methods/noise-distributions';
import { objectives } from '../methods/objectives';
import { optimizers } from '../methods/optimizers';
import { factories } from '../methods/options/method-table';
import { samplers } from '../methods/samplers';
import { schedules } from '../methods/schedules';
import { sdes } from '../methods/sdes';

/** What the model is to learn. */
export const data = factories(dataMethods);
/** The model: a function E with p(x) = exp(-E(x)) / Z. */
export const energy = factories(energies);
/** How the model learns. */
export const objective = factories(objectives);
/** What data are told from, for objectives that need noise of known density. */
export const noise = factories(noises);
/** Markov chains that draw from the model. */
export const sampler = factories(samplers);
/** What moves the parameters along the gradient. */
export const optimizer = factories(optimizers);
/** How the optimizer's learning rate changes over the run. */
export const schedule = factories(schedules);

/** Measures of your own, for `preview.diagnostics`; those that are built in go by their names. */
export const diagnostic = diagnosticFactories;

/** How noise grows with time, for objectives and samplers of many noise levels. */
export const sde = factories(sdes);

export { loop, stopGradient } from '../compiler/trace/trace';
export type { DataSpec } from '../methods/data';
export type { DrawnRow, RowRandom } from '../methods/data/custom';
export type { Rows } from '../methods/data/rows';
export type { DiagnosticSpec } from '../methods/diagnostics';
export type { Measured } from '../methods/diagnostics/custom';
export type { EnergySpec } from '../methods/energies';
export type { EnergyParameters, ParameterRandom } from '../methods/energies/energy-method';
export type { Model } from '../methods/energies/model';
export type { NoiseName, NoiseSpec } from '../methods/noise-distributions';
export type { ObjectiveSpec } from '../methods/objectives';
export type {
  LossContext,
  Objective,
  ObjectiveContext,
} from '../methods/objectives/objective-method';
export {
  type PersistentChainsOptions,
  persistentChains,
} from '../methods/objectives/persistent-chains';
export type { OptimizerSpec } from '../methods/optimizers';
export type { ParameterGroup } from '../methods/optimizers/parameter-groups';
export { buildSampler, type SamplerSpec } from '../methods/samplers';
export type { OverIterations } from '../methods/samplers/over-iterations';
export type { Carried, Sampler } from '../methods/samplers/sampler-method';
export type { ChainDomain } from '../methods/samplers/walls';
export type { ScheduleSpec } from '../methods/schedules';
export type { SdeSpec } from '../methods/sdes';
export type {
  CheckpointOptions,
  ExperimentOptions,
  ExperimentSpec,
  PreviewOptions,
} from '../trainer/experiment/experiment';
export { experiment } from '../trainer/experiment/experiment';
export type { InitializeOptions } from '../trainer/experiment/initialize-options';
export type { HalvingOptions, SweepOptions, SweepRange } from '../trainer/sweeps/sweep';
