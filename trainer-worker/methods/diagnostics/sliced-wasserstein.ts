import { Random, streams } from '../../compiler/random/random';
import { besideFloor } from './beside-floor';
import type { DiagnosticMethod } from './diagnostic';
import { projected, randomDirections, slicedDistance } from './sliced-distance';

const name = 'discrepancy/sliced-wasserstein';

/**
 * The sliced Wasserstein-2 distance of the shown samples and held-out rows (Bonneel et al. 2015), in
 * units of the data, along 64 fixed random directions; beside its floor.
 */
export const slicedWasserstein: DiagnosticMethod = {
  needs: 'at least two held-out rows',
  prepare({ dataset, seed }) {
    const { heldOut, dimensions } = dataset;
    if (heldOut.length < 2 * dimensions) return undefined;
    const axes = randomDirections(dimensions, new Random(seed, streams.diagnostics));
    const ofData = projected(heldOut, axes);
    return besideFloor(dataset, seed, {
      metrics: [
        {
          name,
          label: 'Sliced Wasserstein distance of samples and held-out rows',
          group: 'Distance of samples',
        },
      ],
      fewest: 2,
      compare: (points) => ({ [name]: slicedDistance(projected(points, axes), ofData) }),
    });
  },
};
