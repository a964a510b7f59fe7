import type { Dataset } from '../data/dataset';
import { isDiscrete } from '../data/domain';
import type { Diagnostic, DiagnosticMethod } from './diagnostic';
import { added, type Estimate, withError } from './estimate';
import { meanLogDensity } from './mean-log-density';
import { precision } from './precision';

const name = 'log-likelihood/held-out';
const boundName = 'log-likelihood/held-out, at least';
const cutName = 'log-likelihood/held-out, in the window';

/**
 * The mean log-likelihood of the held-out rows, `-mean E(x) - log Z`. Its error is the standard error of
 * the mean over the rows and the bound on that of log Z, added up. Of a model that is cut to the shown
 * window it is higher: a bound where log Z over all of space is not known, or does not exist. Where the
 * energy is a bound itself, as energy.deepBoltzmannMachine, so is the likelihood, from below, and its name
 * says so.
 */
export const likelihood: DiagnosticMethod = {
  needs:
    'held-out rows of one or two dimensions, or of 65,536 states at most, or an energy that knows its log Z, as energy.rbm with 20 hidden units at most',
  prepare({ space, dataset, knowsPartition = false, isBound = false }) {
    const { heldOut, domain } = dataset;
    if (heldOut.length === 0 || (space === undefined && !knowsPartition)) return undefined;
    const shared = { group: 'Likelihood', unit: 'nats' };
    if (isBound) return lowerBound(dataset);
    const isCut = space !== undefined && !isDiscrete(domain);
    return {
      metrics: [
        ...withError({ name, label: 'Held-out log-likelihood', ...shared }),
        ...(isCut
          ? withError({
              name: cutName,
              label: 'Held-out log-likelihood, at most: model cut to the window',
              ...shared,
            })
          : []),
      ],
      async measure({ heldOutEnergies, inSpace, logPartition }) {
        const energies = await heldOutEnergies();
        const inUnits = meanLogDensity(energies, heldOut, dataset);
        if (space === undefined)
          return { [name]: added([1, inUnits], [-1, known(await logPartition())]) };
        const { logZ, inWindow } = await inSpace();
        return {
          [name]: added([1, inUnits], [-1, logZ]),
          ...(inWindow ? { [cutName]: added([1, inUnits], [-1, inWindow.logZ]) } : {}),
        };
      },
    };
  },
};

/** Of an energy that is a bound, with its log Z; the error of that is the sampling's and the rounding's. */
function lowerBound(dataset: Dataset): Diagnostic {
  return {
    metrics: withError({
      name: boundName,
      label: 'Held-out log-likelihood, at least: bound by mean field',
      group: 'Likelihood',
      unit: 'nats',
    }),
    async measure({ heldOutEnergies, logPartition }) {
      const inUnits = meanLogDensity(await heldOutEnergies(), dataset.heldOut, dataset);
      return { [boundName]: added([1, inUnits], [-1, known(await logPartition())]) };
    },
  };
}

/** What an energy says its log Z is. */
function known(value: number | undefined): Estimate {
  if (value === undefined || !Number.isFinite(value)) {
    return { unknown: `the energy says that its log Z is ${value}` };
  }
  return { value, error: precision * Math.abs(value) };
}
