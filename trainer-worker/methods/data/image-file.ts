/** PNG and JPEG files as pixels of 8 bits. What a file says of itself is checked before it is unpacked. */
import { inflateSync } from 'node:zlib';
import { convertIndexedToRgb, decode as decodePng } from 'fast-png';
import { decode as decodeJpeg } from 'jpeg-js';
import { ImageFault } from './image-fault';

/** An image of 8 bits: grey, grey with opacity, colours, or colours with opacity. */
export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** `[height, width, channels]` */
  readonly data: Uint8Array;
}

/** What an image can have at most, in pixels: 512 MB while it is unpacked. */
const mostPixels = 2 ** 26;

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** How files of images begin that are read by nobody here. */
const foreign: readonly (readonly [string, string])[] = [
  ['GIF8', 'a GIF'],
  ['BM', 'a BMP'],
  ['II*\0', 'a TIFF'],
  ['MM\0*', 'a TIFF'],
  ['RIFF', 'a WebP'],
  ['<svg', 'an SVG'],
  ['version https://git-lfs', 'a pointer of Git LFS'],
];

/**
 * The pixels of a PNG or JPEG file, whatever its name. The orientation that a camera noted is not looked
 * at, nor a colour profile.
 *
 * @throws Error that says what is wrong, as the end of a sentence
 */
export function decodeImage(bytes: Uint8Array): DecodedImage {
  if (pngSignature.every((byte, at) => bytes[at] === byte)) return pngOf(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegOf(bytes);
  const head = Buffer.from(bytes.subarray(0, 32)).toString('latin1');
  const kind = foreign.find(([begins]) => head.startsWith(begins))?.[1];
  throw new Error(
    bytes.length === 0
      ? 'it is empty'
      : `it is ${kind ?? 'neither PNG nor JPEG'}, not an image that can be read`,
  );
}

function requireSize(width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= mostPixels) return;
  throw new Error(
    `it says that it has ${width} × ${height} pixels; ${mostPixels} are read at most`,
  );
}

/** What the beginning of a PNG file says. */
interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Numbers of a pixel, an index of a palette being one. */
  readonly samples: number;
  readonly hasPalette: boolean;
  readonly isInterlaced: boolean;
}

const samplesOfColor: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** What an image is made of; all else, which may be as large when unpacked, is left out. */
const neededChunks = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];

function pngOf(bytes: Uint8Array): DecodedImage {
  const chunks = chunksOf(bytes);
  const header = pngHeader(chunks[0]);
  const { width, height, depth } = header;
  requireSize(width, height);
  if (depth > 8) throw new Error(`it has ${depth} bits a channel; 8 can be read`);
  if (depth < 8 && header.isInterlaced) {
    throw new Error(`it is interlaced, with ${depth} bits a pixel`);
  }
  const packed = chunks.flatMap(({ type, data }) => (type === 'IDAT' ? [data] : []));
  const needed = filteredBytes(header);
  const { length } = inflateSync(Buffer.concat(packed), { maxOutputLength: needed + 2 ** 16 });
  if (length < needed) throw new Error(`it has ${length} bytes of pixels and needs ${needed}`);
  // Other images may suggest a palette, which is nothing of theirs.
  const isKept = (type: string) =>
    neededChunks.includes(type) && (type !== 'PLTE' || header.hasPalette);
  const kept = chunks.filter(({ type }) => isKept(type));
  const png = decodePng(Buffer.concat([Buffer.from(pngSignature), ...kept.map(({ all }) => all)]), {
    checkCrc: true,
  });
  if (png.palette) {
    const data = Uint8Array.from(convertIndexedToRgb(png));
    return { width, height, channels: data.length / (width * height), data };
  }
  if (png.transparency) throw new Error('it makes one of its colours transparent');
  const data = depth === 8 ? Uint8Array.from(png.data) : widened(png.data, header);
  return { width, height, channels: png.channels, data };
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** With its length and checksum. */
  readonly all: Uint8Array;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = pngSignature.length; chunks.at(-1)?.type !== 'IEND'; ) {
    const length = at + 8 <= bytes.length ? view.getUint32(at) : 0;
    const end = at + 12 + length;
    if (end > bytes.length) throw new Error('it ends before its last part');
    chunks.push({
      type: Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1'),
      data: bytes.subarray(at + 8, at + 8 + length),
      all: bytes.subarray(at, end),
    });
    at = end;
  }
  return chunks;
}

