/**
 * Draws media/icon.png: an energy landscape with two valleys, its contour lines, and samples that
 * have settled in them.
 *
 *   node scripts/draw-icon.mjs
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import crc from 'crc-32';

const size = 256;
const samplesPerSide = 4;

/** Low to high energy: bright valleys, dark heights. */
const colours = [
  [253, 231, 137],
  [122, 209, 105],
  [38, 157, 138],
  [46, 98, 142],
  [62, 48, 118],
  [40, 14, 62],
];

/** Two moons as an energy: minus the logarithm of a density along two arcs. `x`, `y` in -1 … 1. */
const arcs = Array.from({ length: 40 }, (_, i) => (Math.PI * (i + 0.5)) / 40).flatMap((a) => [
  [0.43 * Math.cos(a) - 0.2, 0.46 * Math.sin(a) - 0.08],
  [0.2 - 0.43 * Math.cos(a), 0.08 - 0.46 * Math.sin(a)],
]);
function energy(x, y) {
  const density = arcs.reduce(
    (sum, [a, b]) => sum + Math.exp(-22 * ((x - a) ** 2 + (y - b) ** 2)),
    0,
  );
  return -Math.log(density + 0.012);
}

/** Where samples sit. */
const dots = [
  [-0.6, 0.1],
  [-0.36, 0.35],
  [-0.02, 0.3],
  [0.2, 0.02],
  [0.6, -0.12],
  [0.38, -0.34],
  [0.03, -0.33],
  [-0.2, -0.03],
];

function colourOf(x, y) {
  for (const [a, b] of dots) {
    const distance = Math.hypot(x - a, y - b);
    if (distance < 0.045) return [255, 255, 255];
    if (distance < 0.066) return [30, 16, 50];
  }
  const e = energy(x, y);
  const level = Math.min(0.999, Math.max(0, (e + 2.2) / 6.6));
  // A contour line where the level is near a whole multiple, equally wide whatever the slope.
  const step = 0.09;
  const slope = Math.hypot(energy(x + 1e-3, y) - e, energy(x, y + 1e-3) - e) / 1e-3 / 6.6;
  const offset = Math.abs(((level / step) % 1) - 0.5) * step;
  const line = slope > 0.05 && (step / 2 - offset) / slope < 0.007 ? 0.45 : 0;
  const at = level * (colours.length - 1);
  const [low, high] = [colours[Math.floor(at)], colours[Math.ceil(at)]];
  return low.map((from, k) => {
    const flat = from + (high[k] - from) * (at % 1);
    return flat + (255 - flat) * line;
  });
}

/** Whether a point lies inside the rounded square. */
function isInside(x, y) {
  const radius = 0.36;
  const dx = Math.max(0, Math.abs(x) - (1 - radius));
  const dy = Math.max(0, Math.abs(y) - (1 - radius));
  return Math.hypot(dx, dy) <= radius;
}

function pixel(column, row) {
  const sum = [0, 0, 0, 0];
  for (let k = 0; k < samplesPerSide ** 2; k++) {
    const x = (2 * (column + ((k % samplesPerSide) + 0.5) / samplesPerSide)) / size - 1;
    const y = 1 - (2 * (row + (Math.floor(k / samplesPerSide) + 0.5) / samplesPerSide)) / size;
    if (!isInside(x, y)) continue;
    for (const [channel, value] of colourOf(x, y).entries()) sum[channel] += value;
    sum[3]++;
  }
  const covered = sum[3];
  if (covered === 0) return [0, 0, 0, 0];
  return [...sum.slice(0, 3).map((v) => v / covered), (255 * covered) / samplesPerSide ** 2];
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeInt32BE(crc.buf(body), body.length + 4);
  return frame;
}

const rows = Buffer.alloc(size * (4 * size + 1));
for (let row = 0; row < size; row++) {
  for (let column = 0; column < size; column++) {
    rows.set(pixel(column, row).map(Math.round), row * (4 * size + 1) + 1 + 4 * column);
  }
}
const header = Buffer.alloc(13);
header.writeUInt32BE(size, 0);
header.writeUInt32BE(size, 4);
// Eight bits a channel, red green blue alpha.
header.set([8, 6, 0, 0, 0], 8);
await writeFile(
  path.join(import.meta.dirname, '../media/icon.png'),
  Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]),
);
