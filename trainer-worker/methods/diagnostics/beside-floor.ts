import type { MetricInfo } from '../../../protocol/run';
import { Random, streams } from '../../compiler/random/random';
import type { Dataset } from '../data/dataset';
import type { Diagnostic } from './diagnostic';
import { type Estimate, type KnownEstimate, withError } from './estimate';
import { someRows } from './points';

/** Sets of training rows that a floor is the mean over, where there are enough rows. */
const mostParts = 4;

/** How samples compare with held-out rows: a value for each metric. */
type Compared = Readonly<Record<string, KnownEstimate>>;

interface Comparison {
  /** What is compared; each gets a floor, and both an error. */
  readonly metrics: readonly MetricInfo[];
  /** Samples that it takes at least, and looks at at most. */
  readonly fewest: number;
  readonly most?: number;
  /** @param points `[n, D]`: samples, or training rows in their place */
  compare(points: Float32Array): Compared;
}

/**
 * A comparison of the shown samples with held-out rows, beside its floor: the same of as many training rows
 * (all, where there are fewer) in place of samples, the mean over four such sets where there are enough.
 * The error of the floor is that of one comparison, so that a value differs from its floor where it is
 * several of both errors away.
 */
export function besideFloor(
  { training, dimensions }: Pick<Dataset, 'training' | 'dimensions'>,
  seed: number,
  { metrics, fewest, most = Number.POSITIVE_INFINITY, compare }: Comparison,
): Diagnostic {
  const floors = new Map<number, Compared>();
  const floorFor = (count: number) => {
    const known = floors.get(count) ?? floorOf(count);
    floors.set(count, known);
    return known;
  };
  const floorOf = (count: number): Compared => {
    const rows = training.length / dimensions;
    const parts = Math.max(1, Math.min(mostParts, Math.floor(rows / count)));
    const random = new Random(seed, streams.diagnostics, 1);
    const chosen = someRows(training, dimensions, parts * count, random);
    const size = Math.min(count, rows) * dimensions;
    const compared = Array.from({ length: parts }, (_, part) =>
      compare(chosen.subarray(part * size, (part + 1) * size)),
    );
    const meanOf = (of: (each: Compared) => number) =>
      compared.reduce((sum, each) => sum + of(each) / parts, 0);
    return Object.fromEntries(
      metrics.map(({ name }) => [
        floorName(name),
        { value: meanOf((each) => each[name]!.value), error: meanOf((each) => each[name]!.error) },
      ]),
    );
  };
  return {
    metrics: metrics.flatMap((metric) => [
      ...withError(metric),
      ...withError({
        ...metric,
        name: floorName(metric.name),
        label: `Floor: ${metric.label.replace('samples', 'training rows')}`,
      }),
    ]),
    async measure({ samples }) {
      const shown = samples.subarray(0, Math.min(samples.length, most * dimensions));
      const count = shown.length / dimensions;
      const unknown = reasonAgainst(shown, count, fewest);
      const compared: Readonly<Record<string, Estimate>> =
        unknown === undefined
          ? compare(shown)
          : Object.fromEntries(metrics.map(({ name }) => [name, { unknown }]));
      return { ...compared, ...(count < fewest ? {} : floorFor(count)) };
    },
  };
}

/** The metric of the floor of another. */
function floorName(metric: string): string {
  return `${metric}/floor`;
}

function reasonAgainst(points: Float32Array, count: number, fewest: number): string | undefined {
  if (count < fewest) return `it takes ${fewest} samples, and ${count} are shown`;
  if (!points.every(Number.isFinite)) return 'the samples are not all finite numbers';
  return undefined;
}