function pngHeader(first: Chunk | undefined): PngHeader {
  if (first?.type !== 'IHDR' || first.data.length !== 13) throw new Error('it has no header');
  const view = new DataView(first.data.buffer, first.data.byteOffset, 13);
  const samples = samplesOfColor.get(view.getUint8(9));
  const depth = view.getUint8(8);
  if (samples === undefined || ![1, 2, 4, 8, 16].includes(depth)) {
    throw new Error('it has colours that PNG does not know');
  }
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth,
    samples,
    hasPalette: view.getUint8(9) === 3,
    isInterlaced: view.getUint8(12) === 1,
  };
}

/** Where the passes of an interlaced image begin and how far their pixels are apart (PNG, section 8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of an image before its filters are undone: lines of whole bytes after one for the filter. */
function filteredBytes({ width, height, depth, samples, isInterlaced }: PngHeader): number {
  const parts = isInterlaced ? passes : ([[0, 0, 1, 1]] as const);
  return parts.reduce((sum, [x, y, across, down]) => {
    const columns = Math.ceil((width - x) / across);
    const lines = Math.ceil((height - y) / down);
    if (columns <= 0 || lines <= 0) return sum;
    return sum + lines * (1 + Math.ceil((columns * samples * depth) / 8));
  }, 0);
}

/** Grey of fewer than 8 bits, packed in lines of whole bytes, as bytes of 0 to 255. */
function widened(packed: ArrayLike<number>, { width, height, depth }: PngHeader): Uint8Array {
  const most = 2 ** depth - 1;
  const line = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const byte = packed[row * line + Math.floor((column * depth) / 8)]!;
    const value = (byte >> (8 - depth - ((column * depth) % 8))) & most;
    return (255 * value) / most;
  });
}

/** Most bytes of a JPEG while it is unpacked, in units of 1 MiB. */
const mostJpegMemory = 1024;

function jpegOf(bytes: Uint8Array): DecodedImage {
  const { width, height, components, isRgb, end } = jpegHeader(bytes);
  requireSize(width, height);
  // No two such bytes are among those of pixels.
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('ffd9', end, 'hex') < 0) {
    throw new Error('it ends before its last part');
  }
  if (components !== 1 && components !== 3) {
    throw new Error(`it has ${components} colours, as for print; 1 or 3 can be read`);
  }
  const image = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: mostPixels / 1e6,
    maxMemoryUsageInMB: mostJpegMemory,
    ...(isRgb ? { colorTransform: false } : {}),
  });
  const data =
    components === 1
      ? Uint8Array.from({ length: width * height }, (_, i) => image.data[3 * i]!)
      : image.data;
  return { width, height, channels: components, data };
}

/** What a JPEG file says of its size and colours (ITU-T T.81, annex B; Adobe's marker, TN 5116). */
function jpegHeader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let isRgb = false;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) break;
    const marker = bytes[at + 1]!;
    // Any number of bytes of all ones may fill the space before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && at + 10 <= bytes.length) {
      if (bytes[at + 4] !== 8)
        throw new Error(`it has ${bytes[at + 4]} bits a channel; 8 can be read`);
      return {
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components: bytes[at + 9]!,
        isRgb,
        end: at + 2 + length,
      };
    }
    if (marker === 0xda) break;
    const isAdobe =
      marker === 0xee && Buffer.from(bytes.subarray(at + 4, at + 9)).toString('latin1') === 'Adobe';
    if (isAdobe) isRgb = bytes[at + 15] === 0;
    at += 2 + length;
  }
  throw new Error('it ends before it says how large it is');
}

/**
 * An image of so many channels. Grey is the luma of ITU-R 601, rounded as Pillow rounds it.
 *
 * @param channels 1 for grey, 3 for red, green and blue, 4 with opacity
 * @throws ImageFault where something of it is transparent, and opacity is not asked for
 */
export function withChannels(image: DecodedImage, channels: number): DecodedImage {
  const { width, height, data, channels: given } = image;
  if (given === channels) return image;
  const hasOpacity = given === 2 || given === 4;
  const out = new Uint8Array(width * height * channels);
  for (let place = 0; place < width * height; place++) {
    const at = place * given;
    const opacity = hasOpacity ? data[at + given - 1]! : 255;
    if (opacity < 255 && channels !== 4) {
      throw new ImageFault(
        'something of it is transparent',
        'Keep that by channels: 4, or write the image anew on a background.',
      );
    }
    const isGrey = given <= 2;
    const [red, green, blue] = isGrey
      ? [data[at]!, data[at]!, data[at]!]
      : [data[at]!, data[at + 1]!, data[at + 2]!];
    if (channels === 1) {
      out[place] = isGrey ? red : (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    } else {
      out.set(channels === 4 ? [red, green, blue, opacity] : [red, green, blue], place * channels);
    }
  }
  return { width, height, channels, data: out };
}
