import type { Domain } from '../data/domain';
import { rowOf, type SpecOf } from '../options/method-table';
import { OptionError } from '../options/option-error';
import { requireWhole } from '../options/validate';
import { bernoulliMethod } from './bernoulli';
import { categoricalMethod } from './categorical';
import { customMethod } from './custom';
import { gaussianMethod } from './gaussian';
import { gaussianMixtureMethod } from './gaussian-mixture';
import { laplaceMethod } from './laplace';
import { mixtureMethod } from './mixture';
import type { NoiseContext, NoiseDistribution, NoiseMethod } from './noise-distribution';
import { samplesMethod } from './samples';
import { studentTMethod } from './student-t';
import { uniformMethod } from './uniform';

/** Every noise distribution: to add one, write its file and name it here. */
export const noises = {
  gaussian: gaussianMethod,
  uniform: uniformMethod,
  laplace: laplaceMethod,
  studentT: studentTMethod,
  gaussianMixture: gaussianMixtureMethod,
  mixture: mixtureMethod,
  bernoulli: bernoulliMethod,
  categorical: categoricalMethod,
  samples: samplesMethod,
  custom: customMethod,
};

/** What any function of `noise` makes. */
export type NoiseSpec = SpecOf<typeof noises>;

/** Names of noise that is fitted to the data, for short. */
export type NoiseName = 'gaussian' | 'diagonalGaussian' | 'uniform';

/** What the names stand for. */
const named: Readonly<Record<NoiseName, () => NoiseSpec>> = {
  gaussian: () => noises.gaussian.create(),
  diagonalGaussian: () => noises.gaussian.create({ diagonal: true }),
  uniform: () => noises.uniform.create(),
};

/** @internal */
export const noiseNames = Object.keys(named) as NoiseName[];

/** The noise that a name stands for, or the one that is given. @internal */
export function noiseSpec(noise: NoiseName | NoiseSpec): NoiseSpec {
  return typeof noise === 'string' ? named[noise]() : noise;
}

/** The row of the table that made `spec`. @internal */
export function noiseMethod(spec: NoiseSpec): NoiseMethod<NoiseSpec, unknown> {
  if (!Object.hasOwn(noises, spec.type)) {
    throw new OptionError(
      'noise.mixture: a part is no noise.',
      'Write for example noise.mixture({ of: [noise.gaussian(), noise.uniform()] }).',
      ['noise', 'of'],
    );
  }
  return rowOf(noises, spec.type);
}

/**
 * Data that noise can be told from.
 *
 * @throws OptionError where it, or a part of it, is no whole noise
 * @internal
 */
export function noiseDomains(spec: NoiseSpec): readonly Domain[] {
  const { schema, domains } = noiseMethod(spec);
  requireWhole(schema, `noise.${spec.type}`, spec);
  return domains?.(spec, noiseDomains) ?? ['real'];
}

/**
 * The distribution that `spec` describes, for the rows of a run.
 *
 * @throws OptionError where it does not fit them
 * @internal
 */
export function buildNoise(spec: NoiseSpec, context: NoiseContext): NoiseDistribution {
  return noiseMethod(spec).build(spec, context, (part) => buildNoise(part, context));
}
