import { Random, streams } from '../../compiler/random/random';
import { besideFloor } from './beside-floor';
import type { DiagnosticMethod } from './diagnostic';
import { patchesOf, patchesOfImage, patchSide } from './patches';
import { mostPoints, someRows } from './points';
import { projected, randomDirections, slicedDistance } from './sliced-distance';

const name = 'discrepancy/patch-wasserstein';

/**
 * The sliced Wasserstein-2 distance of patches of the shown samples and of held-out images (Karras et al.
 * 2018, arXiv:1710.10196, there on a pyramid), in units of the pixels: whether strokes, edges and
 * textures are right, wherever they lie. Beside its floor.
 */
export const patchWasserstein: DiagnosticMethod = {
  needs: 'images, at least two of them held out',
  prepare({ dataset, seed }) {
    const { heldOut, dimensions, image } = dataset;
    if (image === undefined || heldOut.length < 2 * dimensions) return undefined;
    const random = new Random(seed, streams.diagnostics);
    const side = patchSide(image);
    const axes = randomDirections(side * side * image.channels, random);
    const rows = someRows(heldOut, dimensions, mostPoints, random);
    const inPatches = (images: Float32Array, places: Random) =>
      projected(patchesOf(images, image, places), axes, patchesOfImage);
    const ofData = inPatches(rows, random);
    return besideFloor(dataset, seed, {
      metrics: [
        {
          name,
          label: `Sliced Wasserstein distance of ${side} × ${side} patches, samples and held-out images`,
          group: 'Distance of samples',
        },
      ],
      fewest: 2,
      most: mostPoints,
      // The same places at each preview: what changes is the model.
      compare: (points) => ({
        [name]: slicedDistance(inPatches(points, new Random(seed, streams.diagnostics, 2)), ofData),
      }),
    });
  },
};
