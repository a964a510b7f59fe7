import type { MetricInfo } from '../protocol/run';

/**
 * A measured value with its error, to the digits that the error leaves: `-1.406 ± 0.012`.
 *
 * @param error a standard error or a bound; nothing is said of one that is absent, zero or not finite
 * @param plain how the value is written without one
 */
export function formatWithError(
  value: number,
  error: number | undefined,
  plain: (value: number) => string,
): string {
  if (
    error === undefined ||
    !Number.isFinite(value) ||
    !(error > 0 && error < Number.POSITIVE_INFINITY)
  ) {
    return plain(value);
  }
  // Two digits of the error; of a tiny one no more digits than single precision has.
  const decimals = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(error))));
  const rounded = error.toFixed(decimals);
  const shown = Number(rounded) === 0 ? `< ${10 ** -decimals}` : rounded;
  return `${value.toFixed(decimals)} ± ${shown}`;
}

/** What is shown of an estimate that could not be made. */
export const notKnown = 'not known';

/** Whether a value is that of an estimate that could not be made, which is no accident of the training. */
export function isNotKnown(
  metrics: readonly MetricInfo[],
  name: string,
  value: number | undefined,
): boolean {
  return Number.isNaN(value) && metrics.some(({ errorOf }) => errorOf === name);
}
