/** Images of a folder: which are found, what their pixels are, and what is refused. */
import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { data } from 'ebm-lab';
import { encode as encodeJpeg } from 'jpeg-js';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';
import { type DataSpec, dataMethod } from '../../../../trainer-worker/methods/data';
import { decodeImage } from '../../../../trainer-worker/methods/data/image-file';
import { experimentFolder } from '../../../support/experiment-folder';
import { pngChunk, pngOf } from '../../../support/png';
import { problemFrom } from '../../../support/problem';

const random = new Random(9, streams.trainingData);
const bytes = (count: number, most = 256) =>
  Uint8Array.from({ length: count }, () => random.integer(most));

/** A grey image of one shade. */
const shade = (value: number, [height, width] = [2, 3]) =>
  pngOf({ width: width!, height: height!, pixels: new Uint8Array(height! * width!).fill(value) });

const asBytes = { range: [0, 255] } as const;

async function load(
  t: TestContext,
  files: Readonly<Record<string, Uint8Array | string>>,
  spec: DataSpec,
) {
  const directory = await experimentFolder(t, files);
  return dataMethod(spec).load(spec, { directory, seed: 1 });
}

async function failure(
  t: TestContext,
  files: Readonly<Record<string, Uint8Array | string>>,
  spec: DataSpec,
) {
  const directory = await experimentFolder(t, files);
  const { message, remedy, kind, location } = await problemFrom(
    dataMethod(spec).load(spec, { directory, seed: 0 }),
  );
  assert.equal(kind, 'data');
  assert.ok(remedy, 'there is a remedy');
  return { message: message.replaceAll(`${directory}${path.sep}`, ''), remedy, location };
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** The first pixel of each image, in the order of the folder. */
function firstPixels({ training, heldOut, trainingNumbers, heldOutNumbers, dimensions }: Loaded) {
  const found: number[] = [];
  for (const [rows, numbers] of [
    [training, trainingNumbers!],
    [heldOut, heldOutNumbers!],
  ] as const) {
    for (const [row, number] of numbers.entries()) {
      found[number - 1] = rows.subarray(row * dimensions)[0]!;
    }
  }
  return found;
}

describe('images of a folder', () => {
  const tree = {
    'set/b/2.png': shade(20),
    'set/a/10.png': shade(10),
    'set/a/9.PNG': shade(11),
    'set/b/1.png': shade(21),
    'set/b/deep/0.png': shade(22),
    'set/.hidden/x.png': shade(99),
    'set/notes.txt': 'nothing',
  };

  test('come in the order of their names, with the classes of their folders', async (t) => {
    const set = await load(t, tree, data.images('set', { labels: 'folder', ...asBytes }));
    assert.deepEqual(firstPixels(set), [10, 11, 21, 20, 22]);
    assert.deepEqual(set.labels?.classes, ['a', 'b']);
    for (const [row, number] of set.trainingNumbers!.entries()) {
      assert.equal(set.labels!.training[row], number <= 2 ? 0 : 1);
    }
    assert.deepEqual(
      { ...set.image },
      { height: 2, width: 3, channels: 1, from: [0, 255], to: [0, 255] },
    );
    const again = await load(t, tree, data.images('set'));
    assert.deepEqual(again.files, set.files);
    const changed = await load(t, { ...tree, 'set/b/1.png': shade(5) }, data.images('set'));
    assert.notDeepEqual(changed.files, set.files);
  });

  test('may be chosen by a pattern', async (t) => {
    const at = async (pattern: string) =>
      firstPixels(await load(t, tree, data.images(pattern, asBytes)));
    assert.deepEqual(await at('set/b/**/*.png'), [21, 20, 22]);
    assert.deepEqual(await at('set/**/[0-2].png'), [21, 20, 22]);
    // What is there by that very name is meant.
    const odd = { 'set [1]/a.png': shade(1), 'set [1]/b.png': shade(2), 'set [1]/c.png': shade(3) };
    assert.deepEqual(firstPixels(await load(t, odd, data.images('set [1]', asBytes))), [1, 2, 3]);
    const none = await failure(t, tree, data.images('set/*.png'));
    assert.match(none.message, /names no PNG or JPEG images/);
  });

  test('have the classes of a file, with a row of names of columns or without', async (t) => {
    const rows = 'a/10.png,cat\na/9.PNG,dog\nb/1.png,cat\nb/2.png,dog\nb/deep/0.png,"an, owl"\n';
    for (const text of [rows, `file,class\n${rows}`]) {
      const set = await load(
        t,
        { ...tree, 'classes.csv': text },
        data.images('set', { labels: 'classes.csv' }),
      );
      assert.deepEqual(set.labels?.classes, ['an, owl', 'cat', 'dog']);
      const of = new Map<number, string>();
      for (const [row, number] of set.trainingNumbers!.entries()) {
        of.set(number, set.labels!.classes[set.labels!.training[row]!]!);
      }
      for (const [row, number] of set.heldOutNumbers!.entries()) {
        of.set(number, set.labels!.classes[set.labels!.heldOut[row]!]!);
      }
      assert.deepEqual(
        [1, 2, 3, 4, 5].map((number) => of.get(number)),
        ['cat', 'dog', 'cat', 'dog', 'an, owl'],
      );
    }
    const at = async (text: string) =>
      failure(t, { ...tree, 'c.csv': text }, data.images('set', { labels: 'c.csv' }));
    assert.match(
      (await at('a/10.png,cat\n')).message,
      /^c.csv has no class of the image 'a\/9.PNG'/,
    );
    const twice = await at('a/10.png,cat\na/10.png,dog\n');
    assert.match(twice.message, /^Line 2 of c.csv gives 'a\/10.png' another class/);
    assert.equal(twice.location?.line, 2);
    assert.match((await at('a/10.png,\n')).message, /^Line 1 of c.csv is not the name/);
  });

  test('are held out by a folder of their own, with its classes', async (t) => {
    const files = {
      ...tree,
      'test/b/x.png': shade(1),
      'test/c/y.png': shade(2),
      'test/a/z.png': shade(3),
    };
    const spec = data.images('set', { labels: 'folder', heldOut: 'test', ...asBytes });
    const set = await load(t, files, spec);
    assert.deepEqual(set.labels?.classes, ['a', 'b', 'c']);
    assert.deepEqual([...set.labels!.heldOut], [0, 1, 2]);
    assert.deepEqual(
      [...set.heldOut.subarray()],
      [3, 1, 2].flatMap((v) => new Array(6).fill(v)),
    );
    assert.equal(set.training.length, 5 * 6);
  });

  test('of several sizes become one, the middle cut out first', async (t) => {
    const wide = pngOf({
      width: 6,
      height: 2,
      pixels: [0, 0, 50, 60, 0, 0, 0, 0, 70, 80, 0, 0],
    });
    const files = { 's/a.png': wide, 's/b.png': shade(9, [8, 8]), 's/c.png': shade(7, [1, 1]) };
    const set = await load(t, files, data.images('s', { size: [2, 2], ...asBytes }));
    const rows = new Float32Array([...set.training.subarray(), ...set.heldOut.subarray()]);
    const found = [0, 4, 8].map((at) => [...rows.subarray(at, at + 4)]);
    assert.deepEqual(
      found.sort((a, b) => b[0]! - a[0]!),
      [
        [50, 60, 70, 80],
        [9, 9, 9, 9],
        [7, 7, 7, 7],
      ],
    );
    const { message } = await failure(t, files, data.images('s'));
    assert.match(
      message,
      /s\/b.png cannot be used: it has 8 × 8 pixels, and the first image 2 × 6/,
    );
  });

  test('of several kinds of colour become one where that is asked for', async (t) => {
    const color = pngOf({ width: 1, height: 1, color: 2, pixels: [200, 100, 50] });
    const files = { 's/a.png': color, 's/b.png': shade(9, [1, 1]), 's/c.png': shade(7, [1, 1]) };
    const colors = await load(t, files, data.images('s', { channels: 3, ...asBytes }));
    assert.equal(colors.dimensions, 3);
    const grey = await load(t, files, data.images('s', { channels: 1, ...asBytes }));
    // 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2
    assert.deepEqual(firstPixels(grey), [124, 9, 7]);
    assert.match(
      (await failure(t, files, data.images('s'))).message,
      /s\/b.png cannot be used: it has 1 channels, and the first image 3/,
    );
    const clear = pngOf({ width: 1, height: 1, color: 6, pixels: [200, 100, 50, 128] });
    const { message } = await failure(
      t,
      { ...files, 's/d.png': clear },
      data.images('s', { channels: 3 }),
    );
    assert.match(message, /s\/d.png cannot be used: something of it is transparent/);
  });

  test('are refused by name where a link leads out of the folder', async (t) => {
    const directory = await experimentFolder(t, { ...tree, 'secret/x.png': shade(66) });
    const spec = data.images('set', asBytes);
    const of = () => dataMethod(spec).load(spec, { directory, seed: 0 });
    const link = path.join(directory, 'set', 'link');
    await symlink(path.join(directory, 'secret'), link);
    assert.match((await problemFrom(of())).message, /link is a link that leads out of the folder/);
    await rm(link);
    await symlink(path.join(directory, 'gone'), link);
    assert.match((await problemFrom(of())).message, /link is a link that leads nowhere/);
    await rm(link);
    // A link to a folder above it would lead round and round.
    await mkdir(path.join(directory, 'set/c'));
    await symlink(path.join(directory, 'set'), path.join(directory, 'set/c/up'));
    assert.match((await problemFrom(of())).message, /up is a link that leads out of the folder/);
    await rm(path.join(directory, 'set/c/up'));
    await symlink(path.join(directory, 'set/b'), path.join(directory, 'set/b/self'));
    const set = await of();
    assert.equal((set.training.length + set.heldOut.length) / 6, 5);
  });

  test('are told apart from what is no image', async (t) => {
    const at = async (contents: Uint8Array | string, name = 's/x.png') =>
      (await failure(t, { [name]: contents }, data.images('s'))).message;
    assert.match(await at('GIF89a…'), /^The image s\/x.png cannot be used: it is a GIF, not/);
    assert.match(await at(''), /it is empty\.$/);
    assert.match(await at('hello'), /it is neither PNG nor JPEG, not an image/);
    assert.match(await at('x', 's/x.gif'), /^s has no PNG or JPEG images/);
    assert.match(
      (await failure(t, {}, data.images('nowhere'))).message,
      /^The folder nowhere does not exist\.$/,
    );
    const depth = pngOf({ width: 1, height: 1, depth: 16, pixels: [1] });
    assert.match(await at(depth), /it has 16 bits a channel; 8 can be read/);
    const three = { ...Object.fromEntries([1, 2, 3].map((n) => [`s/${n}.png`, shade(n)])) };
    const mixed = await load(t, { ...three, 's/4.webp': 'x' }, data.images('s'));
    assert.match(mixed.warnings?.join() ?? '', /1 images of .* are neither PNG nor JPEG/);
  });
});

describe('a PNG file', () => {
  for (const [color, channels] of [
    [0, 1],
    [2, 3],
    [4, 2],
    [6, 4],
  ] as const) {
    for (const isInterlaced of [false, true]) {
      test(`of colour type ${color}${isInterlaced ? ', interlaced' : ''}, has its bytes`, () => {
        const [height, width] = [11, 13];
        const pixels = bytes(height * width * channels);
        const image = decodeImage(pngOf({ width, height, color, pixels, isInterlaced }));
        assert.deepEqual(image, { height, width, channels, data: pixels });
      });
    }
  }

  test('of fewer bits, or of a palette, has what they stand for', () => {
    for (const depth of [1, 2, 4]) {
      const most = 2 ** depth - 1;
      const pixels = bytes(5 * 3, most + 1);
      const grey = decodeImage(pngOf({ width: 5, height: 3, depth, pixels }));
      assert.deepEqual(
        grey.data,
        pixels.map((value) => (255 * value) / most),
      );
      const colors = bytes(3 * (most + 1));
      const file = pngOf({
        ...{ width: 5, height: 3, depth, color: 3, pixels },
        before: [['PLTE', colors]],
      });
      const { data: found, channels } = decodeImage(file);
      assert.equal(channels, 3);
      const expected = [...pixels].flatMap((index) => [
        ...colors.subarray(3 * index, 3 * index + 3),
      ]);
      assert.deepEqual([...found], expected);
    }
  });

  test('that would unpack to far more than it says is refused before it does', () => {
    const packed = deflateSync(Buffer.alloc(2 ** 26));
    const bomb = pngOf({ width: 4, height: 4, pixels: [], packed });
    assert.throws(() => decodeImage(bomb), /larger than/);
    const huge = pngOf({ width: 100_000, height: 100_000, pixels: [], packed });
    // Its pixels are never written, so only the header says so.
    assert.throws(() => decodeImage(huge), /says that it has 100000 × 100000 pixels/);
    const profile = pngChunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), packed]));
    const sound = shade(7);
    const inner = Buffer.concat([sound.subarray(0, 33), profile, sound.subarray(33)]);
    assert.deepEqual([...decodeImage(inner).data], [7, 7, 7, 7, 7, 7]);
    const short = pngOf({ width: 4, height: 4, pixels: [], packed: deflateSync(Buffer.alloc(19)) });
    assert.throws(() => decodeImage(short), /has 19 bytes of pixels and needs 20/);
  });
});

