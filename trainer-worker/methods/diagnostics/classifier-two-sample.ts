import { Random, streams } from '../../compiler/random/random';
import { besideFloor } from './beside-floor';
import type { DiagnosticMethod } from './diagnostic';
import type { KnownEstimate } from './estimate';
import { mostPoints, someRows, squaredDistances } from './points';
import { seenAs } from './seen-as';

const name = 'two-sample/accuracy';
const fewest = 4;

/**
 * The classifier two-sample test (Lopez-Paz & Oquab 2017, arXiv:1610.06545): how often a classifier of nearest
 * neighbours, which has seen half of the shown samples and as many held-out rows, tells the other half apart,
 * images in random features (`random-features.ts`). 0.5 where both are of one law, 1 where none is taken for
 * the other; beside its floor.
 */
export const classifierTwoSample: DiagnosticMethod = {
  needs: 'at least four held-out rows',
  prepare({ dataset, seed }) {
    const { heldOut, dimensions } = dataset;
    if (heldOut.length < fewest * dimensions) return undefined;
    const seen = seenAs(dataset);
    const random = new Random(seed, streams.diagnostics);
    const rows = seen.of(someRows(heldOut, dimensions, mostPoints, random));
    return besideFloor(dataset, seed, {
      metrics: [
        {
          name,
          label: `Samples told from held-out rows by neighbours${seen.label}`,
          group: 'Classifier two-sample test',
        },
      ],
      fewest,
      most: mostPoints,
      compare: (points) => ({
        [name]: toldApart(seen.of(points), rows, seen.dimensions),
      }),
    });
  },
};

/**
 * The accuracy of a classifier of the k nearest neighbours on pairs that it has not seen, k the odd number at
 * or above the root of how many it has. Every second point of each set is shown to it; of the larger set
 * only as many as the smaller has are used. The error is binomial, for the classifier as it is (Agresti &
 * Coull 1998, so that it is not 0 where all are told apart).
 *
 * @param first `[n, D]`
 * @param second `[m, D]`, both at least 4
 */
export function toldApart(
  first: Float32Array,
  second: Float32Array,
  dimensions: number,
): KnownEstimate {
  const half = Math.floor(Math.min(first.length, second.length) / dimensions / 2);
  const everySecond = (points: Float32Array, from: number) =>
    Array.from({ length: half }, (_, i) => {
      const start = (2 * i + from) * dimensions;
      return points.subarray(start, start + dimensions);
    });
  const joined = (from: number) =>
    Float32Array.from(
      [...everySecond(first, from), ...everySecond(second, from)].flatMap((point) => [...point]),
    );
  const count = 2 * half;
  const distances = squaredDistances(joined(1), joined(0), dimensions);
  const root = Math.ceil(Math.sqrt(count));
  const voters = root % 2 === 1 ? root : root + 1;
  let right = 0;
  for (let i = 0; i < count; i++) {
    const own = distances.subarray(i * count, (i + 1) * count);
    const nearest = Uint32Array.from({ length: count }, (_, j) => j)
      .sort((a, b) => own[a]! - own[b]!)
      .subarray(0, voters);
    const forFirst = nearest.filter((j) => j < half).length;
    if (2 * forFirst > nearest.length === i < half) right++;
  }
  const share = (right + 2) / (count + 4);
  return { value: right / count, error: Math.sqrt((share * (1 - share)) / (count + 4)) };
}
