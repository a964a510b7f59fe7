import { formatWithError, notKnown } from '../../vocabulary/with-error';

/** A minus sign is as wide as a digit; a hyphen is not. */
const minus = '\u2212';

/** A measured value in at most about eight characters, four significant digits. */
export function formatValue(value: number | undefined): string {
  if (value === undefined) return '–';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${minus}∞`;
  const size = Math.abs(value);
  let text: string;
  if (size === 0) text = '0';
  else if (size < 1e-3 || size >= 1e5) text = exponential(value);
  else if (size >= 1000) text = value.toFixed(0);
  else text = value.toPrecision(4);
  return text.replace('-', minus);
}

/** A value of a metric as a table shows it: with its error, where it has one, and its unit. */
export function formatMeasured(
  { unit, isEstimate }: { readonly unit?: string | undefined; readonly isEstimate: boolean },
  value: number | undefined,
  error: number | undefined,
): string {
  if (value === undefined) return '–';
  // An estimate that could not be made is no accident of the training.
  if (isEstimate && Number.isNaN(value)) return notKnown;
  const text = formatWithError(value, error, formatValue).replace('-', minus);
  return unit ? `${text} ${unit}` : text;
}

/** What is less than this of a number is lost where it is computed in single precision. */
const singlePrecision = 2 ** -20;

/**
 * A mean and the deviation around it, both to a hundredth of the deviation: the rest is chance. A
 * deviation that is nothing but rounding is 0.
 */
export function formatSpread(mean: number, deviation: number): string {
  if (!(Number.isFinite(mean) && Number.isFinite(deviation))) {
    return `${formatValue(mean)} ± ${formatValue(deviation)}`;
  }
  if (deviation <= singlePrecision * Math.abs(mean)) return `${formatValue(mean)} ± 0`;
  const unit = 10 ** (Math.floor(Math.log10(deviation)) - 2);
  return `${formatTick(mean, unit)} ± ${formatTick(deviation, unit)}`;
}

/** A tick of an axis whose ticks are `increment` apart: as many digits as tell them apart. */
export function formatTick(value: number, increment: number): string {
  const size = Math.max(Math.abs(value), increment);
  if (size >= 1e5 || (size < 1e-3 && increment < 1e-4)) {
    const digits = Math.min(9, Math.max(2, Math.ceil(Math.log10(size / increment) - 1e-9)));
    return value === 0 ? '0' : exponential(value, digits).replace('-', minus);
  }
  let digits = 0;
  while (digits < 9 && !isWhole(increment * 10 ** digits)) digits++;
  // -0.00 is 0.00 to a reader.
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? (0).toFixed(digits) : text).replace('-', minus);
}

/** An end of a range that people have chosen: whole where it is. */
export function formatBound(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e5
    ? formatTick(value, 1)
    : formatValue(value);
}

/** A step on an axis: `500`, `2k`, `1.5M`. */
export function formatStepTick(step: number): string {
  const size = Math.abs(step);
  if (size >= 1e6) return `${trimmed(step / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(step / 1e3)}k`;
  return trimmed(step);
}

/** Up to rounding. */
function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6 * value;
}

function exponential(value: number, digits = 2): string {
  return value
    .toExponential(digits)
    .replace(/\.?0+e/, 'e')
    .replace('e+', 'e');
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(6))).replace('-', minus);
}
