import type { DiagnosticMethod } from './diagnostic';
import { logPartition } from './quadrature';

const name = 'divergence/data-model';

/**
 * The exact Kullback–Leibler divergence KL(data ‖ model) in nats, by quadrature: what the model's
 * log-likelihood falls short of the best possible, without the chance of held-out rows.
 */
export const kullbackLeibler: DiagnosticMethod = {
  needs:
    'data whose density is known, in one or two dimensions or of 16 bits at most, such as data.twoMoons',
  prepare({ quadrature, dataset: { logDensity, dimensions } }) {
    if (quadrature === undefined || logDensity === undefined) return undefined;
    const { points } = quadrature;
    const logs = Float64Array.from({ length: points.length / dimensions }, (_, i) =>
      logDensity(points.subarray(i * dimensions, (i + 1) * dimensions)),
    );
    // What lies outside the window is left out of both.
    const mass = logs.reduce((sum, log) => sum + Math.exp(log), 0);
    return {
      metrics: [{ name, label: 'KL(data ‖ model)', group: 'Divergence', unit: 'nats' }],
      async measure({ quadratureEnergies }) {
        const logZ = logPartition(quadratureEnergies!, quadrature);
        const logMass = Math.log(mass) + quadrature.logVolume;
        let sum = 0;
        for (const [i, log] of logs.entries()) {
          const share = Math.exp(log) / mass;
          if (share > 0) sum += share * (log - logMass + quadratureEnergies![i]! + logZ);
        }
        return { [name]: sum };
      },
    };
  },
};
