/** Rows and images as NumPy, Pillow, safetensors and PyArrow write them, against what these read. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { data } from 'ebm-lab';
import { type DataSpec, dataMethod } from '../../trainer-worker/methods/data';
import { resized } from '../../trainer-worker/methods/data/resample';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import { askPython, withoutReaders } from '../support/python-readers';

/** What write-data.py tells of what it wrote. */
type Told = Readonly<
  Record<string, { readonly shape: number[]; readonly numbers: string; readonly names: string[] }>
>;

describe('data as others write them', { skip: withoutReaders }, () => {
  let folder = '';
  let told: Told = {};
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'ebm-own-data-'));
    told = (await askPython('write-data.py', folder)) as Told;
  });
  after(() => rm(folder, { recursive: true }));

  const numbersOf = (name: string) => {
    const bytes = Buffer.from(told[name]!.numbers, 'base64');
    return [...new Float64Array(new Uint8Array(bytes).buffer)];
  };
  const load = (spec: DataSpec) => dataMethod(spec).load(spec, { directory: folder, seed: 0 });

  /** All rows in the order of the file, and the names of their classes. */
  async function inOrder(spec: DataSpec) {
    const set = await load(spec);
    const { dimensions, labels } = set;
    const rows: number[][] = [];
    const classes: string[] = [];
    for (const [part, numbers, ids] of [
      [set.training, set.trainingNumbers!, labels?.training],
      [set.heldOut, set.heldOutNumbers!, labels?.heldOut],
    ] as const) {
      for (const [row, number] of numbers.entries()) {
        rows[number - 1] = [...part.subarray(row * dimensions, (row + 1) * dimensions)];
        if (ids) classes[number - 1] = labels!.classes[ids[row]!]!;
      }
    }
    return { set, rows: rows.flat(), classes };
  }

  test('weights as PyTorch lays them out are begun with by names and layouts of ours', async () => {
    const experiment = `import { data, energy, experiment, objective } from 'ebm-lab';
import * as tf from '@tensorflow/tfjs';
export default experiment({
  data: data.twoMoons({ samples: 100, heldOut: 20 }),
  energy: energy.custom({
    init: () => ({ weight1: tf.zeros([2, 3]), bias1: tf.zeros([3]), filter1: tf.zeros([4, 3, 2, 5]) }),
    energy: (p, x) => tf.add(tf.sum(tf.tanh(tf.add(tf.matMul(x, p.weight1), p.bias1)), 1), tf.sum(p.filter1)),
  }),
  objective: objective.denoisingScoreMatching(),
  initialize: {
    file: 'torch.safetensors',
    names: { weight1: 'net.0.weight', bias1: 'net.0.bias', 'filter*': 'conv.*.weight' },
    transpose: ['weight1', 'filter*'],
    partial: true,
  },
});
`;
    await writeFile(path.join(folder, 'torch.ebm.ts'), experiment);
    const loaded = await loadExperiment(path.join(folder, 'torch.ebm.ts'));
    const { initial } = await prepareTraining(loaded, { backend: 'wasm' });
    const begun = new Map(initial!.tensors.map(({ name, data: numbers }) => [name, [...numbers]]));
    assert.deepEqual(begun.get('weight1'), numbersOf('linear'));
    assert.deepEqual(begun.get('filter1'), numbersOf('filters'));
    const transposed = numbersOf('linear');
    assert.deepEqual(begun.get('bias1'), transposed.slice(0, 3));
  });

  const asBytes = { range: [0, 255] } as const;
  const asTheyAre = { from: [0, 255], range: [0, 255] } as const;
  const types = 'u1 i1 u2 i2 u4 i4 u8 i8 f2 f4 f8 >i4 >f4 >f8'.split(' ');

  for (const type of types) {
    test(`images and rows of NumPy's ${type} are the same to the byte`, async () => {
      const images = await inOrder(data.npy(`${type}.npy`, asTheyAre));
      assert.deepEqual(images.rows, numbersOf(`${type}.npy`));
      assert.deepEqual([images.set.image?.height, images.set.image?.width], [6, 5]);
      const rows = await inOrder(data.npy(`${type}-rows.npy`, { standardize: false }));
      assert.deepEqual(rows.rows, numbersOf(`${type}-rows.npy`));
      const told = data.npy(`${type}-rows.npy`, { image: [6, 5], ...asTheyAre });
      assert.deepEqual((await inOrder(told)).rows, numbersOf(`${type}.npy`));
    });
  }

  test('so are truths, colours, and colours by channel', async () => {
    const bits = await inOrder(data.npy('bool.npy', { binarize: 0.5 }));
    assert.deepEqual(bits.rows, numbersOf('bool.npy'));
    const colors = numbersOf('color.npy');
    assert.deepEqual((await inOrder(data.npy('color.npy', asBytes))).rows, colors);
    const first = data.npy('first.npy', { channelsFirst: true, ...asBytes });
    assert.deepEqual((await inOrder(first)).rows, colors);
  });

  const sources: readonly (readonly [string, DataSpec])[] = [
    [
      'a NumPy file with labels in a second',
      data.npy('u1.npy', { labels: 'classes.npy', ...asBytes }),
    ],
    ['a NumPy archive', data.npz('plain.npz', { array: 'x', labels: 'y', ...asBytes })],
    ['a compressed one', data.npz('packed.npz', { array: 'x', labels: 'y', ...asBytes })],
    [
      'a safetensors file',
      data.safetensors('x.safetensors', { tensor: 'x', labels: 'y', ...asBytes }),
    ],
    ['a gzipped IDX file', data.idx('x.idx.gz', { labels: 'classes.npy', ...asBytes })],
  ];
  for (const [name, spec] of sources) {
    test(`so are images and classes of ${name}`, async () => {
      const { rows, classes } = await inOrder(spec);
      assert.deepEqual(rows, numbersOf('u1.npy'));
      assert.deepEqual(classes.map(Number), numbersOf('classes'));
    });
  }

  test('so are halves of a safetensors file, and shorts of an IDX file', async () => {
    const halves = data.safetensors('x.safetensors', { tensor: 'half', range: [0, 1] });
    assert.deepEqual((await inOrder(halves)).rows, numbersOf('half'));
    const shorts = data.idx('shorts.idx', { standardize: false });
    assert.deepEqual((await inOrder(shorts)).rows, numbersOf('shorts.idx'));
  });

  for (const [name, channels] of [
    ['png-grey', 1],
    ['png-color', 3],
    ['png-opacity', 4],
    ['png-bits', 1],
    ['png-palette', 3],
    ['png-few', 3],
    ['luma', 1],
  ] as const) {
    test(`so are images of ${name}`, async () => {
      const { rows, set } = await inOrder(data.images(name, { channels, ...asBytes }));
      assert.deepEqual(rows, numbersOf(name));
      const { height, width } = set.image!;
      assert.deepEqual([height, width, channels], told[name]!.shape.slice(1));
    });
  }

  test('images are scaled as Pillow scales them, to the byte', async () => {
    for (const [height, width] of [
      [7, 9],
      [19, 8],
      [40, 30],
    ] as const) {
      for (const [kind, channels] of [
        ['grey', 1],
        ['color', 3],
      ] as const) {
        const name = `resize-${kind}-${height}-${width}`;
        // Without the crop that data.images makes first: the array of the very same pixels.
        const { rows: raw } = await inOrder(data.images(`png-${kind}`, { channels, ...asBytes }));
        const size = 19 * 23 * channels;
        const found = [0, 1, 2].flatMap((image) => [
          ...resized(
            Uint8Array.from(raw.slice(image * size, (image + 1) * size)),
            [19, 23, channels],
            [height, width],
          ),
        ]);
        const expected = numbersOf(name);
        assert.deepEqual(found, expected, name);
      }
    }
  });

  test('JPEG images are those of libjpeg but for its rounding, and how it spreads colours', async () => {
    // An inverse transform in whole numbers is off by 1 or so, colours of it by twice that. Colours of
    // half the resolution are spread smoothly there and repeated here.
    for (const [name, channels, most, mean] of [
      ['jpeg-grey', 1, 2, 0.5],
      ['jpeg-color', 3, 4, 0.8],
      ['jpeg-rgb', 3, 2, 0.5],
      ['jpeg-progressive', 3, 4, 0.8],
      ['jpeg-halved', 3, 48, 4],
    ] as const) {
      const { rows } = await inOrder(data.images(name, { channels, ...asBytes }));
      const expected = numbersOf(name);
      assert.equal(rows.length, expected.length);
      const off = rows.map((value, i) => Math.abs(value - expected[i]!));
      assert.ok(Math.max(...off) <= most, `${name}: off by ${Math.max(...off)}`);
      const average = off.reduce((sum, value) => sum + value, 0) / off.length;
      assert.ok(average <= mean, `${name}: off by ${average} on average`);
    }
  });

  for (const packing of ['NONE', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI', 'LZ4']) {
    test(`columns of Parquet, packed by ${packing}, are the same`, async () => {
      const spec = data.parquet(`${packing}.parquet`, { label: 'kind', standardize: false });
      const { rows, classes, set } = await inOrder(spec);
      assert.deepEqual(set.axes, ['a', 'b', 'n', 't']);
      assert.deepEqual(rows, numbersOf('parquet').map(Math.fround));
      assert.deepEqual(classes, told['kinds']!.names);
    });
  }

  test('images of a column of Parquet are the same, and their classes', async () => {
    const spec = data.parquet('images.parquet', { image: 'image', label: 'label', ...asBytes });
    const { rows, classes } = await inOrder(spec);
    assert.deepEqual(rows, numbersOf('color.npy'));
    assert.deepEqual(classes.map(Number), numbersOf('classes'));
  });
});
