import type { NumberReader } from './number-text';

/** The classes of rows, as they are met: names that are the same number are the same class. */
export class ClassNames {
  readonly #number: NumberReader;
  readonly #ids = new Map<string | number, number>();
  readonly #names: string[] = [];

  /** @param number how the file writes numbers */
  constructor(number: NumberReader) {
    this.#number = number;
  }

  /** The name of each class as it was met first, by number of the class. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** The class called `name`, from 0 in the order in which they are met. */
  idOf(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const value = this.#number(name);
    const key = Number.isNaN(value) ? name : value;
    const id = this.#ids.get(key) ?? this.#names.push(name) - 1;
    this.#ids.set(key, id);
    // Looked up as it is written from now on, which is faster.
    this.#ids.set(name, id);
    return id;
  }

  /** Numbers of classes: of their numbers' order where all are numbers, else of their letters'. */
  sorted(ids: readonly number[]): number[] {
    const value = (id: number) => this.#number(this.#names[id]!);
    const name = (id: number) => this.#names[id]!;
    return ids.every((id) => Number.isFinite(value(id)))
      ? [...ids].sort((a, b) => value(a) - value(b))
      : [...ids].sort((a, b) => (name(a) < name(b) ? -1 : 1));
  }

  /** Pairs of names that differ in capitals or spaces alone. */
  alike(): (readonly [string, string])[] {
    const first = new Map<string, string>();
    return this.#names.flatMap((name) => {
      const key = name.toLowerCase().replace(/\s+/g, '');
      const other = first.get(key);
      if (other === undefined) first.set(key, name);
      return other === undefined ? [] : [[other, name] as const];
    });
  }
}
