import type { Rgba } from './contrast';

/** A picture that points are put into: red, green, blue and alpha of each pixel, not premultiplied. */
export interface PointPicture {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** A picture by bytes and by pixels. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
  readonly pixels: Uint32Array;
}

/** How points look; lengths in pixels of the picture. */
export interface PointLook {
  readonly radius: number;
  readonly outlineWidth: number;
  readonly fill: Rgba;
  readonly outline: Rgba;
}

/** Into how many parts of a pixel places are rounded, along each side. */
const parts = 4;

/**
 * Puts discs with an outline into an empty picture, each over those before it, with soft edges. Places that
 * are not numbers or outside of it are left out. Some hundred times as fast as a canvas draws as many small
 * pictures: it goes from the last point to the first, and what is covered is not looked at (Porter & Duff
 * 1984, "under").
 *
 * @param layers `[n, 2]` points each, and how they look
 * @param plane low end and size of the window that points are in, along x and along y
 */
export function putPoints(
  picture: PointPicture,
  layers: readonly { readonly points: Float32Array; readonly look: PointLook }[],
  [xLow, xSize, yLow, ySize]: readonly [number, number, number, number],
): void {
  const { width, height } = picture;
  const { buffer, byteOffset, length } = picture.data;
  const canvas = {
    width,
    height,
    bytes: new Uint8Array(buffer, byteOffset, length),
    pixels: new Uint32Array(buffer, byteOffset, length / 4),
  };
  for (const { points, look } of layers.toReversed()) {
    const stamps = Array.from({ length: parts * parts }, (_, k) =>
      stampOf(look, [(k % parts) / parts, Math.floor(k / parts) / parts], width),
    );
    for (let i = points.length - (points.length % 2) - 2; i >= 0; i -= 2) {
      const x = ((points[i]! - xLow) / xSize) * width;
      const y = (1 - (points[i + 1]! - yLow) / ySize) * height;
      // Also false for a coordinate that is not a number.
      if (!(x >= 0 && x <= width && y >= 0 && y <= height)) continue;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const part = Math.floor((x - left) * parts) + parts * Math.floor((y - top) * parts);
      putUnder(canvas, stamps[part]!, left, top);
    }
  }
  divideByAlpha(canvas.bytes);
}

/** The pixels that a point covers: left and top of each from the pixel that the middle is in. */
interface Stamp {
  readonly reach: number;
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  /** How far each lies from that pixel in the picture's row-major order. */
  readonly offsets: Int32Array;
  /** Red, green and blue of each, multiplied by its alpha, and that. */
  readonly bytes: Uint8Array;
  /** The same as one number each. */
  readonly pixels: Uint32Array;
}

/** What a disc covers whose middle lies in a pixel, in the middle of a part of it. */
function stampOf(
  { radius, outlineWidth, fill, outline }: PointLook,
  [u, v]: readonly [number, number],
  width: number,
): Stamp {
  const outer = radius + outlineWidth;
  const reach = Math.ceil(outer + 1);
  const middle = 0.5 / parts;
  const [dx, dy, bytes]: [number[], number[], number[]] = [[], [], []];
  for (let row = -reach; row <= reach; row++) {
    for (let column = -reach; column <= reach; column++) {
      const distance = Math.hypot(column + 0.5 - u - middle, row + 0.5 - v - middle);
      const inside = 1 - softStep(radius, distance);
      const color = [0, 1, 2, 3].map((k) => outline[k]! + inside * (fill[k]! - outline[k]!));
      const alpha = Math.round(255 * color[3]! * (1 - softStep(outer, distance)));
      if (alpha === 0) continue;
      dx.push(column);
      dy.push(row);
      bytes.push(...color.slice(0, 3).map((part) => Math.round(part * alpha)), alpha);
    }
  }
  const all = Uint8Array.from(bytes);
  return {
    reach,
    dx: Int32Array.from(dx),
    dy: Int32Array.from(dy),
    offsets: Int32Array.from(dx, (x, k) => dy[k]! * width + x),
    bytes: all,
    pixels: new Uint32Array(all.buffer),
  };
}

/** From 0 to 1 within half a pixel of an edge, as GLSL's `smoothstep`. */
function softStep(edge: number, distance: number): number {
  const t = Math.min(1, Math.max(0, distance - edge + 0.5));
  return t * t * (3 - 2 * t);
}

/** As good as opaque: what is beneath it is not seen. */
const opaque = 253;

/** Puts a stamp under what is there. */
function putUnder(canvas: Canvas, stamp: Stamp, left: number, top: number): void {
  const { pixels, bytes, width, height } = canvas;
  const { dx, dy, offsets, reach } = stamp;
  const middle = top * width + left;
  const isWhole = left >= reach && left < width - reach && top >= reach && top < height - reach;
  for (let k = 0; k < offsets.length; k++) {
    const at = middle + offsets[k]!;
    if (!isWhole) {
      const [x, y] = [left + dx[k]!, top + dy[k]!];
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
    }
    const there = pixels[at]!;
    if (there === 0) pixels[at] = stamp.pixels[k]!;
    // Most of what lies in a crowd is covered. Its alpha is the last byte, here the highest: whatever
    // runs a browser is little-endian, and to read it as a byte takes half as long again.
    else if (there >>> 24 < opaque) blendUnder(bytes, at, stamp.bytes, k);
  }
}

/** Puts pixel `k` of a stamp under one that lets something through. */
function blendUnder(bytes: Uint8Array, at: number, stamp: Uint8Array, k: number): void {
  const free = 255 - bytes[4 * at + 3]!;
  for (let channel = 0; channel < 4; channel++) {
    bytes[4 * at + channel]! += (stamp[4 * k + channel]! * free + 127) / 255;
  }
}

/** Makes colours of those that were multiplied by their alpha. */
function divideByAlpha(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 4) {
    const alpha = bytes[at + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    if (alpha >= opaque) {
      bytes[at + 3] = 255;
      continue;
    }
    for (let channel = 0; channel < 3; channel++) {
      bytes[at + channel] = Math.min(255, Math.round((255 * bytes[at + channel]!) / alpha));
    }
  }
}
