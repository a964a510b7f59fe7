import type { DiagnosticMethod } from './diagnostic';
import { withError } from './estimate';
import { mean } from './mean';

const name = 'accuracy/held-out';

/**
 * The share of held-out rows whose class has the lowest energy `E(x, y)` of all classes, which is the likeliest
 * `p(y | x)`, with its standard error. Of classes that tie, the first counts.
 */
export const accuracy: DiagnosticMethod = {
  needs: 'held-out rows with classes and an energy of classes, as energy.classifier',
  prepare({ dataset: { heldOut, labels }, classes = 0 }) {
    if (heldOut.length === 0 || labels === undefined || classes === 0) return undefined;
    return {
      metrics: withError({ name, label: 'Accuracy of classes, held-out rows', group: 'Accuracy' }),
      async measure({ classEnergies }) {
        if (classEnergies === undefined) return { [name]: { unknown: 'the model has no classes' } };
        const energies = await classEnergies(heldOut);
        const isRight = Float32Array.from(labels.heldOut, (label, row) => {
          const own = energies.subarray(row * classes, (row + 1) * classes);
          return own.indexOf(Math.min(...own)) === label ? 1 : 0;
        });
        return { [name]: mean(isRight) };
      },
    };
  },
};
