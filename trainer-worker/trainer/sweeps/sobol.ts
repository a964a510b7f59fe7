/**
 * Sobol's sequence with the direction numbers of S. Joe & F. Y. Kuo, “Constructing Sobol sequences
 * with better two-dimensional projections”, SIAM J. Sci. Comput. 30 (2008) 2635–2654, table
 * `new-joe-kuo-6`, its first 21 dimensions.
 */

/**
 * For each dimension from the second: the degree of its primitive polynomial over GF(2), the
 * polynomial's inner coefficients as bits, and the first direction numbers.
 */
const table: readonly (readonly [degree: number, inner: number, first: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
  [7, 1, [1, 3, 7, 11, 23, 15, 103]],
  [7, 4, [1, 3, 7, 13, 13, 15, 69]],
];

/** How many dimensions a point may have. */
export const mostSobolDimensions = table.length + 1;

const bits = 32;

/**
 * Direction numbers `v_1 … v_32` of one dimension as fractions of 2^32: `v_i = m_i 2^(32 - i)`, where
 * `m_i` follows the polynomial's recurrence. The first dimension is van der Corput's sequence.
 */
function directions(dimension: number): Uint32Array {
  const v = new Uint32Array(bits);
  const row = table[dimension - 1];
  if (row === undefined) return v.map((_, i) => 2 ** (bits - 1 - i));
  const [degree, inner, first] = row;
  for (let i = 0; i < bits; i++) {
    if (i < degree) {
      v[i] = first[i]! * 2 ** (bits - 1 - i);
      continue;
    }
    let value = v[i - degree]! ^ (v[i - degree]! >>> degree);
    for (let k = 1; k < degree; k++) {
      if ((inner >>> (degree - 1 - k)) & 1) value ^= v[i - k]!;
    }
    v[i] = value;
  }
  return v;
}

const known = new Map<number, Uint32Array>();

/**
 * Point `index` of the sequence, from 0 (the origin), in the order of the Gray code: of the first 2^k
 * points each dimension has one in every interval of length 2^-k.
 *
 * @param index from 0 to 2^32 - 1
 * @param dimensions from 1 to {@link mostSobolDimensions}
 * @returns `[dimensions]` coordinates as whole numbers of 2^-32
 */
export function sobolPoint(index: number, dimensions: number): Uint32Array {
  const gray = (index ^ (index >>> 1)) >>> 0;
  return Uint32Array.from({ length: dimensions }, (_, dimension) => {
    const v = known.get(dimension) ?? directions(dimension);
    known.set(dimension, v);
    let value = 0;
    for (let bit = 0; bit < bits; bit++) if ((gray >>> bit) & 1) value ^= v[bit]!;
    return value;
  });
}
