import type { KnownEstimate } from './estimate';

/** The mean of independent numbers with its standard error (0 of a single one), added up in float64. */
export function mean(values: ArrayLike<number>): KnownEstimate {
  const count = values.length;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const value = sum / count;
  let square = 0;
  for (let i = 0; i < count; i++) square += (values[i]! - value) ** 2;
  return { value, error: count > 1 ? Math.sqrt(square / (count - 1) / count) : 0 };
}

/** The difference of two independent estimates, with its standard error. */
export function difference(first: KnownEstimate, second: KnownEstimate): KnownEstimate {
  return { value: first.value - second.value, error: Math.hypot(first.error, second.error) };
}
