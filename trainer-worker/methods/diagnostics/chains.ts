import { type Convergence, convergenceOf } from './convergence';
import type { ChainRecord, DiagnosticMethod } from './diagnostic';

const names = {
  size: 'chains/effective-sample-size',
  time: 'chains/autocorrelation-time',
  rHat: 'chains/r-hat',
};

/**
 * How well the sampler draws from the model as it is. Shown chains, 64 at most, go on for 200 recorded
 * iterations from where they are shown; of the energy and of the coordinates (32 at most, evenly chosen)
 * that which fares worst is reported: its effective sample size, its integrated autocorrelation time and
 * its split R-hat (see `convergence.ts`). What a sampler carries, adapted steps included, begins anew
 * with the record.
 */
export const chains: DiagnosticMethod = {
  needs: 'a sampler whose chains may go on; one that runs backwards in time ends',
  prepare({ chainsEnd = false }) {
    if (chainsEnd) return undefined;
    return {
      metrics: [
        {
          name: names.size,
          label: 'Effective sample size of 200 iterations, the worst quantity',
          group: 'Effective sample size',
        },
        {
          name: names.time,
          label: 'Autocorrelation time in iterations, the worst quantity',
          group: 'Autocorrelation time',
        },
        { name: names.rHat, label: 'Split R-hat, the worst quantity', group: 'R-hat' },
      ],
      async measure({ record }) {
        const found = quantitiesOf(await record()).flatMap((quantity): readonly Convergence[] =>
          [convergenceOf(quantity) ?? []].flat(),
        );
        const worst = (of: (one: Convergence) => number) => Math.max(...found.map(of));
        // All in one place, and none moves: there is nothing to compare.
        if (found.length === 0) {
          return { [names.size]: Number.NaN, [names.time]: Number.NaN, [names.rHat]: Number.NaN };
        }
        return {
          [names.size]: -worst(({ effectiveSize }) => -effectiveSize),
          [names.time]: worst(({ autocorrelationTime }) => autocorrelationTime),
          [names.rHat]: worst(({ splitRHat }) => splitRHat),
        };
      },
    };
  },
};

/** The chains of each recorded quantity. */
function quantitiesOf({ values, draws, chains, quantities }: ChainRecord): Float64Array[][] {
  return Array.from({ length: quantities }, (_, quantity) =>
    Array.from({ length: chains }, (__, chain) =>
      Float64Array.from(
        { length: draws },
        (___, draw) => values[(draw * chains + chain) * quantities + quantity]!,
      ),
    ),
  );
}
