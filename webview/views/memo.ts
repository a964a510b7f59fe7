/** Remembers what something was drawn from, to draw it again only when that differs. */
export class Memo {
  #last: readonly unknown[] | undefined;

  /** Whether any of `inputs` differs from the last call's. */
  changed(...inputs: unknown[]): boolean {
    const last = this.#last;
    this.#last = inputs;
    return last === undefined || inputs.some((input, k) => !Object.is(input, last[k]));
  }
}

/** A function that remembers its last result, for as long as what it is made of is the same. */
export function memoized<A extends readonly unknown[], R>(
  make: (...inputs: A) => R,
  keysOf: (inputs: A) => readonly unknown[] = (inputs) => inputs,
): (...inputs: A) => R {
  const memo = new Memo();
  let last: R;
  return (...inputs) => {
    if (memo.changed(...keysOf(inputs))) last = make(...inputs);
    return last;
  };
}
