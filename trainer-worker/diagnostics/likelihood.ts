import type { DiagnosticMethod } from './diagnostic';
import { mean } from './mean';
import { logPartition } from './quadrature';

const name = 'log-likelihood/held-out';

/** The exact mean log-likelihood of the held-out rows, `-mean E(x) - log Z`, with Z by quadrature. */
export const likelihood: DiagnosticMethod = {
  needs: 'data of one or two dimensions, or of 16 bits at most',
  prepare({ quadrature, dataset: { heldOut } }) {
    if (quadrature === undefined) return undefined;
    return {
      metrics: [{ name, label: 'Held-out log-likelihood', group: 'Likelihood', unit: 'nats' }],
      async measure({ energy, quadratureEnergies }) {
        const logZ = logPartition(quadratureEnergies!, quadrature);
        return { [name]: -mean(await energy(heldOut)) - logZ };
      },
    };
  },
};
