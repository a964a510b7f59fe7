import type { RunClock } from '../../protocol/panel';
import type { AlignedPoints } from './decimate';

/** What the horizontal axis of curves counts: it grows with the steps. */
export interface CurveAxis {
  /** Two axes of one key draw alike. */
  readonly key: string;
  readonly name: string;
  /** Where a step lies; NaN where that is not known. */
  at(step: number): number;
  /** The step that lies there, not rounded; the nearest known one outside. */
  stepAt(position: number): number;
}

/** Training steps. */
export const stepAxis: CurveAxis = {
  key: 'step',
  name: 'Step',
  at: (step) => step,
  stepAt: (position) => position,
};

/** Rows of data that training has seen, repetitions counted. */
export function samplesAxis(batchSize: number): CurveAxis {
  return {
    key: `samples ${batchSize}`,
    name: 'Samples seen',
    at: (step) => step * batchSize,
    stepAt: (position) => position / batchSize,
  };
}

/** Units of time by the seconds that they have, the coarsest first. */
const units = [
  ['hours', 3600],
  ['minutes', 60],
  ['seconds', 1],
] as const;

/** Fewer of a unit are told in the next finer one. */
const leastUnits = 2;

/**
 * Wall-clock time since the first step, pauses included; none of less than two steps. Between two steps
 * whose times are known the others lie evenly.
 */
export function timeAxis({ steps, seconds }: RunClock): CurveAxis | undefined {
  const last = seconds.at(-1);
  if (steps.length < 2 || last === undefined || !(last > 0)) return undefined;
  const [unit, length] = units.find(([, size]) => last >= leastUnits * size) ?? ['seconds', 1];
  return {
    key: `time ${unit} ${steps.length} ${last}`,
    name: `Time in ${unit}`,
    at: (step) => {
      if (step < steps[0]! || step > steps.at(-1)!) return Number.NaN;
      return interpolated(steps, seconds, step) / length;
    },
    stepAt: (position) => {
      const time = Math.min(last, Math.max(0, position * length));
      return interpolated(seconds, steps, time);
    },
  };
}

/** What lies at `x` on the line through points whose `xs` ascend; `x` is within them. */
export function interpolated(xs: Float64Array, ys: Float64Array, x: number): number {
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  const span = xs[high]! - xs[low]!;
  const share = span > 0 ? (x - xs[low]!) / span : 0;
  return ys[low]! + share * (ys[high]! - ys[low]!);
}

/** Points over steps as they lie on an axis; those whose place is not known are left out. */
export function placedOn(axis: CurveAxis, { steps, values }: AlignedPoints): AlignedPoints {
  const places = steps.map((step) => axis.at(step));
  if (places.every((place) => !Number.isNaN(place))) return { steps: places, values };
  const known = <T>(list: readonly T[]) => list.filter((_, at) => !Number.isNaN(places[at]));
  return { steps: known(places), values: values.map(known) };
}
