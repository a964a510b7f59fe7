/** Images and histograms of previews, in the event file and read without what wrote them. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { robustRange } from '../../../protocol/energy-range';
import { EventWriter, readScalars } from '../../../run-directory/event-file';
import { type Histogram, histogramOf } from '../../../run-directory/histogram';
import { asPng, palette, pictureOf } from '../../../trainer-worker/trainer/storage/picture';
import { SnapshotCadence } from '../../../trainer-worker/trainer/training/snapshot-cadence';
import { fc } from '../../support/fast-check';
import { fieldsOf } from '../../support/protobuf';
import { temporaryFolder } from '../../support/temporary';

/** The pixels of a PNG with a palette (PNG, third edition: chunks, filter 0), by Node's zlib. */
function pixelsOf(png: Uint8Array) {
  const bytes = Buffer.from(png);
  assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const name = bytes.toString('latin1', at + 4, at + 8);
    const checked = bytes.subarray(at + 4, at + 8 + length);
    assert.equal(bytes.readUInt32BE(at + 8 + length), crc32(checked), name);
    chunks.set(name, Buffer.concat([chunks.get(name) ?? Buffer.alloc(0), checked.subarray(4)]));
    at += 12 + length;
  }
  const header = chunks.get('IHDR')!;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  // Depth 8, colours by index, no interlacing.
  assert.deepEqual([...header.subarray(8)], [8, 3, 0, 0, 0]);
  const lines = inflateSync(chunks.get('IDAT')!);
  assert.equal(lines.length, height * (width + 1));
  const colors = chunks.get('PLTE')!;
  return {
    width,
    height,
    at: (row: number, column: number) => {
      assert.equal(lines[row * (width + 1)], 0, 'filter');
      const index = lines[row * (width + 1) + 1 + column]!;
      return [...colors.subarray(3 * index, 3 * index + 3)];
    },
  };
}

const layout = {
  dimensions: 2,
  axes: ['x1', 'x2'],
  bounds: [
    [-1, 1],
    [0, 4],
  ] as const,
  resolution: 8,
};
const white = [255, 255, 255];
const red = [255, 64, 64];

describe('a picture', () => {
  test('of a plane has samples over data over energies, upwards', () => {
    const field = Float32Array.from({ length: 64 }, (_, cell) => cell);
    field[63] = Number.NaN;
    const picture = pictureOf(
      { step: 0, samples: Float32Array.of(-1, 0.01, 9, 9, Number.NaN, 1), count: 3, field },
      { layout, data: { values: Float32Array.of(0, 2), count: 1 } },
    )!;
    const { width, height, at } = pixelsOf(asPng(picture));
    assert.deepEqual([width, height], [192, 192]);
    // The sample in the corner below, one outside, one that is no number.
    assert.deepEqual(at(191, 0), red);
    assert.deepEqual(at(95, 96), white);
    // The cell of energy 0 is brightest; rows of the field go up.
    const energyColor = (energy: number) => {
      const { low, high } = robustRange(field);
      const share = Math.min(1, Math.max(0, (high - energy) / (high - low)));
      return [...palette[Math.round(share * 253)]!];
    };
    assert.deepEqual(at(170, 20), energyColor(0));
    assert.deepEqual(at(191, 191), energyColor(7));
    assert.deepEqual(at(0, 0), energyColor(56));
    assert.deepEqual(at(0, 191), [...palette[0]!]);
    assert.notDeepEqual(at(170, 20), at(0, 0));
  });

  test('of images is a sheet of the first of them', () => {
    const samples = Float32Array.from({ length: 70 * 6 }, (_, place) => Number(place % 6 === 5));
    const picture = pictureOf(
      { step: 0, samples, count: 70 },
      {
        layout: {
          ...layout,
          dimensions: 6,
          bounds: Array.from({ length: 6 }, () => [0, 1]),
          image: { height: 2, width: 3, channels: 1, from: [0, 255], to: [0, 1] },
        },
        data: { values: new Float32Array(0), count: 0 },
      },
    )!;
    const { width, height, at } = pixelsOf(asPng(picture));
    // 8 × 8 images of 2 × 3 pixels, each pixel 8 × 8, and a line between.
    assert.deepEqual([width, height], [8 * 25 - 1, 8 * 17 - 1]);
    const [dark, bright] = [[...palette[0]!], [...palette[253]!]];
    for (const image of [0, 7]) {
      assert.deepEqual(at(15, image * 25 + 23), bright);
      assert.deepEqual(at(7, image * 25 + 23), dark);
      assert.deepEqual(at(15, image * 25 + 15), dark);
    }
    assert.deepEqual(at(15, 24), dark, 'between two images');
  });

  test('is not drawn of points that are neither', () => {
    const frame = { step: 0, samples: new Float32Array(3), count: 1 };
    const context = { layout: { ...layout, dimensions: 3, resolution: 0 } };
    const data = { values: new Float32Array(0), count: 0 };
    assert.equal(pictureOf(frame, { ...context, data }), undefined);
  });

  test('takes what is not finite, and of any size', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 64, maxLength: 64 }),
        fc.array(fc.float(), { maxLength: 40 }),
        (field, numbers) => {
          const count = Math.floor(numbers.length / 2);
          const points = Float32Array.from(numbers.slice(0, 2 * count));
          const picture = pictureOf(
            { step: 1, samples: points, count, field },
            { layout, data: { values: points, count } },
          )!;
          assert.equal(picture.pixels.length, picture.width * picture.height);
        },
      ),
    );
  });
});

