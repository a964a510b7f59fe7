import { oneHot } from '../data/categories';
import type { Dataset } from '../data/dataset';
import { logSumExp } from '../data/density';
import type { Estimate } from './estimate';
import { precision } from './precision';
import type { EnergyOf, SmallSpace, SpaceMeasure } from './small-space';

/** All points of some bits, `[2^bits, bits]`. */
export function statesOfBits(bits: number): Float32Array {
  return Float32Array.from(
    { length: 2 ** bits * bits },
    (_, i) => (Math.floor(i / bits) >> (i % bits)) & 1,
  );
}

/** All one-hot points of some categories, `[states, D]`; the first category changes fastest. */
export function statesOfLevels(levels: readonly number[]): Float32Array {
  const states = levels.reduce((all, count) => all * count, 1);
  const codes = new Uint16Array(states * levels.length);
  for (let state = 0; state < states; state++) {
    let rest = state;
    for (const [category, count] of levels.entries()) {
      codes[state * levels.length + category] = rest % count;
      rest = Math.floor(rest / count);
    }
  }
  return oneHot(codes, levels);
}

/** Every row that there can be: sums over them are exact but for the rounding of energies. */
export class StateSpace implements SmallSpace {
  /** `[states, D]`. */
  readonly states: Float32Array;
  readonly #logs: Float64Array | undefined;

  /** @param states `[states, D]`, each once */
  constructor(
    states: Float32Array,
    { dimensions, logDensity }: Pick<Dataset, 'dimensions' | 'logDensity'>,
  ) {
    this.states = states;
    this.#logs =
      logDensity &&
      Float64Array.from({ length: states.length / dimensions }, (_, i) =>
        logDensity(states.subarray(i * dimensions, (i + 1) * dimensions)),
      );
  }

  async measure(energy: EnergyOf): Promise<SpaceMeasure> {
    const energies = await energy(this.states);
    const flaw = energies.findIndex((value) => !(value > Number.NEGATIVE_INFINITY));
    const largest = energies.reduce(
      (most, value) => Math.max(most, Number.isFinite(value) ? Math.abs(value) : 0),
      0,
    );
    const error = precision * largest;
    const logZ: Estimate =
      flaw === -1
        ? { value: logSumExp(Float64Array.from(energies, (value) => -value)), error }
        : { unknown: `the energy of a state is ${energies[flaw]}` };
    return { logZ, divergence: () => this.#divergence(energies, logZ) };
  }

  #divergence(energies: Float32Array, logZ: Estimate): Estimate {
    if (!this.#logs) return { unknown: 'the density of the data is not known' };
    if (!('value' in logZ)) return logZ;
    let sum = 0;
    for (const [i, log] of this.#logs.entries()) {
      if (log > Number.NEGATIVE_INFINITY) sum += Math.exp(log) * (log + energies[i]! + logZ.value);
    }
    return { value: sum, error: 2 * logZ.error };
  }
}
