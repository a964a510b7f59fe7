/** The number that 16 bits of IEEE 754 binary16 are. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const single = new DataView(new ArrayBuffer(4));

/** The number that 16 bits of bfloat16 are: the upper half of one of single precision. */
export function brainToNumber(bits: number): number {
  single.setUint32(0, bits << 16);
  return single.getFloat32(0);
}
