import { Random, streams } from '../../compiler/random/random';
import { besideFloor } from './beside-floor';
import type { DiagnosticMethod } from './diagnostic';
import { frechetDistance } from './frechet-distance';
import { mostPoints, someRows } from './points';
import { featureCount, randomFeatures } from './random-features';

const name = 'discrepancy/random-feature-frechet';

/**
 * The squared Fréchet distance of the shown samples and held-out images in 64 features of a fixed random
 * convolutional network (`random-features.ts`); beside its floor. It is built as the FID is (Heusel et al.
 * 2017), but in other features: the two do not compare.
 */
export const randomFeatureFrechet: DiagnosticMethod = {
  needs: 'images, at least three of them held out',
  prepare({ dataset, seed }) {
    const { heldOut, dimensions, image } = dataset;
    if (image === undefined || heldOut.length < 3 * dimensions) return undefined;
    const features = randomFeatures(image);
    const random = new Random(seed, streams.diagnostics);
    const ofData = features.of(someRows(heldOut, dimensions, mostPoints, random));
    return besideFloor(dataset, seed, {
      metrics: [
        {
          name,
          label: `Fréchet distance² in ${featureCount} random features, samples and held-out images`,
          group: 'Fréchet distance in random features',
        },
      ],
      fewest: 3,
      most: mostPoints,
      compare: (points) => ({
        [name]: frechetDistance(features.of(points), ofData, featureCount),
      }),
    });
  },
};
