import { type DataSpec, dataMethod } from '../data';
import type { Domain } from '../data/domain';
import { type EnergySpec, energies, energyMethod } from '../energies';
import { type ObjectiveSpec, objectiveMethod, objectives } from '../objectives';
import { OptionError } from '../options/option-error';
import { type SamplerSpec, samplers } from '../samplers';

/** The parts of an experiment that must suit each other. */
interface Parts {
  readonly data: DataSpec;
  readonly energy: EnergySpec;
  readonly objective: ObjectiveSpec;
  readonly preview: { readonly sampler: SamplerSpec };
}

interface Suits {
  readonly domains?: readonly Domain[];
}

const everywhere: readonly Domain[] = ['real', 'nonnegative', 'binary'];

/** What people call the numbers of a domain. */
const called: Readonly<Record<Domain, string>> = {
  real: 'real numbers',
  nonnegative: 'non-negative numbers',
  binary: 'binary numbers (0 and 1)',
};

/** Where the numbers of what `spec` loads lie. */
export function domainOf(spec: DataSpec): Domain {
  return dataMethod(spec).domain?.(spec) ?? 'real';
}

/**
 * Checks, before anything is loaded, that objective, energy and samplers can work with the domain of
 * the data and that its rows have classes where these are needed.
 *
 * @throws OptionError that names the data and what can be used
 */
export function requireCompatible({ data, energy, objective, preview }: Parts): void {
  const domain = domainOf(data);
  const method = objectiveMethod(objective);
  requireDomain(domain, data, ['objective'], objective.type, objectives, ['real']);
  requireDomain(domain, data, ['energy'], energy.type, energies, everywhere);
  // A sampler for the line serves half of it as well, see `chain-in-domain.ts`.
  const walked = domain === 'nonnegative' ? 'real' : domain;
  const own = method.previewSampler?.(objective);
  if (own) requireDomain(walked, data, ['objective', 'sampler'], own.type, samplers, ['real']);
  requireDomain(walked, data, ['preview', 'sampler'], preview.sampler.type, samplers, ['real']);
  if (dataMethod(data).hasLabels?.(data)) return;
  if (method.needsLabels?.(objective)) throw unlabelled(data, 'objective', objective.type);
  if (energyMethod(energy).needsLabels?.(energy)) throw unlabelled(data, 'energy', energy.type);
}

/** @throws OptionError unless the method `type` of `table` works with the domain */
function requireDomain(
  domain: Domain,
  data: DataSpec,
  path: readonly string[],
  type: string,
  table: Readonly<Record<string, Suits>>,
  standard: readonly Domain[],
): void {
  const usable = Object.entries(table).flatMap(([name, { domains = standard }]) =>
    domains.includes(domain) ? [name] : [],
  );
  if (usable.includes(type)) return;
  const family = path.at(-1);
  throw new OptionError(
    `experiment: ${family}.${type} cannot be used with data.${data.type}, whose values are ${called[domain]}.`,
    usable.length === 0
      ? 'Use other data.'
      : `Use ${usable.map((name) => `${family}.${name}`).join(' or ')}.`,
    path,
  );
}

function unlabelled(data: DataSpec, family: 'objective' | 'energy', type: string): OptionError {
  return new OptionError(
    `experiment: ${family}.${type} needs the class of each row, but data.${data.type} has none.`,
    'Name the column of the classes with the option label of data.csv or data.npy, or use labelled data such as data.eightGaussians.',
    [family],
  );
}
