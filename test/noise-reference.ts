import type { NoiseKind } from '../trainer-worker/compiler/graph/graph';
import { philox4x32 } from '../trainer-worker/compiler/random/philox';

/**
 * The arithmetic of the WebAssembly noise, one number at a time in JavaScript: `Math.fround` after each
 * operation makes of doubles what float32 gives (twice as many digits and two more suffice for sums,
 * products and roots: Figueroa, "When is double rounding innocuous?", 1995).
 */

const float = Math.fround;
const times = (a: number, b: number) => float(a * b);
const plus = (a: number, b: number) => float(a + b);
/** Horner's scheme, highest power first. */
const polynomial = (x: number, coefficients: readonly number[]) =>
  coefficients.map(float).reduce((sum, next) => plus(times(sum, x), next));

const bits = new Int32Array(1);
const number = new Float32Array(bits.buffer);
const bitsOf = (x: number): number => {
  number[0] = x;
  return bits[0]!;
};
const floatOf = (pattern: number): number => {
  bits[0] = pattern;
  return number[0]!;
};

const logarithm = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
  -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];
const sineTerms = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const cosineTerms = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];

/** The distance from the origin that a 32-bit word stands for. */
function radius(word: number): number {
  const x = plus(float(word >>> 1), 0.5);
  const e = (bitsOf(x) - 0x3f3504f3) >> 23;
  const m = floatOf((bitsOf(x) - (e << 23)) | 0);
  const power = e - 31;
  const t = plus(m, -1);
  const t2 = times(t, t);
  let p = times(times(polynomial(t, logarithm), t), t2);
  p = plus(p, times(power, float(-2.1219444e-4)));
  p = plus(p, -times(t2, 0.5));
  return float(Math.sqrt(times(plus(plus(t, p), times(power, float(0.693359375))), -2)));
}

/** The two normal numbers that two 32-bit words stand for. */
export function normalPair(first: number, second: number): readonly [number, number] {
  const angle = times(float((second & 0x3fffffff) - 0x20000000), float(1.4629180792671596e-9));
  const z = times(angle, angle);
  const sine = plus(times(times(polynomial(z, sineTerms), z), angle), angle);
  const cosine = plus(plus(times(times(polynomial(z, cosineTerms), z), z), -times(z, 0.5)), 1);
  const length = second >>> 31 === 1 ? -radius(first) : radius(first);
  const pair = [times(length, cosine), times(length, sine)] as const;
  return (second >>> 30) & 1 ? [pair[1], pair[0]] : pair;
}

/** Element `index` of a noise array, from Philox's words at the block that it belongs to. */
export function noiseElement(
  kind: NoiseKind,
  index: number,
  wordsOf: (block: number) => Uint32Array,
): number {
  if (kind === 'rademacher') {
    const word = wordsOf(Math.floor(index / 128))[(index >> 5) & 3]!;
    return (word >>> (index & 31)) & 1 ? 1 : -1;
  }
  const words = wordsOf(Math.floor(index / 4));
  if (kind === 'uniform') return (words[index & 3]! >>> 8) / 2 ** 24;
  return normalPair(words[index & 2]!, words[(index & 2) + 1]!)[index & 1]!;
}

/** Philox's words under a seed at a stream (the counter's second word) and a step. */
export function wordsAt(seed: number, stream: number, step: number) {
  const split = (value: number) => [value % 2 ** 32, Math.floor(value / 2 ** 32)] as const;
  const key = Uint32Array.of(...split(seed));
  return (block: number): Uint32Array => {
    const words = new Uint32Array(4);
    philox4x32(Uint32Array.of(block, stream, ...split(step)), key, words);
    return words;
  };
}
