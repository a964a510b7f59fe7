/**
 * `ebm-lab`: what an experiment file imports.
 *
 * Conventions: p(x) = exp(-E(x)) / Z, low energy is likely; score = -dE/dx.
 */
import { dataMethods } from '../data';
import { energies } from '../energies';
import { noises } from '../noise-distributions';
import { objectives } from '../objectives';
import { optimizers } from '../optimizers';
import { factories } from '../options/method-table';
import { samplers } from '../samplers';
import { schedules } from '../schedules';
import { sdes } from '../sdes';

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

export type { DataSpec } from '../data';
export type { EnergySpec } from '../energies';
export type { EnergyParameters, ParameterRandom } from '../energies/energy-method';
export type {
  CheckpointOptions,
  ExperimentOptions,
  ExperimentSpec,
  PreviewOptions,
} from '../experiment/experiment';
export { experiment } from '../experiment/experiment';
export type { NoiseName, NoiseSpec } from '../noise-distributions';
export type { ObjectiveSpec } from '../objectives';
export type { OptimizerSpec } from '../optimizers';
export type { SamplerSpec } from '../samplers';
export type { ScheduleSpec } from '../schedules';
export type { SdeSpec } from '../sdes';
export type { SweepOptions, SweepRange } from '../sweeps/sweep';
