import type { EnergyParameters } from './energy-method';

/** Parameters of a part of an objective under names of their own: `critic/weight1`. */
export function withPrefix(prefix: string, parameters: EnergyParameters): EnergyParameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [prefix + name, tensor]),
  );
}

/** Of an objective's parameters those of one part, by the names that the part gave them. */
export function underPrefix(prefix: string, parameters: EnergyParameters): EnergyParameters {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
