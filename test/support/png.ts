import { deflateSync } from 'node:zlib';
import CRC32 from 'crc-32';

/** Numbers of a pixel by PNG's type of colour. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

interface PngOptions {
  readonly width: number;
  readonly height: number;
  /** Bits of a number. Default 8. */
  readonly depth?: number;
  /** 0 grey, 2 colours, 3 palette, 4 grey with opacity, 6 colours with opacity. Default 0. */
  readonly color?: number;
  /** `[height, width, numbers]` */
  readonly pixels: ArrayLike<number>;
  /** Chunks before the pixels. */
  readonly before?: readonly (readonly [type: string, data: Uint8Array])[];
  readonly isInterlaced?: boolean;
  /** What stands for the compressed pixels. */
  readonly packed?: Uint8Array;
}

/** A chunk with its length and checksum. */
export function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeInt32BE(CRC32.buf(body), 4 + body.length);
  return chunk;
}

const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A PNG file, written by the definition of the format (W3C, "Portable Network Graphics", 3rd edition). */
export function pngOf(options: PngOptions): Buffer {
  const {
    width,
    height,
    depth = 8,
    color = 0,
    pixels,
    before = [],
    isInterlaced = false,
  } = options;
  const numbers = samples[color]!;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, Number(isInterlaced)], 8);
  const lines: Buffer[] = [];
  for (const [left, top, across, down] of isInterlaced ? passes : [[0, 0, 1, 1] as const]) {
    for (let y = top; y < height && options.packed === undefined; y += down) {
      const bits: string[] = [];
      for (let x = left; x < width; x += across) {
        for (let n = 0; n < numbers; n++) {
          bits.push(pixels[(y * width + x) * numbers + n]!.toString(2).padStart(depth, '0'));
        }
      }
      if (bits.length === 0) continue;
      const bytes = bits.join('').match(/.{1,8}/g)!;
      // No filter.
      lines.push(Buffer.from([0, ...bytes.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))]));
    }
  }
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk('IHDR', header),
    ...before.map(([type, data]) => pngChunk(type, data)),
    pngChunk('IDAT', options.packed ?? deflateSync(Buffer.concat(lines))),
    pngChunk('IEND', new Uint8Array()),
  ]);
}
