/**
 * What `ebm new` writes: for each kind of data and each method that it offers, an experiment without a type
 * error, of which `ebm check` finds nothing wrong or doubtful, and which trains.
 */
import assert from 'node:assert/strict';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeNpy } from '../../run-directory/npy';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import {
  offeredData,
  writeExperiment,
} from '../../trainer-worker/trainer/new-experiment/write-experiment';
import { assertMethodsTrain, assertNoTypeErrors } from '../support/new-experiments';
import { problemFrom } from '../support/problem';
import { makeFolder } from '../support/temporary';

let folder = '';
before(async () => {
  folder = await makeFolder();
  await copyFile('examples/data/penguins.csv', path.join(folder, 'penguins.csv'));
  for (const [name, contents] of Object.entries(files)) {
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
  // Nothing measured: categories, with who was asked.
  'survey.csv': lines([
    ['person', 'region', 'transport', 'children'],
    ...Array.from({ length: 120 }, (_, i) => [
      `person ${i}`,
      ['north', 'south', 'west'][i % 3],
      i % 4 === 3 || i % 3 === 0 ? 'bicycle' : 'car',
      i % 5 === 0 ? 2 : i % 2,
    ]),
  ]),
  // Words with gaps, words in all rows the same, numbers of rows that are not in order, no names above.
  'gaps.csv': lines([
    ['record_id', 'colour', 'shape', 'source', 'remark'],
    ...Array.from({ length: 60 }, (_, i) => [
      (i * 7) % 60,
      i % 9 === 4 ? '' : ['red', 'blue'][i % 2],
      ['round', 'flat', 'long'][i % 3],
      'survey',
      i % 2 === 0 ? `remark ${i}` : 'none',
    ]),
  ]),
  'nameless.csv': lines(
    Array.from({ length: 60 }, (_, i) => [
      ['red', 'blue'][i % 2],
      ['round', 'flat', 'long'][i % 3],
    ]),
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
  'measured.parquet': [
    { name: 'width', data: [...numbers(60)], type: 'DOUBLE' },
    { name: 'height', data: [...numbers(60)], type: 'DOUBLE' },
    {
      name: 'kind',
      data: Array.from({ length: 60 }, (_, i) => (i % 2 === 1 ? 'bird' : 'fish')),
      type: 'STRING',
    },
    {
      name: 'note',
      data: Array.from({ length: 60 }, (_, i) => `note ${i}`),
      type: 'STRING',
    },
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
  ['survey.csv', 'persistentContrastiveDivergence'],
  ['nameless.csv', 'persistentContrastiveDivergence'],
  ['wide.npy', 'multiNoiseScoreMatching'],
  ['bits.npy', 'persistentContrastiveDivergence'],
  ['measured.parquet', 'persistentContrastiveDivergence'],
];

const place = (data: string) => (data.includes('.') ? path.join(folder, data) : data);

describe('each method that is offered is written, checked and trained:', () => {
  for (const [data, first] of begun) {
    test(data, () => assertMethodsTrain(place(data), first, folder));
  }

  test('and has no type error', () => assertNoTypeErrors(folder));
});

test('of a file without measurements the columns are categories, all but who was asked', async () => {
  const output = path.join(folder, 'survey-read.ebm.ts');
  const text = await readFile(await writeExperiment({ data: place('survey.csv'), output }), 'utf8');
  assert.match(text, /domain: 'categorical',/);
  assert.match(text, /columns: \['region', 'transport', 'children'\],/);
  assert.match(
    text.replaceAll(/\n\s*\/\/ /g, ' '),
    /Left out: 'person' \(another word in each row\)\./,
  );
});

test('words may have gaps, and what is left out is named with its reason', async () => {
  const output = path.join(folder, 'gaps-read.ebm.ts');
  const text = await readFile(await writeExperiment({ data: place('gaps.csv'), output }), 'utf8');
  assert.match(text, /columns: \['colour', 'shape'\],/);
  assert.match(text, /missing: \[''\],/);
  assert.match(
    text.replaceAll(/\n\s*\/\/ /g, ' '),
    /Left out: 'record_id' \(only counts the rows\), 'source' \(always the same\), 'remark' \(words, 31 different ones in 60 rows\)\./,
  );
});

test('a file of words without names above has a first row like the others', async () => {
  const output = path.join(folder, 'nameless-read.ebm.ts');
  const file = await writeExperiment({ data: place('nameless.csv'), output });
  assert.match(await readFile(file, 'utf8'), /header: false,/);
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

  test('a file in which nothing can be learned, with the reason of each column', async () => {
    const data = path.join(folder, 'short.csv');
    await writeFile(
      data,
      lines([
        ['who', 'what'],
        ['ann', 'sings'],
        ['bob', 'sings'],
      ]),
    );
    const problem = await refused({ data, output: path.join(folder, 'short.ebm.ts') });
    assert.match(
      problem.message,
      /no column to learn: 'who' \(another word in each row\), 'what' \(always the same\)/,
    );
  });

  test('a method that does not suit the data, and one that there is not', async () => {
    const output = path.join(folder, 'none.ebm.ts');
    const unsuited = await refused({ data: 'twoMoons', method: 'ratioMatching', output });
    assert.match(unsuited.message, /ratioMatching does not suit these data/);
    const unknown = await refused({ data: 'twoMoons', method: 'slicedScoreMatch', output });
    assert.match(unknown.remedy!, /'slicedScoreMatching'/);
  });
});
