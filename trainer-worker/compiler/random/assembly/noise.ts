/**
 * Noise in WebAssembly, four Philox blocks at a time; `noise-module.ts` beside this folder says what
 * it computes, and a test repeats it number by number.
 *
 * This is AssemblyScript, compiled by the build. It uses plain SIMD only: each of its operations is
 * exact or rounded as IEEE 754 says, so the results are the same bits on every machine. (Relaxed
 * SIMD and fused multiply-add would not be, nor are Math.log and Math.cos of JavaScript.)
 */

/** Elements that the buffers hold: 16 KiB each, so that both stay in the nearest cache. */
const capacity: i32 = 4096;

/** Random bits: for each four blocks their first words, their second words, and so on. */
const words: usize = memory.data(4 * 4096, 16);

/** What is made of them, in the order of the elements. */
const values: usize = memory.data(4 * 4096, 16);

export function address(): usize {
  return values;
}

export function length(): i32 {
  return capacity;
}

/** Philox 4x32-10 at the counters (first + i, c1, c2, c3) under the key (k0, k1), four at a time. */
function drawWords(blocks: i32, first: i32, c1: i32, c2: i32, c3: i32, k0: i32, k1: i32): void {
  const multiplier0 = i32x4.splat(0xd2511f53);
  const multiplier1 = i32x4.splat(0xcd9e8d57);
  const weyl0 = i32x4.splat(0x9e3779b9);
  const weyl1 = i32x4.splat(0xbb67ae85);
  for (let block = 0; block < blocks; block += 4) {
    let x0 = i32x4.add(i32x4.splat(first + block), i32x4(0, 1, 2, 3));
    let x1 = i32x4.splat(c1);
    let x2 = i32x4.splat(c2);
    let x3 = i32x4.splat(c3);
    let key0 = i32x4.splat(k0);
    let key1 = i32x4.splat(k1);
    for (let round = 0; round < 10; round++) {
      const a = i64x2.extmul_low_i32x4_u(x0, multiplier0);
      const b = i64x2.extmul_high_i32x4_u(x0, multiplier0);
      const c = i64x2.extmul_low_i32x4_u(x2, multiplier1);
      const d = i64x2.extmul_high_i32x4_u(x2, multiplier1);
      x0 = v128.xor(v128.xor(v128.shuffle<i32>(c, d, 1, 3, 5, 7), x1), key0);
      x2 = v128.xor(v128.xor(v128.shuffle<i32>(a, b, 1, 3, 5, 7), x3), key1);
      x1 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
      x3 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
      key0 = i32x4.add(key0, weyl0);
      key1 = i32x4.add(key1, weyl1);
    }
    const at = words + ((<usize>block) << 4);
    v128.store(at, x0);
    v128.store(at, x1, 16);
    v128.store(at, x2, 32);
    v128.store(at, x3, 48);
  }
}

/** The number in [0, 1) that the upper 24 bits of a word are in units of 2⁻²⁴: all of them exact. */
function unit(word: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(word, 8)), f32x4.splat(5.9604644775390625e-8));
}

/** Uniform on [0, 1): word j of block b becomes element 4b + j. */
export function uniform(count: i32, first: i32, c1: i32, c2: i32, c3: i32, k0: i32, k1: i32): void {
  drawWords((count + 3) >> 2, first, c1, c2, c3, k0, k1);
  for (let index = 0; index < count; index += 16) {
    const from = words + ((<usize>index) << 2);
    const to = values + ((<usize>index) << 2);
    const a = unit(v128.load(from));
    const b = unit(v128.load(from, 16));
    const c = unit(v128.load(from, 32));
    const d = unit(v128.load(from, 48));
    const ab01 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const ab23 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd01 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const cd23 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(ab01, cd01, 0, 2));
    v128.store(to, v128.shuffle<i64>(ab01, cd01, 1, 3), 16);
    v128.store(to, v128.shuffle<i64>(ab23, cd23, 0, 2), 32);
    v128.store(to, v128.shuffle<i64>(ab23, cd23, 1, 3), 48);
  }
}

/**
 * √(−2 ln u) with u = (upper 31 bits of the word + ½) / 2³¹, rounded to float32: never 0, and as fine
 * near 0, where the tails come from, as the bits allow.
 */