test('a JPEG file that is cut short is refused, wherever', () => {
  const pixels = Buffer.alloc(40 * 40 * 4, 200).map((value, i) => (value * i) % 251);
  const { data: sound } = encodeJpeg({ width: 40, height: 40, data: Buffer.from(pixels) }, 90);
  assert.deepEqual([decodeImage(sound).width, decodeImage(sound).channels], [40, 3]);
  for (let length = 0; length < sound.length; length += 7) {
    assert.throws(() => decodeImage(sound.subarray(0, length)), Error, `${length}`);
  }
});

test('broken files of images are refused or read, and nothing else', async (t) => {
  const rows = new Random(23, streams.trainingData);
  const pixels = Buffer.alloc(16 * 16 * 4, 200);
  for (let i = 0; i < pixels.length; i++) pixels[i] = rows.integer(256);
  const sound = [
    pngOf({ width: 16, height: 16, color: 2, pixels: pixels.subarray(0, 768) }),
    encodeJpeg({ width: 16, height: 16, data: pixels }, 80).data,
  ];
  const directory = await experimentFolder(t, {});
  await mkdir(path.join(directory, 's'));
  const spec = data.images('s', { size: [4, 4], channels: 3 });
  let read = 0;
  for (let trial = 0; trial < 400; trial++) {
    const broken = Buffer.from(sound[trial % 2]!);
    for (let change = 0; change < rows.integer(4); change++) {
      broken[rows.integer(broken.length)] = rows.integer(256);
    }
    const cut = broken.subarray(0, rows.integer(3) === 0 ? rows.integer(broken.length) : undefined);
    for (const name of ['a', 'b', 'c'])
      await writeFile(path.join(directory, 's', `${name}.png`), cut);
    try {
      const set = await dataMethod(spec).load(spec, { directory, seed: 0 });
      assert.ok(set.training.subarray().every(Number.isFinite));
      read += 1;
    } catch (error) {
      assert.equal((error as Error).name, 'ProblemError', String((error as Error).stack));
      assert.match((error as Error).message, /^The image .*a\.png cannot be used: /);
    }
  }
  // A quarter of them has no change, two thirds of these no cut.
  assert.ok(read > 40 && read < 360, `${read}`);
});
