import { Random, streams } from '../../compiler/random/random';
import { besideFloor } from './beside-floor';
import type { DiagnosticMethod } from './diagnostic';
import type { KnownEstimate } from './estimate';
import { jackknifed, maskOf } from './grouped-jackknife';
import { mostPoints, someRows, squaredDistances } from './points';
import { seenAs } from './seen-as';

const names = { density: 'neighbours/density', coverage: 'neighbours/coverage' };
/** Which neighbour a ball reaches to, as in the paper's experiments. */
const neighbour = 5;
const fewest = 8;

/**
 * Density and coverage (Naeem et al. 2020, arXiv:2002.09797) of the shown samples, images in random features
 * (`random-features.ts`): how many balls around held-out rows, each to its fifth neighbour, a sample lies in, over
 * five, and the share of these balls that have a sample. Density is 1 and coverage nearly 1 where both are of
 * one law; low density: samples lie off the data; low coverage: some of the data are not sampled. Beside
 * their floors, which here are what a perfect model has.
 */
export const densityAndCoverage: DiagnosticMethod = {
  needs: 'at least eight held-out rows',
  prepare({ dataset, seed }) {
    const { heldOut, dimensions } = dataset;
    if (heldOut.length < fewest * dimensions) return undefined;
    const seen = seenAs(dataset);
    const random = new Random(seed, streams.diagnostics);
    const rows = seen.of(someRows(heldOut, dimensions, mostPoints, random));
    const group = 'Density and coverage';
    return besideFloor(dataset, seed, {
      metrics: [
        { name: names.density, label: `Density${seen.label}, of samples`, group },
        { name: names.coverage, label: `Coverage${seen.label}, of samples`, group },
      ],
      fewest,
      most: mostPoints,
      compare(points) {
        const { density, coverage } = densityCoverage(seen.of(points), rows, seen.dimensions);
        return { [names.density]: density, [names.coverage]: coverage };
      },
    });
  },
};

/**
 * Both, with errors of the jackknife.
 *
 * @param samples `[n, D]`, n at least 2
 * @param rows `[m, D]`, m at least 8
 */
export function densityCoverage(
  samples: Float32Array,
  rows: Float32Array,
  dimensions: number,
): { readonly density: KnownEstimate; readonly coverage: KnownEstimate } {
  const sizes = [samples.length / dimensions, rows.length / dimensions] as const;
  const [count, rowCount] = sizes;
  const nearest = neighboursOf(squaredDistances(rows, rows, dimensions), rowCount);
  const toSamples = squaredDistances(rows, samples, dimensions);
  const [density, coverage] = jackknifed(sizes, (ofSamples, ofRows) => {
    const mask = maskOf(ofRows, rowCount);
    let [inside, covered] = [0, 0];
    for (const row of ofRows) {
      const radius = radiusOf(nearest[row]!, mask);
      let inBall = 0;
      for (const sample of ofSamples) if (toSamples[row * count + sample]! <= radius) inBall++;
      inside += inBall;
      if (inBall > 0) covered++;
    }
    return [inside / (neighbour * ofSamples.length), covered / ofRows.length];
  });
  return { density: density!, coverage: coverage! };
}

/** Other points of one of them, nearest first, and how far they are. */
interface Neighbours {
  readonly others: Uint32Array;
  readonly distances: Float64Array;
}

/** @param distances `[n, n]` */
function neighboursOf(distances: Float64Array, count: number): readonly Neighbours[] {
  return Array.from({ length: count }, (_, row) => {
    const own = distances.subarray(row * count, (row + 1) * count);
    const others = Uint32Array.from({ length: count }, (_, i) => i).filter((i) => i !== row);
    others.sort((a, b) => own[a]! - own[b]!);
    return { others, distances: Float64Array.from(others, (i) => own[i]!) };
  });
}

/** How far the fifth nearest is of those that are kept. */
function radiusOf({ others, distances }: Neighbours, mask: Uint8Array): number {
  let found = 0;
  for (let i = 0; i < others.length; i++) {
    found += mask[others[i]!]!;
    if (found === neighbour) return distances[i]!;
  }
  return Number.POSITIVE_INFINITY;
}
