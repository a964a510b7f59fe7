/** Images in arrays: IDX, NumPy and safetensors files, and what their pixels become. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { data } from 'ebm-lab';
import { brightness, fileValue } from '../../../../protocol/pixel-values';
import { writeNpy } from '../../../../run-directory/npy';
import { writeSafetensors } from '../../../../run-directory/safetensors';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { type DataSpec, dataMethod } from '../../../../trainer-worker/methods/data';
import { Batches } from '../../../../trainer-worker/methods/data/batches';
import made from '../../../fixtures/data-files/data-files.json';
import { experimentFolder } from '../../../support/experiment-folder';
import { idxOf } from '../../../support/idx';
import { problemFrom } from '../../../support/problem';

const [count, height, width] = [40, 5, 3];
const size = height * width;
const random = new Random(3, streams.trainingData);
/** `[40, 5, 3]`, every byte from 0 to 255 among them. */
const pixels = Uint8Array.from({ length: count * size }, (_, i) =>
  i < 256 ? i : random.integer(256),
);
const classes = Uint8Array.from({ length: count }, (_, i) => (7 * i) % 10);
const images = idxOf([count, height, width], pixels);
const labels = idxOf([count], classes);
const asBytes = { range: [0, 255] } as const;

async function load(
  t: TestContext,
  files: Readonly<Record<string, Uint8Array>>,
  spec: DataSpec,
  seed = 5,
) {
  const directory = await experimentFolder(t, files);
  return dataMethod(spec).load(spec, { directory, seed });
}

