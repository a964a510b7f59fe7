import { rowOf, type SpecOf } from '../options/method-table';
import { customMethod } from './custom';
import type { EnergyMethod } from './energy-method';
import { mlpMethod } from './mlp';

/** Every energy: to add one, write its file and name it here. */
export const energies = {
  mlp: mlpMethod,
  custom: customMethod,
};

/** What any function of `energy` makes. */
export type EnergySpec = SpecOf<typeof energies>;

/** The row of the table that made `spec`. @internal */
export function energyMethod(spec: EnergySpec): EnergyMethod<EnergySpec, unknown> {
  return rowOf(energies, spec.type);
}
