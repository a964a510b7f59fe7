/** How counts, shares, speeds, durations and numbers are spelled, the same wherever a person reads them. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A count with thousands separated: `12,500`. */
export function formatCount(count: number): string {
  // A minus sign is as wide as a digit; a hyphen is not.
  return grouped.format(count).replace('-', '\u2212');
}

/** The share of `steps` that `step` is, in whole per cent; 100 % is said of nothing less. */
export function formatPercent(step: number, steps: number): string {
  return `${steps > 0 ? Math.min(100, Math.floor((100 * step) / steps)) : 0} %`;
}

/** Steps per second, without the unit: `142`, `14.2`, `0.14`. */
export function formatSpeed(stepsPerSecond: number): string {
  if (stepsPerSecond >= 100) return formatCount(stepsPerSecond);
  return stepsPerSecond.toFixed(stepsPerSecond >= 10 ? 1 : 2);
}

/**
 * Seconds to the precision that a waiting person needs: `8 s`, `2 min 05 s`, `1 h 07 min`, `3 days`.
 * A second that has begun counts.
 */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (part: number) => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  return `${Math.round(minutes / 60 / 24)} days`;
}

/** A measured number in a text: five significant digits, no zeros behind them. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(5)));
}
