import type { DiagnosticMethod } from './diagnostic';
import { withError } from './estimate';
import { difference, mean } from './mean';

const name = 'energy/gap';

/**
 * The mean energy of the shown samples less that of held-out rows: near 0 where the chains draw from a
 * model that fits; far above where chains have not arrived, below where the model likes other points.
 * Its error is the standard error over the chains and the rows.
 */
export const energyGap: DiagnosticMethod = {
  needs: 'held-out rows',
  prepare({ dataset: { heldOut } }) {
    if (heldOut.length === 0) return undefined;
    return {
      metrics: withError({
        name,
        label: 'Energy of samples less held-out rows',
        group: 'Energy gap',
      }),
      async measure({ energy, samples, heldOutEnergies }) {
        return { [name]: difference(mean(await energy(samples)), mean(await heldOutEnergies())) };
      },
    };
  },
};
