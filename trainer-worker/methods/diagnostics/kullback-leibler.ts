import { isDiscrete } from '../data/domain';
import type { DiagnosticMethod } from './diagnostic';
import { withError } from './estimate';

const name = 'divergence/data-model';
const cutName = 'divergence/data-model, in the window';

/**
 * The Kullback–Leibler divergence KL(data ‖ model) in nats, with a bound on its error: what the model's
 * log-likelihood falls short of the best possible, without the chance of held-out rows. Of data and
 * model that are both cut to the shown window it is the only one to be had where the model has no log Z.
 */
export const kullbackLeibler: DiagnosticMethod = {
  needs:
    'data whose density is known, in one or two dimensions or of 65,536 states at most, such as data.twoMoons',
  prepare({ space, dataset: { logDensity, domain } }) {
    if (space === undefined || logDensity === undefined) return undefined;
    const shared = { group: 'Divergence', unit: 'nats' };
    return {
      metrics: [
        ...withError({ name, label: 'KL(data ‖ model)', ...shared }),
        ...(isDiscrete(domain)
          ? []
          : withError({
              name: cutName,
              label: 'KL(data ‖ model), both cut to the window',
              ...shared,
            })),
      ],
      async measure({ inSpace }) {
        const { divergence, inWindow } = await inSpace();
        return {
          [name]: divergence(),
          ...(inWindow ? { [cutName]: inWindow.divergence() } : {}),
        };
      },
    };
  },
};
