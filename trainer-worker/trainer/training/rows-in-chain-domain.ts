import { formatNumber } from '../../../vocabulary/quantities';
import type { ScaledDataset } from '../../methods/data/data-method';
import { sampledRows } from '../../methods/data/sampled-rows';
import { objectiveMethod } from '../../methods/objectives';
import { OptionError } from '../../methods/options/option-error';
import { domainOfChains } from '../../methods/samplers';
import type { ExperimentSpec } from '../experiment/experiment';

/** Of the width of a domain: single precision may put a row this far outside. */
const rounding = 1e-5;

/**
 * Holds a sampler to where the data are: chains that are kept from some of the rows could never become
 * like them.
 *
 * @throws OptionError at the sampler's option
 */
export function requireRowsInChainDomain(
  { objective, preview }: Pick<ExperimentSpec, 'objective' | 'preview'>,
  { training, dimensions }: Pick<ScaledDataset, 'training' | 'dimensions'>,
): void {
  const own = objectiveMethod(objective).previewSampler?.(objective);
  const samplers = [
    ...(own ? [{ spec: own, path: ['objective', 'sampler'] }] : []),
    { spec: preview.sampler, path: ['preview', 'sampler'] },
  ];
  for (const { spec, path } of samplers) {
    const domain = domainOfChains(spec);
    if (domain === null) continue;
    const { low, high } = domain;
    const slack = rounding * (high - low);
    const stray = sampledRows(training, dimensions).find(
      (x) => x < low - slack || x > high + slack,
    );
    if (stray === undefined) continue;
    throw new OptionError(
      `experiment: sampler.${spec.type} keeps chains between ${formatNumber(low)} and ${formatNumber(high)}, but a value of the data is ${formatNumber(stray)}.`,
      'Widen domain to where the data are, or scale the data into it; images have the option range for that.',
      [...path, 'domain'],
    );
  }
}