async function failure(
  t: TestContext,
  files: Readonly<Record<string, Uint8Array>>,
  spec: DataSpec,
) {
  const directory = await experimentFolder(t, files);
  const problem = await problemFrom(dataMethod(spec).load(spec, { directory, seed: 0 }));
  assert.equal(problem.kind, 'data');
  assert.ok(problem.remedy, 'there is a remedy');
  return problem.message.replaceAll(`${directory}${path.sep}`, '');
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** All rows in the order of the file, by their numbers. */
function inOrder({ training, heldOut, trainingNumbers, heldOutNumbers, dimensions }: Loaded) {
  const all = new Float32Array(training.length + heldOut.length);
  const parts = [
    [training, trainingNumbers!],
    [heldOut, heldOutNumbers!],
  ] as const;
  for (const [rows, numbers] of parts) {
    for (const [row, number] of numbers.entries()) {
      const values = rows.subarray(row * dimensions, (row + 1) * dimensions);
      all.set(values, (number - 1) * dimensions);
    }
  }
  return all;
}

describe('images of an IDX file', () => {
  for (const [name, pack] of [
    ['plain', (bytes: Buffer) => bytes],
    ['gzipped', (bytes: Buffer) => gzipSync(bytes)],
  ] as const) {
    test(`${name}, have its bytes, classes and shape`, async (t) => {
      const files = { images: pack(images), labels: pack(labels) };
      const set = await load(t, files, data.idx('images', { labels: 'labels', ...asBytes }));
      assert.deepEqual([...inOrder(set)], [...pixels]);
      assert.deepEqual(set.image, {
        height,
        width,
        channels: 1,
        from: [0, 255],
        to: [0, 255],
      });
      assert.equal(set.dimensions, size);
      assert.equal(set.axes[4], '2,2');
      assert.deepEqual(set.labels?.classes, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
      for (const [row, number] of set.trainingNumbers!.entries()) {
        assert.equal(set.labels!.training[row], classes[number - 1]);
      }
      assert.equal(set.heldOut.length, 4 * size);
      assert.deepEqual(
        set.files?.map(({ file }) => file),
        ['images', 'labels'],
      );
    });
  }

  test('are held out by a file of their own', async (t) => {
    const others = pixels.map((value) => 255 - value);
    const files = {
      images,
      labels,
      others: idxOf([count, height, width], others),
      theirs: idxOf([count], classes.slice().reverse()),
    };
    const set = await load(
      t,
      files,
      data.idx('images', {
        labels: 'labels',
        heldOut: 'others',
        heldOutLabels: 'theirs',
        ...asBytes,
      }),
    );
    assert.deepEqual([...set.training.subarray()], [...pixels]);
    assert.deepEqual([...set.heldOut.subarray()], [...others]);
    assert.deepEqual([...set.labels!.heldOut], [...classes].reverse());
    assert.equal(set.files?.length, 4);
  });

  test('are split by a seed of its own, whatever the seed of the run', async (t) => {
    const spec = data.idx('images', { splitSeed: 11, ...asBytes });
    const [one, other] = [await load(t, { images }, spec, 1), await load(t, { images }, spec, 2)];
    assert.deepEqual(one.heldOutNumbers, other.heldOutNumbers);
    const byRun = await load(t, { images }, data.idx('images', asBytes), 1);
    assert.notDeepEqual(one.heldOutNumbers, byRun.heldOutNumbers);
  });

  test('stay bytes in memory: 60,000 of 28 × 28 take 47 MB, trained on or held out', async (t) => {
    const many = Buffer.alloc(60_000 * 784, 7);
    const set = await load(t, { images: idxOf([60_000, 28, 28], many) }, data.idx('images'));
    // Both look at one store, whose last block has room for 127 more images at most.
    assert.equal(set.training.byteLength, set.heldOut.byteLength);
    const bytes = set.training.byteLength;
    assert.ok(bytes >= many.length && bytes < many.length + 128 * 784, `${bytes}`);
    assert.equal(set.training.length + set.heldOut.length, many.length);
  });

  test('of which not all can be held say so, and some are drawn', async (t) => {
    const directory = await experimentFolder(t, { images, labels });
    const of = (spec: DataSpec) => dataMethod(spec).load(spec, { directory, seed: 1, memory: 400 });
    const { message, remedy } = await problemFrom(of(data.idx('images')));
    assert.match(message, /do not fit into the .* of memory/);
    assert.match(remedy ?? '', /option rows: 10;/);
    const set = await of(data.idx('images', { rows: 10, labels: 'labels', ...asBytes }));
    assert.equal(set.training.length + set.heldOut.length, 10 * size);
    // Each has the class of the image of the file that has its pixels.
    const classOf = new Map(
      Array.from(classes, (one, row) => [
        pixels.subarray(row * size, (row + 1) * size).join(),
        String(one),
      ]),
    );
    for (let row = 0; row < set.training.length / size; row++) {
      const found = set.training.subarray(row * size, (row + 1) * size).join();
      assert.equal(set.labels!.classes[set.labels!.training[row]!], classOf.get(found));
    }
  });

  test('that is broken or something else is refused by name', async (t) => {
    const at = async (bytes: Uint8Array, options = {}) =>
      failure(t, { images: bytes, labels }, data.idx('images', options));
    assert.match(await at(Buffer.from('x,y\n1,2\n')), /^images is not an IDX file: it begins with/);
    assert.match(await at(new Uint8Array()), /it begins with nothing/);
    assert.match(await at(images.subarray(0, 10)), /ends before its data/);
    assert.match(await at(images.subarray(0, 300)), /needs 600 bytes of data, but there are 284/);
    assert.match(await at(Buffer.concat([images, Buffer.of(1)])), /but there are 601/);
    assert.match(await at(gzipSync(images).subarray(0, 200)), /packed by gzip, but is broken/);
    assert.match(await at(idxOf([2 ** 31, 1000, 1000], [])), /needs 2147483648000000 bytes/);
    assert.match(
      await at(labels, { range: [0, 1] }),
      /of rows, but the option range is for images/,
    );
    assert.match(await at(images, { columns: ['a'] }), /of images, but the option columns is for/);
    assert.match(await at(images, { labels: 'images' }), /not one class for each row/);
    const short = idxOf([3], [1, 2, 3]);
    assert.match(
      await failure(t, { images, short }, data.idx('images', { labels: 'short' })),
      /^images has 40 rows, but there are labels of 3\.$/,
    );
  });

  test('are told where something else was expected', async (t) => {
    const directory = await experimentFolder(t, { images, packed: gzipSync(images) });
    for (const spec of [data.csv('images'), data.csv('packed'), data.npy('images')]) {
      const { message, remedy } = await problemFrom(
        dataMethod(spec).load(spec, { directory, seed: 0 }),
      );
      assert.match(message, /is an IDX file/);
      assert.match(remedy ?? '', /^Load it with data\.idx\('(?:images|packed)'\)\.$/);
    }
  });

  test('of seeded garbage is refused or read, and nothing else', async (t) => {
    const rows = new Random(17, streams.trainingData);
    const spec = data.idx('images', { labels: 'labels' });
    for (let trial = 0; trial < 200; trial++) {
      const broken = Buffer.from(trial % 2 === 0 ? images : gzipSync(images, { level: 1 }));
      const changes = 1 + rows.integer(4);
      for (let change = 0; change < changes; change++) {
        const near = rows.integer(2) === 0 ? 20 : broken.length;
        broken[rows.integer(near)] = rows.integer(256);
      }
      const cut = broken.subarray(
        0,
        rows.integer(4) === 0 ? rows.integer(broken.length) : undefined,
      );
      const directory = await experimentFolder(t, { images: cut, labels });
      try {
        const set = await dataMethod(spec).load(spec, { directory, seed: 0 });
        assert.ok(set.training.subarray().every(Number.isFinite));
      } catch (error) {
        assert.equal((error as Error).name, 'ProblemError', String((error as Error).stack));
      }
    }
  });
});

describe('images of NumPy and safetensors files', () => {
  const floats = Float32Array.from(pixels, (value) => value / 255);
  const npy = (shape: readonly number[], values = floats) => Buffer.concat(writeNpy(values, shape));

  test('are those of arrays of three and four dimensions, or of rows that are said to be images', async (t) => {
    const options = { range: [0, 1] } as const;
    for (const [shape, more] of [
      [[40, 5, 3], {}],
      [[40, 5, 3, 1], {}],
      [[40, 15], { image: [5, 3] }],
      [[40, 15], { image: [5, 3, 1] }],
    ] as const) {
      const set = await load(t, { rows: npy(shape) }, data.npy('rows', { ...options, ...more }));
      assert.deepEqual(inOrder(set), floats);
      assert.deepEqual(set.image, { height, width, channels: 1, from: [0, 1], to: [0, 1] });
    }
  });

  test('of several channels lie channel by channel for each pixel, also where a file has them first', async (t) => {
    const last = npy([40, 1, 5, 3]);
    const set = await load(t, { rows: last }, data.npy('rows', { range: [0, 1] }));
    assert.deepEqual(inOrder(set), floats);
    assert.equal(set.axes[4], '1,2,2');
    const first = Float32Array.from(floats, (_, i) => {
      const [image, channel, place] = [Math.floor(i / 15), Math.floor((i % 15) / 5), i % 5];
      return floats[image * 15 + place * 3 + channel]!;
    });
    const rows = npy([40, 3, 1, 5], first);
    const turned = await load(
      t,
      { rows },
      data.npy('rows', { range: [0, 1], channelsFirst: true }),
    );
    assert.deepEqual(inOrder(turned), floats);
    assert.match(
      await failure(t, { rows: npy([40, 1, 3, 5]) }, data.npy('rows')),
      /which would be images of 5 channels; they can have 4/,
    );
  });

  test('of a safetensors file are found by name', async (t) => {
    const classesAsFloats = Float32Array.from(classes);
    const rows = Buffer.concat(
      writeSafetensors(
        [
          { name: 'y', shape: [40], data: classesAsFloats },
          { name: 'x', shape: [40, 5, 3], data: floats },
          { name: 'z', shape: [1], data: Float32Array.of(1) },
        ],
        {},
      ),
    );
    const options = { tensor: 'x', labels: 'y', range: [0, 1] } as const;
    const set = await load(t, { rows }, data.safetensors('rows', options));
    assert.deepEqual(inOrder(set), floats);
    assert.equal(set.labels!.classes.length, 10);
    assert.equal(set.files?.length, 1);
    const at = (bytes: Uint8Array, spec = data.safetensors('rows')) =>
      failure(t, { rows: bytes }, spec);
    assert.match(await at(rows), /has several tensors: y, x, z/);
    assert.match(await at(rows, data.safetensors('rows', { tensor: 'X' })), /has no tensor 'X'/);
    assert.match(await at(rows.subarray(0, 500)), /is not a safetensors file/);
    assert.match(await at(rows.subarray(0, 4)), /is not a safetensors file/);
    assert.match(await at(images), /is not a safetensors file/);
    // One table of rows, which is standardised as any.
    const table = await load(
      t,
      { rows: Buffer.concat(writeSafetensors([{ name: 'x', shape: [40, 15], data: floats }], {})) },
      data.safetensors('rows'),
    );
    assert.equal(table.image, undefined);
    assert.equal(table.transform?.mean.length, 15);
  });

  test('that are broken are refused or read, and nothing else', async (t) => {
    const dice = new Random(41, streams.trainingData);
    const tensors = [
      { name: 'x', shape: [40, 5, 3], data: floats },
      { name: 'y', shape: [40], data: Float32Array.from(classes) },
    ];
    const sound = [
      [npy([40, 5, 3]), data.npy('rows')],
      [
        Buffer.concat(writeSafetensors(tensors, {})),
        data.safetensors('rows', { tensor: 'x', labels: 'y' }),
      ],
      [
        Buffer.from(made.files['several.npz'].bytes, 'base64'),
        data.npz('rows', { array: 'rows', labels: 'labels' }),
      ],
    ] as const;
    const directory = await experimentFolder(t, {});
    const read = [0, 0, 0];
    for (let trial = 0; trial < 450; trial++) {
      const kind = trial % 3;
      const [whole, spec] = sound[kind]!;
      const broken = Buffer.from(whole);
      for (let change = 0; change < dice.integer(4); change++) {
        const near = dice.integer(2) === 0 ? 150 : broken.length;
        broken[dice.integer(near)] = dice.integer(256);
      }
      const end = dice.integer(4) === 0 ? dice.integer(broken.length) : undefined;
      await writeFile(path.join(directory, 'rows'), broken.subarray(0, end));
      try {
        const set = await dataMethod(spec).load(spec, { directory, seed: 0 });
        assert.ok(set.training.subarray().every(Number.isFinite));
        read[kind]! += 1;
      } catch (error) {
        assert.equal((error as Error).name, 'ProblemError', String((error as Error).stack));
      }
    }
    // A quarter has no change, three quarters of these no cut: at most one in 1e9 seeds has less than 8 of 150.
    for (const count of read) assert.ok(count >= 8 && count < 150, read.join());
  });

  test('may have pixels that never vary, which columns of a table may not', async (t) => {
    const constant = floats.map((value, i) => (i % 15 === 0 ? 0 : value));
    const files = { rows: npy([40, 15], constant) };
    const directory = await experimentFolder(t, files);
    const spec = data.npy('rows');
    const { remedy } = await problemFrom(dataMethod(spec).load(spec, { directory, seed: 0 }));
    assert.match(remedy ?? '', /say so: image: \[height, width\]\.$/);
    const set = await load(t, files, data.npy('rows', { image: [5, 3], range: [0, 1] }));
    assert.deepEqual(inOrder(set), constant);
  });

  test('with pixels out of range, or too dark for it, are told', async (t) => {
    const beyond = floats.slice();
    beyond[16] = 1.5;
    assert.equal(
      await failure(t, { rows: npy([40, 5, 3], beyond) }, data.npy('rows')),
      'rows: image 2 has 1.5 at row 1, column 2, which is not between 0 and 1.',
    );
    beyond[16] = Number.NaN;
    assert.match(await failure(t, { rows: npy([40, 5, 3], beyond) }, data.npy('rows')), /has NaN/);
    const bits = idxOf(
      [count, height, width],
      pixels.map((value) => value & 1),
    );
    const dark = await load(t, { bits }, data.idx('bits'));
    assert.match(dark.warnings?.[0] ?? '', /go up to 1, .* say from: \[0, 1\]/);
    const bright = await load(t, { bits }, data.idx('bits', { from: [0, 1], binarize: 0.5 }));
    assert.equal(bright.warnings, undefined);
    assert.equal(bright.domain, 'binary');
    assert.deepEqual([...inOrder(bright)], [...pixels.map((value) => value & 1)]);
  });
});

describe('pixels', () => {
  const load1 = (t: TestContext, options: Parameters<typeof data.idx>[1]) =>
    load(t, { images }, data.idx('images', options));
  const batchOf = (set: Loaded, step: number) => new Batches(set.training, size, 16, 5).of(step);
  /** The bytes of the batch of a step. */
  const bytesOf = (set: Loaded, step: number) => {
    const batches = new Batches(set.training, size, 16, 5);
    return Uint8Array.from({ length: 16 * size }, (_, i) => {
      const number = set.trainingNumbers![batches.rowAt(step, Math.floor(i / size))]!;
      return pixels[(number - 1) * size + (i % size)]!;
    });
  };

  test('lie in a range, -1 to 1 where nothing is said, and find back', async (t) => {
    const set = await load1(t, {});
    for (const [i, value] of inOrder(set).entries()) {
      assert.equal(value, Math.fround(-1 + (2 * pixels[i]!) / 255));
      // Half a unit in the last place of numbers up to 1, times 255 / 2.
      assert.ok(Math.abs(fileValue(value, set.image!) - pixels[i]!) < 128 * 2 ** -24);
    }
    assert.deepEqual(set.bounds?.[0], [-1, 1]);
    assert.equal(set.logScale, size * Math.log(255 / 2));
  });

  test('that are dequantized lie within their step, anew in each batch, and the same for a step', async (t) => {
    const set = await load1(t, { dequantize: true, range: [0, 256] });
    const [first, second] = [batchOf(set, 1), batchOf(set, 2)];
    const raw = bytesOf(set, 1);
    for (const [i, value] of first.entries()) {
      // 255 + u may be rounded up to 256 in single precision.
      assert.ok(value >= raw[i]! && value <= raw[i]! + 1);
    }
    assert.deepEqual(batchOf(set, 1), first);
    const noise = (batch: Float32Array, bytes: Uint8Array) =>
      batch.map((value, i) => value - bytes[i]!);
    assert.notDeepEqual(noise(first, raw), noise(second, bytesOf(set, 2)));
    // 240 uniform numbers: their mean is off by 6 deviations of 1 / √(12 · 240) once in 5e8 seeds.
    const mean = noise(first, raw).reduce((sum, u) => sum + u, 0) / first.length;
    assert.ok(Math.abs(mean - 0.5) < 6 / Math.sqrt(12 * first.length), `${mean}`);
    // What is looked at does not change, in whichever parts.
    const whole = set.heldOut.subarray();
    assert.deepEqual(set.heldOut.subarray(), whole);
    assert.deepEqual(set.heldOut.subarray(7, 20), whole.slice(7, 20));
    assert.equal(set.logScale, 0);
  });

  test('that are dequantized have the likelihood of the whole numbers as an upper bound', async (t) => {
    // A uniform density on the range is 1 / 256 for each pixel of the file, whatever the range.
    const set = await load1(t, { dequantize: true, range: [-3, 5] });
    const logDensity = -size * Math.log(8);
    const inFile = logDensity - Number(set.logScale);
    assert.ok(Math.abs(inFile + size * Math.log(256)) < 1e-9);
  });

  test('as logits are on the whole line, with the slope of the way back', async (t) => {
    const set = await load1(t, { logit: 0.05 });
    const { image, logScale } = set;
    assert.ok(typeof logScale === 'function');
    for (const [i, value] of inOrder(set).entries()) {
      const p = 0.05 + (0.9 * pixels[i]!) / 255;
      assert.ok(Math.abs(value - Math.log(p / (1 - p))) < 1e-6);
      assert.ok(Math.abs(fileValue(value, image!) - pixels[i]!) < 1e-3);
    }
    // Against central differences of the way back, whose error is of the order of h².
    const point = set.training.subarray(0, size);
    const h = 1e-4;
    const differences = Array.from(point, (y) =>
      Math.log((fileValue(y + h, image!) - fileValue(y - h, image!)) / (2 * h)),
    ).reduce((sum, log) => sum + log, 0);
    assert.ok(Math.abs(logScale(point) - differences) < 1e-5 * size);
    assert.equal(brightness(0, image!), 0.5);
  });

  test('become bits by a threshold, or by chance as bright as they are', async (t) => {
    const fixed = await load1(t, { binarize: 0.5 });
    assert.deepEqual([...inOrder(fixed)], [...pixels.map((value) => Number(value / 255 >= 0.5))]);
    assert.equal(fixed.logScale, 0);
    assert.equal(fixed.domain, 'binary');
    const drawn = await load1(t, { binarize: 'drawn' });
    const [steps, wanted] = [200, new Float64Array(16 * size)];
    let [square, squares] = [0, 0];
    const all = new Float64Array(16 * size);
    // Each batch has other rows: sums over steps of bits less chances are near 0.
    for (let step = 1; step <= steps; step++) {
      const [bits, raw] = [batchOf(drawn, step), bytesOf(drawn, step)];
      for (const [i, bit] of bits.entries()) {
        assert.ok(bit === 0 || bit === 1);
        const p = raw[i]! / 255;
        all[i]! += bit - p;
        wanted[i]! += p * (1 - p);
      }
    }
    for (const [i, sum] of all.entries()) {
      square += sum ** 2 / wanted[i]!;
      squares += 1;
    }
    // χ² of 240 degrees of freedom: beyond 240 ± 6 √480 once in 1e8 seeds.
    assert.ok(Math.abs(square - squares) < 6 * Math.sqrt(2 * squares), `χ² is ${square}`);
    assert.deepEqual(batchOf(drawn, 3), batchOf(await load1(t, { binarize: 'drawn' }), 3));
  });

  test('are mirrored by chance in batches, and there alone', async (t) => {
    const set = await load1(t, { flip: true, ...asBytes });
    let mirrored = 0;
    const trials = 16 * 50;
    for (let step = 1; step <= 50; step++) {
      const [batch, raw] = [batchOf(set, step), bytesOf(set, step)];
      for (let row = 0; row < 16; row++) {
        const image = [...batch.subarray(row * size, (row + 1) * size)];
        const given = [...raw.subarray(row * size, (row + 1) * size)];
        const turned = given.map((_, i) => given[i - (i % width) + width - 1 - (i % width)]!);
        const isTurned = image.join() === turned.join() && image.join() !== given.join();
        if (!isTurned) assert.deepEqual(image, given);
        mirrored += Number(isTurned);
      }
    }
    // Of 800 coins, six deviations are 85; no image here is its own mirror image.
    assert.ok(Math.abs(mirrored - trials / 2) < 85, `${mirrored}`);
    assert.deepEqual([...inOrder(set)], [...pixels]);
  });

  test('are cut out of the middle, then scaled', async (t) => {
    const set = await load1(t, { crop: [3, 2], ...asBytes });
    assert.deepEqual([set.image?.height, set.image?.width], [3, 2]);
    const expected = Array.from({ length: count * 6 }, (_, i) => {
      const [image, row, column] = [Math.floor(i / 6), Math.floor((i % 6) / 2), i % 2];
      return pixels[image * size + (row + 1) * width + column]!;
    });
    assert.deepEqual([...inOrder(set)], expected);
    const halved = await load(
      t,
      { images: idxOf([3, 2, 4], [0, 10, 20, 30, 40, 50, 60, 70, ...new Array(16).fill(9)]) },
      data.idx('images', { resize: [1, 4], ...asBytes }),
    );
    // Of two rows, a triangle two wide on each side counts both alike.
    assert.deepEqual([...inOrder(halved)], [20, 30, 40, 50, ...new Array(8).fill(9)]);
    assert.match(
      await failure(t, { images }, data.idx('images', { crop: [6, 1] })),
      /images of 5 × 3 pixels, of which crop: \[6, 1\] cannot be cut/,
    );
  });

  test('whose options contradict each other are refused at the call', () => {
    const refused = (options: Parameters<typeof data.idx>[1], message: RegExp) =>
      assert.throws(() => data.idx('images', options), { name: 'OptionError', message });
    refused({ range: [1, -1] }, /'range' is \[1, -1\], which does not rise/);
    refused({ binarize: 0.5, dequantize: true }, /'dequantize' and 'binarize' exclude/);
    refused({ logit: 0.05, range: [0, 1] }, /'range' and 'logit' both say/);
    refused({ logit: 0.5 }, /'logit' is 0.5/);
    refused({ label: 'a', labels: 'b' }, /'label' and 'labels' both say/);
    refused({ heldOutLabels: 'b' }, /'heldOutLabels' are of held-out rows/);
    refused({ heldOut: 'a', labels: 'b' }, /have no 'heldOutLabels'/);
    refused({ heldOut: 'a', heldOutLabels: 'b' }, /have no 'labels'/);
  });
});
