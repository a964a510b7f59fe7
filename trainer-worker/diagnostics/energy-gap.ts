import type { DiagnosticMethod } from './diagnostic';
import { mean } from './mean';

const name = 'energy/gap';

/**
 * The mean energy of the shown samples less that of held-out rows: near 0 where the chains draw from a
 * model that fits; far above where chains have not arrived, below where the model likes other points.
 */
export const energyGap: DiagnosticMethod = {
  needs: 'held-out rows',
  prepare({ dataset: { heldOut } }) {
    if (heldOut.length === 0) return undefined;
    return {
      metrics: [{ name, label: 'Energy of samples less held-out rows', group: 'Energy gap' }],
      async measure({ energy, samples }) {
        return { [name]: mean(await energy(samples)) - mean(await energy(heldOut)) };
      },
    };
  },
};
