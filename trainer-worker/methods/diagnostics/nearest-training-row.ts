import { Random, streams } from '../../compiler/random/random';
import { blocksOf, type Rows } from '../data/rows';
import type { DiagnosticMethod } from './diagnostic';
import { type Estimate, withError } from './estimate';
import { mean } from './mean';
import { someRows } from './points';

const names = {
  samples: 'memorization/samples',
  heldOut: 'memorization/held-out',
  ratio: 'memorization/ratio',
};
/** Coordinates that are looked at, about: a second or two. */
const mostWork = 2e9;

/**
 * How far the nearest training row is from the shown samples, and from held-out rows, on average, in units of
 * the data; and the ratio of the two. Well below 1: samples are nearer to training rows than new data are, so
 * that the model has memorised some of them. Above 1: samples lie off the data. All training rows are looked
 * at; the more numbers they have, the fewer samples and held-out rows, 32 at least and 512 at most.
 */
export const nearestTrainingRow: DiagnosticMethod = {
  needs: 'at least two held-out rows',
  prepare({ dataset: { training, heldOut, dimensions }, seed }) {
    if (heldOut.length < 2 * dimensions) return undefined;
    const most = Math.max(32, Math.min(512, Math.floor(mostWork / training.length)));
    const random = new Random(seed, streams.diagnostics);
    const rows = someRows(heldOut, dimensions, most, random);
    const ofRows = mean(nearestDistances(rows, training, dimensions));
    const group = 'Distance to the nearest training row';
    return {
      metrics: [
        ...withError({ name: names.samples, label: 'From samples', group }),
        ...withError({ name: names.heldOut, label: 'Floor: from held-out rows', group }),
        ...withError({
          name: names.ratio,
          label: 'Distance to the nearest training row, of samples over that of held-out rows',
          group: 'Memorisation',
        }),
      ],
      async measure({ samples }) {
        const shown = samples.subarray(0, most * dimensions);
        const ofSamples = mean(nearestDistances(shown, training, dimensions));
        return {
          [names.samples]: ofSamples,
          [names.heldOut]: ofRows,
          [names.ratio]: ratioOf(ofSamples, ofRows),
        };
      },
    };
  },
};

/** The first over the second, with the error that follows from theirs to first order. */
function ratioOf(
  first: { readonly value: number; readonly error: number },
  second: { readonly value: number; readonly error: number },
): Estimate {
  if (second.value === 0) return { unknown: 'held-out rows are all training rows as well' };
  const value = first.value / second.value;
  return { value, error: Math.hypot(first.error, value * second.error) / second.value };
}

/**
 * The Euclidean distance of each of `[n, D]` points from the nearest of `[m, D]` rows; NaN of points that are
 * not finite.
 */
export function nearestDistances(
  points: Float32Array,
  rows: Rows,
  dimensions: number,
): Float64Array {
  const nearest = new Float64Array(points.length / dimensions).fill(Number.POSITIVE_INFINITY);
  for (const [, block] of blocksOf(rows, dimensions)) {
    for (let i = 0; i < nearest.length; i++) {
      let least = nearest[i]!;
      for (let from = 0; from < block.length; from += dimensions) {
        let sum = 0;
        // Mostly some of the coordinates tell that it is not the nearest.
        for (let d = 0; d < dimensions && sum < least; d++) {
          sum += (points[i * dimensions + d]! - block[from + d]!) ** 2;
        }
        if (Number.isNaN(sum)) least = Number.NaN;
        else if (sum < least) least = sum;
      }
      nearest[i] = least;
    }
  }
  return nearest.map(Math.sqrt);
}
