import { familySchema, rowOf, type SpecOf } from '../options/method-table';
import type { Sde, SdeMethod } from './sde-method';
import { subVariancePreservingMethod } from './sub-variance-preserving';
import { varianceExplodingMethod } from './variance-exploding';
import { variancePreservingMethod } from './variance-preserving';

/** Every stochastic differential equation: to add one, write its file and name it here. */
export const sdes = {
  varianceExploding: varianceExplodingMethod,
  variancePreserving: variancePreservingMethod,
  subVariancePreserving: subVariancePreservingMethod,
};

/** What any function of `sde` makes. */
export type SdeSpec = SpecOf<typeof sdes>;

/** The schema of an option that names one. @internal */
export const sdeOption = familySchema('sde', sdes).prefault(() => sdes.varianceExploding.create());

/** @internal */
export function buildSde(spec: SdeSpec): Sde {
  const method: SdeMethod<SdeSpec, unknown> = rowOf(sdes, spec.type);
  return method.build(spec);
}
