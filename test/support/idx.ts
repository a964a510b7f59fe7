/** An IDX file of bytes, written by its definition. */
export function idxOf(shape: readonly number[], bytes: ArrayLike<number>, type = 0x08): Buffer {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head[2] = type;
  head[3] = shape.length;
  for (const [d, length] of shape.entries()) head.writeUInt32BE(length, 4 + 4 * d);
  return Buffer.concat([head, Uint8Array.from(bytes)]);
}
