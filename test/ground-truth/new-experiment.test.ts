/**
 * What `ebm new` writes: for each kind of data and each method that it offers, an experiment without a type
 * error, of which `ebm check` finds nothing wrong or doubtful, and which trains.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeNpy } from '../../run-directory/npy';
import { writeSafetensors } from '../../run-directory/safetensors';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { checkExperiment } from '../../trainer-worker/trainer/check/check-experiment';
import { loadExperiment } from '../../trainer-worker/trainer/experiment/load';
import {
  offeredData,
  offerFor,
  writeExperiment,
} from '../../trainer-worker/trainer/new-experiment/write-experiment';
import { prepareTraining } from '../../trainer-worker/trainer/training/prepare';
import { idxOf } from '../support/idx';
import { pngOf } from '../support/png';
import { problemFrom } from '../support/problem';
import { makeFolder } from '../support/temporary';

let folder = '';
before(async () => {
  folder = await makeFolder();
  await copyFile('examples/data/penguins.csv', path.join(folder, 'penguins.csv'));
  await copyFile('examples/data/digits.npz', path.join(folder, 'digits.npz'));
  for (const [name, contents] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), contents);
  }
  for (const [name, columns] of Object.entries(parquetFiles)) {
    const bytes = parquetWriteBuffer({ columnData: columns.map((column) => ({ ...column })) });
    await writeFile(path.join(folder, name), new Uint8Array(bytes));
  }
});
after(() => rm(folder, { recursive: true, force: true }));

const random = new Random(0, streams.trainingData);
const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());

/** Lines of fields, separated by something. */
const lines = (rows: readonly (readonly unknown[])[], by = ',') =>
  `${rows.map((row) => row.join(by)).join('\n')}\n`;

/** A small bright square somewhere on an image of so many pixels a side, as bytes; of two sizes by class. */
function square(side: number, kind: number, channels = 1): Uint8Array {
  const pixels = new Uint8Array(side * side * channels);
  const size = 2 + 2 * kind;
  const [top, left] = [random.bits() % (side - size), random.bits() % (side - size)];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let c = 0; c < channels; c++) {
        pixels[((top + y) * side + left + x) * channels + c] = 200 + 20 * c;
      }
    }
  }
  return pixels;
}
const squares = (count: number, side: number) =>
  Array.from({ length: count }, (_, i) => square(side, i % 2));
const classes = Array.from({ length: 60 }, (_, i) => i % 2);
const pngs = (side: number, channels = 1) =>
  classes.map((kind) =>
    pngOf({
      width: side,
      height: side,
      color: channels === 3 ? 2 : 0,
      pixels: square(side, kind, channels),
    }),
  );

/** Files as people have them, beside the penguins. */
const files: Readonly<Record<string, string | Uint8Array>> = {
  // Many dimensions, in which other methods come first.
  'wide.npy': Buffer.concat(writeNpy(numbers(200 * 30), [200, 30])),
  'bits.npy': Buffer.concat(
    writeNpy(
      numbers(200 * 6).map((value) => Number(value > 0)),
      [200, 6],
    ),
  ),
  // No names, semicolons, decimal commas.
  'european.csv': lines(
    Array.from({ length: 60 }, () =>
      [random.normal(), random.normal()].map((value) => value.toFixed(3).replace('.', ',')),
    ),
    ';',
  ),
  // As pandas writes it, with its index, a constant, and numbers missing.
  'frame.csv': lines([
    ['', 'a', 'b', 'unit', 'constant', 'mostly missing'],
    ...Array.from({ length: 60 }, (_, i) => [
      i,
      i % 20 === 3 ? '' : random.normal().toFixed(3),
      (100 * random.normal()).toFixed(2),
      i % 2 === 0 ? 'left' : 'right',
      7,
      i % 3 === 0 ? 1.5 : 'NA',
    ]),
  ]),
  // As MNIST comes, with the classes beside it.
  'train-images-idx3-ubyte.gz': gzipSync(idxOf([60, 8, 8], Buffer.concat(squares(60, 8)))),
  'train-labels-idx1-ubyte.gz': gzipSync(idxOf([60], classes)),
  // A folder of each class, images larger than anybody wants them and one of another size.
  ...Object.fromEntries(
    [...pngs(70, 3), ...pngs(12, 3).slice(0, 2)].map((png, i) => [
      `shapes/${i % 2 === 0 ? 'small' : 'large'}/${i}.png`,
      png,
    ]),
  ),
  'tensors.safetensors': Buffer.concat(
    writeSafetensors(
      [
        {
          name: 'images',
          shape: [60, 1, 8, 8],
          data: Float32Array.from(Buffer.concat(squares(60, 8)), (byte) => byte / 127.5 - 1),
        },
        { name: 'labels', shape: [60], data: Float32Array.from(classes) },
      ],
      {},
    ),
  ),
  'questions.csv': lines([
    ['q1', 'q2', 'q3', 'q4', 'q5'],
    ...Array.from({ length: 80 }, () => Array.from({ length: 5 }, () => random.bits() % 2)),
  ]),
};

/** As Hugging Face and pandas write them. */
const parquetFiles: Readonly<
  Record<string, Parameters<typeof parquetWriteBuffer>[0]['columnData']>
> = {
  'faces.parquet': [
    { name: 'image', data: pngs(8).map((png) => new Uint8Array(png)), type: 'BYTE_ARRAY' },
    { name: 'label', data: classes.map(BigInt), type: 'INT64' },
  ],
  'measured.parquet': [
    { name: 'width', data: [...numbers(60)], type: 'DOUBLE' },
    { name: 'height', data: [...numbers(60)], type: 'DOUBLE' },
    { name: 'kind', data: classes.map((kind) => (kind ? 'bird' : 'fish')), type: 'STRING' },
    { name: 'note', data: classes.map((_, i) => `note ${i}`), type: 'STRING' },
  ],
};