describe('a histogram', () => {
  test('counts every finite number once', () => {
    fc.assert(
      fc.property(fc.float32Array(), (values) => {
        const finite = values.filter((value) => Number.isFinite(value));
        const histogram = histogramOf(values);
        if (finite.length === 0) return assert.equal(histogram, undefined);
        const { min, max, count, sum, cells } = histogram!;
        assert.equal(
          cells.reduce((all, cell) => all + cell, 0),
          finite.length,
        );
        assert.deepEqual(
          [min, max, count],
          [Math.min(...finite), Math.max(...finite), finite.length],
        );
        assert.equal(
          sum,
          finite.reduce((all, value) => all + value, 0),
        );
        assert.equal(cells.length, min === max ? 1 : 30);
      }),
    );
  });

  test('has cells of equal width', () => {
    const { cells } = histogramOf(Float32Array.from({ length: 300 }, (_, k) => k / 10 + 0.05))!;
    assert.ok(cells.every((cell) => Math.abs(cell - 10) <= 1));
  });
});

test('an event file holds images and histograms as TensorBoard has them, beside the scalars', async (t) => {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory);
  const png = Uint8Array.from({ length: 300 }, (_, k) => k);
  const histogram: Histogram = {
    ...{ min: -1, max: 3, count: 5, sum: 4, sumOfSquares: 20, cells: [2, 0, 0, 3] },
  };
  writer.append(1, 10, { loss: 0.5 });
  writer.appendSnapshot(1, 10.5, {
    images: { samples: { width: 20, height: 10, png } },
    histograms: { 'energies/samples': histogram },
  });
  writer.append(2, 11, { loss: 0.25 });
  await writer.close();

  const [name = ''] = await readdir(directory);
  const file = await readFile(path.join(directory, name));
  const events: ReturnType<typeof fieldsOf>[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    events.push(fieldsOf(file.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
  }
  assert.equal(events.length, 4);
  const snapshot = new Map(events[2]);
  assert.equal((snapshot.get(1) as Buffer).readDoubleLE(), 10.5);
  assert.equal(snapshot.get(2), 1n);
  const values = fieldsOf(snapshot.get(5) as Buffer).map(([number, value]) => {
    assert.equal(number, 1);
    return new Map(fieldsOf(value as Buffer));
  });
  assert.deepEqual(
    values.map((value) => String(value.get(1))),
    ['samples', 'energies/samples'],
  );
  assert.deepEqual(fieldsOf(values[0]!.get(4) as Buffer), [
    [1, 10n],
    [2, 20n],
    [3, 3n],
    [4, Buffer.from(png)],
  ]);
  const histo = new Map(fieldsOf(values[1]!.get(5) as Buffer));
  const double = (field: number) => (histo.get(field) as Buffer).readDoubleLE();
  assert.deepEqual([1, 2, 3, 4, 5].map(double), [-1, 3, 5, 4, 20]);
  const doubles = (field: number) => {
    const bytes = histo.get(field) as Buffer;
    return Array.from({ length: bytes.length / 8 }, (_, k) => bytes.readDoubleLE(8 * k));
  };
  assert.deepEqual(doubles(6), [0, 1, 2, 3]);
  assert.deepEqual(doubles(7), [2, 0, 0, 3]);

  // Who reads curves sees none of it, and who goes on writes behind it.
  const again = await EventWriter.open(directory);
  assert.equal(again.lastStep, 2);
  again.append(3, 12, { loss: 0.125 });
  await again.close();
  for await (const { series, problem } of readScalars(directory)) {
    assert.equal(problem, undefined);
    assert.deepEqual(series, {
      loss: { steps: Float64Array.of(1, 2, 3), values: Float32Array.of(0.5, 0.25, 0.125) },
    });
  }
});

describe('the cadence of pictures', () => {
  test('is the first, the last and about a hundred between', async () => {
    const due = async (steps: number, every: number) => {
      const cadence = new SnapshotCadence(steps, () => 0);
      const previews = Array.from({ length: Math.floor(steps / every) + 1 }, (_, k) => k * every);
      const taken: number[] = [];
      for (const step of [...previews, steps]) {
        if (!cadence.isDue(step)) continue;
        await cadence.around(step, async () => undefined);
        taken.push(step);
      }
      return taken;
    };
    assert.deepEqual(await due(100, 30), [0, 30, 60, 90, 100]);
    const many = new Set(await due(1_000_003, 50));
    assert.ok(many.size > 90 && many.size <= 102);
    assert.ok(many.has(0) && many.has(1_000_003));
  });

  test('takes no more than some hundredths of the time', async () => {
    let now = 0;
    const cadence = new SnapshotCadence(1_000_000, () => now);
    let taken = 0;
    for (let step = 0; step < 1_000_000; step += 10_000) {
      if (cadence.isDue(step)) {
        await cadence.around(step, async () => {
          now += 5;
          taken += 1;
        });
      }
      now += 100;
    }
    assert.ok(taken > 10 && (5 * taken) / now <= 0.02, `${taken} in ${now} ms`);
  });
});
