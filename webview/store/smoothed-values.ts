import { MinMaxPyramid } from './min-max-pyramid';

/**
 * The exponential moving average of a growing series, kept up to date point by point.
 *
 * `m_t = w m_{t-1} + (1 - w) x_t` from `m_0 = 0`, divided by `1 - w^t` so that the start is not pulled
 * towards zero (Kingma & Ba 2015, section 3; TensorBoard smooths its scalars the same way). A value
 * that is not finite gives a gap and does not enter the average.
 */
export class SmoothedValues {
  readonly #values = new MinMaxPyramid();
  readonly #weight: number;
  #average = 0;
  /** w^t, which becomes 0 long before any rounding matters. */
  #remainder = 1;

  /** `weight` is w, from 0 (no smoothing) to below 1. */
  constructor(weight: number) {
    this.#weight = weight;
  }

  get weight(): number {
    return this.#weight;
  }

  get values(): MinMaxPyramid {
    return this.#values;
  }

  /** Takes in the points of `source` that came since the last call. */
  follow(source: MinMaxPyramid): void {
    for (let i = this.#values.length; i < source.length; i++) {
      const value = source.at(i);
      if (!Number.isFinite(value)) {
        this.#values.push(Number.NaN);
        continue;
      }
      this.#average = this.#weight * this.#average + (1 - this.#weight) * value;
      this.#remainder *= this.#weight;
      this.#values.push(this.#average / (1 - this.#remainder));
    }
  }
}

/**
 * The weight at a slider position from 0 to 1: `1 - 10^(-3p)`. Each third of the slider makes the
 * average ten times as long, because 0.9, 0.99 and 0.999 are as far apart to the eye.
 */
export function smoothingWeight(position: number): number {
  return 1 - 10 ** (-3 * Math.min(1, Math.max(0, position)));
}

/** The slider position of a weight; the inverse of {@link smoothingWeight}. */
export function smoothingPosition(weight: number): number {
  return Math.min(1, Math.max(0, -Math.log10(1 - Math.min(weight, 0.999)) / 3));
}
