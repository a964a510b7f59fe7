/** In which training step each of many chains last began anew; 0 is before the first one. */
export class ChainAges {
  /** In float32, as a checkpoint holds them: what is resumed goes on with the same numbers. */
  readonly #births: Float32Array;
  /** How many chains were born in each step, the oldest first. */
  readonly #counts = new Map<number, number>();
  #sum = 0;

  /** @param births `[size]`; all before the first step where absent */
  constructor(size: number, births?: Float32Array) {
    this.#births = new Float32Array(size);
    this.restore(births);
  }

  /** The chain in this slot begins anew in `step`, which no earlier call was ahead of. */
  renew(slot: number, step: number): void {
    const before = this.#births[slot]!;
    this.#births[slot] = step;
    const birth = this.#births[slot]!;
    const left = this.#counts.get(before)! - 1;
    if (left === 0) this.#counts.delete(before);
    else this.#counts.set(before, left);
    this.#counts.set(birth, (this.#counts.get(birth) ?? 0) + 1);
    this.#sum += birth - before;
  }

  /** Steps from each chain's beginning to `step`, on average and of the oldest chain. */
  at(step: number): { readonly mean: number; readonly oldest: number } {
    // Steps only grow, so that the first one that was written down is the earliest.
    const [earliest] = this.#counts.keys();
    return { mean: step - this.#sum / this.#births.length, oldest: step - earliest! };
  }

  /** A copy of the steps of all chains, `[size]`. */
  births(): Float32Array {
    return this.#births.slice();
  }

  /** Goes back to what {@link births} gave; to the beginning where nothing was kept. */
  restore(births?: Float32Array): void {
    if (births) this.#births.set(births);
    else this.#births.fill(0);
    this.#counts.clear();
    this.#sum = 0;
    for (const birth of this.#births.slice().sort()) {
      this.#counts.set(birth, (this.#counts.get(birth) ?? 0) + 1);
      this.#sum += birth;
    }
  }
}
