/** A named tensor on the host. `data.length` is the product of `shape`. */
export interface NamedTensor {
  /** Unique among those that it stands with. */
  readonly name: string;
  /** Its sizes; empty of a scalar. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}
