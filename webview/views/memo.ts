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
