type FloatArray = Float32Array | Float64Array;

/** A typed array that grows by doubling, so that appending costs O(1) per number on average. */
export class Growable<A extends FloatArray> {
  readonly #create: (length: number) => A;
  #array: A;
  #length = 0;

  /** `create` makes a zeroed array of a length, for example `(n) => new Float32Array(n)`. */
  constructor(create: (length: number) => A) {
    this.#create = create;
    this.#array = create(16);
  }

  get length(): number {
    return this.#length;
  }

  /** The storage: valid up to `length`, and replaced when it grows. Not to be kept. */
  get array(): A {
    return this.#array;
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const larger = this.#create(this.#length * 2);
      larger.set(this.#array);
      this.#array = larger;
    }
    this.#array[this.#length++] = value;
  }

  /** Keeps the first so many numbers, and the storage. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }
}