function radius(word: v128): v128 {
  const x = f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(word, 1)), f32x4.splat(0.5));
  // x = m · 2^e with m in [√½, √2): as integers, the exponent steps on at the fraction of √½.
  const e = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
  const m = i32x4.sub(x, i32x4.shl(e, 23));
  const power = f32x4.convert_i32x4_s(i32x4.sub(e, i32x4.splat(31)));
  // ln m by the polynomial of Cephes' logf (Moshier), and ln 2 as the sum of two numbers, the first
  // short enough that its multiples are exact.
  const t = f32x4.sub(m, f32x4.splat(1));
  const t2 = f32x4.mul(t, t);
  let p = f32x4.splat(7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.151461031e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.167699874e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(3.3333331174e-1));
  p = f32x4.mul(f32x4.mul(p, t), t2);
  p = f32x4.add(p, f32x4.mul(power, f32x4.splat(-2.1219444e-4)));
  p = f32x4.sub(p, f32x4.mul(t2, f32x4.splat(0.5)));
  const logarithm = f32x4.add(f32x4.add(t, p), f32x4.mul(power, f32x4.splat(0.693359375)));
  return f32x4.sqrt(f32x4.mul(logarithm, f32x4.splat(-2)));
}

/**
 * Standard normal (Box & Muller 1958). Words 0 and 1 of block b become elements 4b and 4b + 1, words
 * 2 and 3 the other two: a radius from the first of each, a direction from the second. Its lower 30
 * bits are an angle from −π/4 to π/4; bit 30 mirrors at the diagonal, bit 31 at the origin, which
 * together cover the circle.
 */
export function normal(count: i32, first: i32, c1: i32, c2: i32, c3: i32, k0: i32, k1: i32): void {
  drawWords((count + 3) >> 2, first, c1, c2, c3, k0, k1);
  // Whole groups of four blocks: their second pairs of words belong to elements of the first block too.
  const end = (count + 15) & ~15;
  for (let index = 0; index < end; index += 8) {
    const from = words + ((<usize>index) << 2);
    const length = radius(v128.load(from));
    const direction = v128.load(from, 16);
    const offset = i32x4.sub(v128.and(direction, i32x4.splat(0x3fffffff)), i32x4.splat(0x20000000));
    // π/2 · 2⁻³⁰. Sine and cosine by the polynomials of Cephes' sinf.
    const angle = f32x4.mul(f32x4.convert_i32x4_s(offset), f32x4.splat(1.4629180792671596e-9));
    const z = f32x4.mul(angle, angle);
    let sine = f32x4.splat(-1.9515295891e-4);
    sine = f32x4.add(f32x4.mul(sine, z), f32x4.splat(8.3321608736e-3));
    sine = f32x4.add(f32x4.mul(sine, z), f32x4.splat(-1.6666654611e-1));
    sine = f32x4.add(f32x4.mul(f32x4.mul(sine, z), angle), angle);
    let cosine = f32x4.splat(2.443315711809948e-5);
    cosine = f32x4.add(f32x4.mul(cosine, z), f32x4.splat(-1.388731625493765e-3));
    cosine = f32x4.add(f32x4.mul(cosine, z), f32x4.splat(4.166664568298827e-2));
    cosine = f32x4.mul(f32x4.mul(cosine, z), z);
    cosine = f32x4.add(f32x4.sub(cosine, f32x4.mul(z, f32x4.splat(0.5))), f32x4.splat(1));
    const mirrored = i32x4.shr_s(i32x4.shl(direction, 1), 31);
    const signed = v128.xor(length, v128.and(direction, i32x4.splat(0x80000000)));
    const x = f32x4.mul(signed, v128.bitselect(sine, cosine, mirrored));
    const y = f32x4.mul(signed, v128.bitselect(cosine, sine, mirrored));
    const xy01 = v128.shuffle<i32>(x, y, 0, 4, 1, 5);
    const xy23 = v128.shuffle<i32>(x, y, 2, 6, 3, 7);
    // The second pair of words of four blocks follows their first; their elements alternate.
    const to = values + ((<usize>((index & ~15) + ((index & 8) >> 2))) << 2);
    v128.store64_lane(to, xy01, 0);
    v128.store64_lane(to, xy01, 1, 16);
    v128.store64_lane(to, xy23, 0, 32);
    v128.store64_lane(to, xy23, 1, 48);
  }
}

/** ±1 with equal odds (Rademacher): bit k of word j of block b, if set, makes element 128b + 32j + k 1. */
export function rademacher(
  count: i32,
  first: i32,
  c1: i32,
  c2: i32,
  c3: i32,
  k0: i32,
  k1: i32,
): void {
  drawWords((count + 127) >> 7, first, c1, c2, c3, k0, k1);
  const lanes = i32x4(1, 2, 4, 8);
  for (let index = 0; index < count; index += 32) {
    const block = index >> 7;
    const word = ((block & ~3) << 2) + (((index >> 5) & 3) << 2) + (block & 3);
    const bits = v128.load32_splat(words + ((<usize>word) << 2));
    const to = values + ((<usize>index) << 2);
    for (let part = 0; part < 8; part++) {
      const set = i32x4.eq(v128.and(i32x4.shr_u(bits, 4 * part), lanes), lanes);
      const sign = v128.andnot(i32x4.splat(0x80000000), set);
      v128.store(to + ((<usize>part) << 4), v128.or(sign, f32x4.splat(1)));
    }
  }
}
