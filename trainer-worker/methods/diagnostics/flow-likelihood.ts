import type { DiagnosticMethod } from './diagnostic';
import { withError } from './estimate';
import { meanLogDensity } from './mean-log-density';

const name = 'log-likelihood/probability-flow';
/** Each costs some hundred evaluations of the score and of its divergence. */
const mostRows = 512;

/**
 * The mean log-likelihood of held-out rows under the probability flow of the model's scores at all noise
 * levels, down to the shown one (see `flow-log-density.ts`): a likelihood in any dimension without log Z,
 * and of score networks, which have no energy. It is that of the flow, not of the energy at the shown
 * level; the two differ where scores of different levels do not fit together.
 */
export const flowLikelihood: DiagnosticMethod = {
  needs: 'held-out rows and an objective of many noise levels, such as objective.sdeScoreMatching',
  prepare({ dataset, hasFlow = false }) {
    const { heldOut, dimensions } = dataset;
    if (!hasFlow || heldOut.length === 0) return undefined;
    const rows = heldOut.subarray(0, mostRows * dimensions);
    return {
      metrics: withError({
        name,
        label: 'Held-out log-likelihood, by the probability flow',
        group: 'Likelihood',
        unit: 'nats',
      }),
      async measure({ flowLogDensity }) {
        const energies = (await flowLogDensity(rows)).map((logDensity) => -logDensity);
        return { [name]: meanLogDensity(energies, rows, dataset) };
      },
    };
  },
};