/** What an experiment may be begun with, and what comes first for it. */
const begun: readonly (readonly [data: string, first: string])[] = [
  ...offeredData().flatMap(({ name, extensions, isFolder }) =>
    extensions.length > 0 || isFolder ? [] : [[name, 'persistentContrastiveDivergence'] as const],
  ),
  ['penguins.csv', 'persistentContrastiveDivergence'],
  ['european.csv', 'persistentContrastiveDivergence'],
  ['frame.csv', 'persistentContrastiveDivergence'],
  ['questions.csv', 'persistentContrastiveDivergence'],
  ['wide.npy', 'multiNoiseScoreMatching'],
  ['bits.npy', 'persistentContrastiveDivergence'],
  ['digits.npz', 'multiNoiseScoreMatching'],
  ['train-images-idx3-ubyte.gz', 'multiNoiseScoreMatching'],
  ['shapes', 'multiNoiseScoreMatching'],
  ['faces.parquet', 'multiNoiseScoreMatching'],
  ['measured.parquet', 'persistentContrastiveDivergence'],
  ['tensors.safetensors', 'multiNoiseScoreMatching'],
];

const place = (data: string) =>
  data.includes('.') || data === 'shapes' ? path.join(folder, data) : data;

describe('each method that is offered is written, checked and trained:', () => {
  for (const [data, first] of begun) {
    test(data, async () => {
      const { methods, fileName } = await offerFor(place(data));
      assert.match(fileName, /^[a-z0-9-]+\.ebm\.ts$/);
      assert.equal(methods[0]!.name, first);
      for (const { name } of methods) {
        const output = path.join(folder, `${data}-${name}.ebm.ts`);
        const file = await writeExperiment({ data: place(data), method: name, output });
        const { findings } = await checkExperiment(file);
        assert.deepEqual(findings, [], `${name}\n${await readFile(file, 'utf8')}`);
        // What it measures in the end is the matter of other tests, and takes most of the time.
        const overrides = {
          steps: 100,
          'preview.chainSteps': 5,
          'preview.resolution': 8,
          'preview.diagnostics': [],
        };
        const prepared = await prepareTraining(await loadExperiment(file, { overrides }));
        const loop = prepared.createLoop([]);
        assert.equal(await loop.run(), 'finished', name);
      }
    });
  }

  test('and has no type error', async () => {
    const config = path.join(folder, 'tsconfig.json');
    await writeFile(
      config,
      JSON.stringify({
        extends: path.resolve('tsconfig.json'),
        compilerOptions: {
          paths: {
            'ebm-lab': [path.resolve('trainer-worker/api/index.ts')],
            '@tensorflow/tfjs': [path.resolve('node_modules/@tensorflow/tfjs')],
          },
          typeRoots: [path.resolve('node_modules/@types')],
        },
        include: ['*.ebm.ts'],
      }),
    );
    const compiler = path.resolve('node_modules/typescript/bin/tsc');
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, [compiler, '-p', config], (_, out) => resolve(out));
    });
    assert.equal(said, '');
  });
});

test('of a file with names the columns that are measurements are used, and the others named', async () => {
  const output = path.join(folder, 'frame-read.ebm.ts');
  const text = await readFile(await writeExperiment({ data: place('frame.csv'), output }), 'utf8');
  assert.match(text, /columns: \['a', 'b'\],/);
  assert.match(text, /label: 'unit',/);
  assert.match(text, /missing: \[''\],/);
  const comments = text.replaceAll(/\n\s*\/\/ /g, ' ');
  assert.match(
    comments,
    /Left out: '' \(no name of its own\), 'constant' \(always the same\), 'mostly missing' \(67 % missing\)\./,
  );
});

test('paths are relative to the experiment, wherever that is written', async () => {
  const output = path.join(folder, 'deep/er/birds.ebm.ts');
  const file = await writeExperiment({ data: place('penguins.csv'), output });
  assert.match(await readFile(file, 'utf8'), /data\.csv\('\.\.\/\.\.\/penguins\.csv', \{/);
});

describe('refused, and nothing written:', () => {
  const refused = (wish: Parameters<typeof writeExperiment>[0]) =>
    problemFrom(writeExperiment(wish));

  test('a file that is there', async () => {
    const output = path.join(folder, 'mine.ebm.ts');
    await writeFile(output, 'mine');
    const problem = await refused({ data: 'twoMoons', output });
    assert.match(problem.message, /is there already, and nothing is written over it/);
    assert.equal(await readFile(output, 'utf8'), 'mine');
  });

  test('a name of something else', async () => {
    const problem = await refused({ data: 'twoMoons', output: path.join(folder, 'moons.ts') });
    assert.match(problem.remedy!, /moons\.ebm\.ts/);
  });

  test('data that are not there, and misspelled ones', async () => {
    const output = path.join(folder, 'none.ebm.ts');
    assert.match((await refused({ data: place('none.csv'), output })).message, /none\.csv/);
    assert.match((await refused({ data: 'twoMoon', output })).remedy!, /'twoMoons'/);
    assert.match((await refused({ data: 'rows.xlsx', output })).remedy!, /\.csv/);
  });

  test('a method that does not suit the data, and one that there is not', async () => {
    const output = path.join(folder, 'none.ebm.ts');
    const unsuited = await refused({ data: 'twoMoons', method: 'ratioMatching', output });
    assert.match(unsuited.message, /ratioMatching does not suit these data/);
    const unknown = await refused({ data: 'twoMoons', method: 'slicedScoreMatch', output });
    assert.match(unknown.remedy!, /'slicedScoreMatching'/);
  });
});
