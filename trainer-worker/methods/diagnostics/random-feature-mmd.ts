import { Random, streams } from '../../compiler/random/random';
import { medianDistance } from '../parts/stein-kernel';
import { besideFloor } from './beside-floor';
import type { DiagnosticMethod } from './diagnostic';
import { squaredDiscrepancy } from './maximum-mean-discrepancy';
import { mostPoints, someRows } from './points';
import { featureCount, randomFeatures } from './random-features';

const name = 'discrepancy/random-feature-mmd';

/**
 * The squared maximum mean discrepancy of the shown samples and held-out images (Gretton et al. 2012) in 64
 * features of a fixed random convolutional network (`random-features.ts`), unbiased, with a Gaussian kernel as
 * wide as the median distance of held-out images; beside its floor, which is 0 but for chance.
 */
export const randomFeatureMmd: DiagnosticMethod = {
  needs: 'images, at least two of them held out',
  prepare({ dataset, seed }) {
    const { heldOut, dimensions, image } = dataset;
    if (image === undefined || heldOut.length < 2 * dimensions) return undefined;
    const features = randomFeatures(image);
    const random = new Random(seed, streams.diagnostics);
    const ofData = features.of(someRows(heldOut, dimensions, mostPoints, random));
    const discrepancy = squaredDiscrepancy(
      ofData,
      featureCount,
      medianDistance(ofData, featureCount),
    );
    return besideFloor(dataset, seed, {
      metrics: [
        {
          name,
          label: `MMD² in ${featureCount} random features, samples and held-out images`,
          group: 'MMD² in random features',
        },
      ],
      fewest: 2,
      most: mostPoints,
      compare: (points) => ({ [name]: discrepancy(features.of(points)) }),
    });
  },
};
