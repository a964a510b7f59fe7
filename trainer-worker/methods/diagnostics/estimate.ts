import { errorName, type MetricInfo } from '../../../protocol/run';

/** A measured number with what it may be off by, or why it is not told. */
export type Estimate = KnownEstimate | UnknownEstimate;

export interface KnownEstimate {
  /** What was measured. */
  readonly value: number;
  /** A standard error, or a bound on the error: the metric's label says which. In units of the value. */
  readonly error: number;
}

interface UnknownEstimate {
  /** A clause that completes `It is not told: …`. */
  readonly unknown: string;
}

export function isKnown(estimate: Estimate): estimate is KnownEstimate {
  return 'value' in estimate;
}

/** A metric and the one that holds its error. */
export function withError(metric: MetricInfo): readonly MetricInfo[] {
  const { name, label, ...rest } = metric;
  return [metric, { ...rest, name: errorName(name), label: `Error of: ${label}`, errorOf: name }];
}

/** The sum of known estimates, each times its factor; errors add up, as bounds do. */
export function added(...terms: readonly (readonly [factor: number, of: Estimate])[]): Estimate {
  let [value, error] = [0, 0];
  for (const [factor, term] of terms) {
    if (!isKnown(term)) return term;
    value += factor * term.value;
    error += Math.abs(factor) * term.error;
  }
  return { value, error };
}
