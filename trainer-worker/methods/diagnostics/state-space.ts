import type { Dataset } from '../data/dataset';
import { logSumExp } from '../data/density';
import type { Estimate } from './estimate';
import { precision } from './precision';
import type { EnergyOf, SmallSpace, SpaceMeasure } from './small-space';

/** Every row of some bits: sums over them are exact but for the rounding of energies. */
export class StateSpace implements SmallSpace {
  /** `[2^D, D]`. */
  readonly states: Float32Array;
  readonly #logs: Float64Array | undefined;

  constructor({ dimensions, logDensity }: Pick<Dataset, 'dimensions' | 'logDensity'>) {
    const states = new Float32Array(2 ** dimensions * dimensions);
    for (let i = 0; i < states.length; i++) {
      states[i] = (Math.floor(i / dimensions) >> (i % dimensions)) & 1;
    }
    this.states = states;
    this.#logs =
      logDensity &&
      Float64Array.from({ length: 2 ** dimensions }, (_, i) =>
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
