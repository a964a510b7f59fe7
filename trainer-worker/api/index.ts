/**
 * `ebm-lab`: what an experiment file imports.
 *
 * Conventions: p(x) = exp(-E(x)) / Z, low energy is likely; score = -dE/dx.
 */
import { dataMethods } from '../methods/data';
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

/** How noise grows with time, for objectives and samplers of many noise levels. */
export const sde = factories(sdes);

export type { DataSpec } from '../methods/data';
export type { EnergySpec } from '../methods/energies';
export type { EnergyParameters, ParameterRandom } from '../methods/energies/energy-method';
export type { NoiseName, NoiseSpec } from '../methods/noise-distributions';
export type { ObjectiveSpec } from '../methods/objectives';
export type { OptimizerSpec } from '../methods/optimizers';
export type { SamplerSpec } from '../methods/samplers';
export type { ScheduleSpec } from '../methods/schedules';
export type { SdeSpec } from '../methods/sdes';
export type {
  CheckpointOptions,
  ExperimentOptions,
  ExperimentSpec,
  PreviewOptions,
} from '../trainer/experiment/experiment';
export { experiment } from '../trainer/experiment/experiment';
export type { SweepOptions, SweepRange } from '../trainer/sweeps/sweep';
