/** Round numbers on an axis, ascending, and the distance between them. */
export interface Ticks {
  readonly increment: number;
  readonly values: readonly number[];
}

/**
 * Ticks at multiples of 1, 2 or 5 times a power of ten within `[low, high]`, at most `most` of them
 * (Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990).
 */
export function niceTicks(low: number, high: number, most: number): Ticks {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span) || most < 1) return { increment: 1, values: [] };
  const least = span / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const increment = power * ([1, 2, 5].find((m) => m * power >= least * (1 - 1e-9)) ?? 10);
  const values: number[] = [];
  const first = Math.ceil(low / increment - 1e-9);
  const last = Math.floor(high / increment + 1e-9);
  for (let k = first; k <= last; k++) {
    // Not -0, which formatters show with its sign.
    values.push(k === 0 ? 0 : k * increment);
  }
  return { increment, values };
}

/**
 * As {@link niceTicks}, but with three at least: two say how large a window is, and nothing of its scale.
 */
export function axisTicks(low: number, high: number, most: number): Ticks {
  for (let asked = Math.max(2, most); asked <= 12; asked++) {
    const ticks = niceTicks(low, high, asked);
    if (ticks.values.length >= 3) return ticks;
  }
  return niceTicks(low, high, most);
}

/**
 * Round numbers on a logarithmic axis from `low` to `high`, both above 0: 1, 2 and 5 times powers of ten,
 * or powers of ten alone, or every other of them, where there would be more than `most`.
 */
export function logTicks(low: number, high: number, most: number): readonly number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const within = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  const all = powers
    .flatMap((power) => [1, 2, 5].map((m) => Number(`${m}e${power}`)))
    .filter(within);
  if (all.length <= most) return all;
  const whole = powers.filter((power) => within(Number(`1e${power}`)));
  const stride = Math.ceil(whole.length / most);
  return whole.filter((power) => power % stride === 0).map((power) => Number(`1e${power}`));
}
