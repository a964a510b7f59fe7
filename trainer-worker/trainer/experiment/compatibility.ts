import { type DataSpec, dataMethod } from '../../methods/data';
import type { Domain } from '../../methods/data/domain';
import { type EnergySpec, energies, energyMethod } from '../../methods/energies';
import { type NoiseSpec, noiseDomains, noiseSpec } from '../../methods/noise-distributions';
import { type ObjectiveSpec, objectiveMethod, objectives } from '../../methods/objectives';
import { OptionError } from '../../methods/options/option-error';
import { requireWhole } from '../../methods/options/validate';
import { domainOfChains, type SamplerSpec, samplerMethod, samplers } from '../../methods/samplers';

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

const everywhere: readonly Domain[] = ['real', 'nonnegative', 'binary', 'categorical'];

/** What people call the numbers of a domain. */
const called: Readonly<Record<Domain, string>> = {
  real: 'real numbers',
  nonnegative: 'non-negative numbers',
  binary: 'binary numbers (0 and 1)',
  categorical: 'categories',
};

/** Noise that can be told from data of a domain. */
const suitedNoise: Readonly<Record<Domain, string>> = {
  real: 'Use noise of real numbers, such as noise.gaussian().',
  nonnegative:
    'Use noise that is not negative, such as noise.uniform(), or your own by noise.custom.',
  binary: 'Use noise of zeros and ones, such as noise.bernoulli(), or your own by noise.custom.',
  categorical: 'Use noise of categories, noise.categorical(), or your own by noise.custom.',
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
  requireSuited(domain, data, method.suits?.(objective), ['objective'], objective.type);
  const noise = method.noise?.(objective).noise;
  if (noise !== undefined) requireSameDomain(domain, data, noiseSpec(noise));
  for (const part of allParts(energy)) {
    requireDomain(domain, data, ['energy'], part.type, energies, everywhere);
  }
  // A sampler for the line serves half of it as well, see `chain-in-domain.ts`.
  const walked = domain === 'nonnegative' ? 'real' : domain;
  const requireSampler = (spec: SamplerSpec, path: readonly string[]) => {
    if (isSwept(spec, energy, domain)) return;
    requireDomain(walked, data, path, spec.type, samplers, ['real']);
    requireSuited(walked, data, samplerMethod(spec).suits?.(spec), path, spec.type);
    requireWallsIn(domain, data, spec, path);
  };
  const own = method.previewSampler?.(objective);
  if (own) requireSampler(own, ['objective', 'sampler']);
  requireSampler(preview.sampler, ['preview', 'sampler']);
  requireCarried({ energy, objective, preview }, own);
  if (dataMethod(data).hasLabels?.(data)) return;
  if (method.needsLabels?.(objective)) throw unlabelled(data, 'objective', objective.type);
  if (energyMethod(energy).needsLabels?.(energy)) throw unlabelled(data, 'energy', energy.type);
}

/** Whether the energy itself draws the numbers of a sampler's points, which then lie where data do. */
function isSwept(sampler: SamplerSpec, energy: EnergySpec, domain: Domain): boolean {
  const asks = samplerMethod(sampler).sweeps?.(sampler) ?? false;
  return asks && (energyMethod(energy).sweeps?.(energy).includes(domain) ?? false);
}

/**
 * Checks that an energy with units beside its points, whose energies are bounds without them, is trained
 * and shown by what carries them.
 *
 * @param own the objective's sampler
 * @throws OptionError that names what does
 */
function requireCarried(
  { energy, objective, preview }: Omit<Parts, 'data'>,
  own: SamplerSpec | undefined,
): void {
  const hasUnits = ({ type }: EnergySpec) => energies[type].latentUnits !== undefined;
  const deep = allParts(energy).find(hasUnits);
  if (deep === undefined) return;
  const because = `energy.${deep.type}, whose upper hidden units cannot be summed out`;
  if (deep !== energy) {
    throw new OptionError(
      `experiment: energy.${energy.type} cannot be made of ${because}.`,
      `Use energy.${deep.type} by itself.`,
      ['energy'],
    );
  }
  if (!(objectiveMethod(objective).trainsLatent ?? false)) {
    const usable = Object.entries<{ readonly trainsLatent?: boolean }>(objectives).flatMap(
      ([name, { trainsLatent }]) => (trainsLatent ? [`objective.${name}`] : []),
    );
    throw new OptionError(
      `experiment: objective.${objective.type} cannot train ${because}.`,
      `Use ${usable.join(' or ')}.`,
      ['objective'],
    );
  }
  const used = [
    ...(own ? [{ spec: own, path: ['objective', 'sampler'] }] : []),
    { spec: preview.sampler, path: ['preview', 'sampler'] },
  ];
  const other = used.find(({ spec }) => !(samplerMethod(spec).sweeps?.(spec) ?? false));
  if (other) {
    throw new OptionError(
      `experiment: sampler.${other.spec.type} as it is set up cannot be used with ${because}.`,
      "Use sampler.gibbs({ scan: 'sweep' }), which carries them.",
      other.path,
    );
  }
}

/** An energy, and where it is a composition all that it is made of. */
function allParts(energy: EnergySpec): readonly EnergySpec[] {
  if (!Object.hasOwn(energies, energy.type)) {
    throw new OptionError(
      'experiment: a part of the composed energy is no energy.',
      'Write for example energy.product({ of: [energy.mlp(), energy.gaussian()] }).',
      ['energy'],
    );
  }
  const { schema, parts } = energyMethod(energy);
  requireWhole(schema, `energy.${energy.type}`, energy);
  return [energy, ...(parts?.(energy) ?? []).flatMap(allParts)];
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

/** @throws OptionError where a method is set up for other data; `suits` says for which it is */
function requireSuited(
  domain: Domain,
  data: DataSpec,
  suits: { readonly domains: readonly Domain[]; readonly remedy: string } | undefined,
  path: readonly string[],
  type: string,
): void {
  if (suits === undefined || suits.domains.includes(domain)) return;
  throw new OptionError(
    `experiment: ${path.at(-1)}.${type} as it is set up cannot be used with data.${data.type}, whose values are ${called[domain]}.`,
    suits.remedy,
    path,
  );
}

/** @throws OptionError where a sampler is told to keep chains where no data can be */
function requireWallsIn(
  domain: Domain,
  data: DataSpec,
  sampler: SamplerSpec,
  path: readonly string[],
): void {
  const walls = domainOfChains(sampler);
  if (walls === null || domain !== 'nonnegative' || walls.low >= 0) return;
  throw new OptionError(
    `experiment: 'domain.low' of sampler.${sampler.type} is ${walls.low}, but the values of data.${data.type} are ${called[domain]}.`,
    'Set low to 0 or more.',
    [...path, 'domain', 'low'],
  );
}

/** @throws OptionError unless noise lies where the data do */
function requireSameDomain(domain: Domain, data: DataSpec, noise: NoiseSpec): void {
  if (noiseDomains(noise).includes(domain)) return;
  throw new OptionError(
    `experiment: noise.${noise.type} cannot be used with data.${data.type}, whose values are ${called[domain]}.`,
    suitedNoise[domain],
    ['objective', 'noise'],
  );
}

function unlabelled(data: DataSpec, family: 'objective' | 'energy', type: string): OptionError {
  return new OptionError(
    `experiment: ${family}.${type} needs the class of each row, but data.${data.type} has none.`,
    'Name the column of the classes with the option label of data.csv or data.npy, or where they are with labels of data.idx and its like, or use labelled data such as data.eightGaussians.',
    [family],
  );
}
