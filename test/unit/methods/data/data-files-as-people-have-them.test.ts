/**
 * Data files as pandas, NumPy, R, Excel and hands write them. Each is trained on as it is meant, or is
 * refused with a remedy; then the remedy is followed, word by word, until the file's numbers are there.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { data } from 'ebm-lab';
import { ProblemError } from '../../../../protocol/problem';
import { dataMethod } from '../../../../trainer-worker/methods/data';
import type { CsvOptions } from '../../../../trainer-worker/methods/data/csv';
import type { NpyOptions } from '../../../../trainer-worker/methods/data/npy';
import made from '../../../fixtures/data-files/data-files.json';
import { experimentFolder } from '../../../support/experiment-folder';

interface Fixture {
  readonly bytes: string;
  /** A line of Python that a refusal of the file is to recommend. */
  readonly code?: string;
  /** The file that it makes. */
  readonly made?: string;
}
const fixtures: Readonly<Record<string, Fixture>> = made.files;

type Options = CsvOptions & NpyOptions;

/** What the user does after a refusal. */
type Step =
  /** Adds options, which stand in the remedy as they stand here. */
  | { readonly says: RegExp; readonly add: Options }
  /** Runs a line of Python that stands in the remedy; see the fixture. */
  | { readonly says: RegExp; readonly run: 'code' }
  /** Changes the file, or names another, as the remedy says in these words. */
  | {
      readonly says: RegExp;
      readonly doing: RegExp;
      readonly file?: string;
      readonly text?: string;
      readonly options?: Options;
      /** Another function of `data` that the remedy names. */
      readonly by?: 'parquet';
    };

interface Case {
  /** A fixture, or the name of a file with `text`. */
  readonly file: string;
  readonly text?: string | Uint8Array;
  readonly options?: Options;
  readonly steps?: readonly Step[];
  /** What is trained on, in the order of the file. */
  readonly rows: readonly (readonly number[])[];
  readonly axes?: readonly string[];
  /** Classes of those rows, by name. */
  readonly labels?: readonly string[];
  readonly warns?: RegExp;
}

// The table that `write-data-files.py` writes in all ways.
const x = [1.5, -2.25, 3, 4.125, 1000.5, -0.0625, 7, 8.5, 1234567.5, 10.75];
const y = [10, 20.5, 30, 40.25, 50, 61.5, 70, 80, 90.5, -100];
const rows = x.map((value, i) => [value, y[i]!]);
const axes = ['x', 'y'];
const counted = rows.map((row, i) => [i, ...row]);
const complete = rows.filter((_, i) => i !== 2 && i !== 7);
const bits = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0].map((a, i) => [a, [1, 1, 0, 0, 1][i % 5]!]);
const kinds = ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'];
const missing = (file: string, written: string): Case => ({
  file,
  steps: [{ says: /row 4, column 1 \('x'\) is/, add: { missing: [written] } }],
  rows: complete,
  warns: /^2 of the 10 rows of .* have a missing value and are left out\.$/,
});
const converted = (file: string, says: RegExp, more: Partial<Case> = {}): Case => ({
  file,
  steps: [{ says, run: 'code' }],
  rows,
  ...more,
});
const semicolons = {
  says: /row 2 has [34] fields, but there is 1 column/,
  add: { delimiter: ';' },
};

const files: readonly Case[] = [
  // By pandas.
  { file: 'plain.csv', rows, axes },
  {
    file: 'index.csv',
    steps: [{ says: /Column 1 of .* has no name: pandas/, add: { columns: ['x', 'y'] } }],
    rows,
    axes,
  },
  {
    file: 'index-named.csv',
    rows: counted,
    axes: ['id', 'x', 'y'],
    warns: /column 'id' .* only counts its rows.* columns: \['x', 'y'\]/,
  },
  {
    file: 'index-twice.csv',
    rows: counted,
    axes: ['Unnamed: 0', 'x', 'y'],
    warns: /column 'Unnamed: 0' .* only counts/,
  },
  {
    file: 'decimal-comma.csv',
    steps: [semicolons, { says: /row 2, column 1 \('x'\) is "1,5"/, add: { decimal: ',' } }],
    rows,
    axes,
  },
  { file: 'tab.tsv', steps: [{ says: /is "1\.5\\t10\.0"/, add: { delimiter: '\t' } }], rows, axes },
  { file: 'pipe.csv', steps: [{ says: /is "1\.5\|10\.0"/, add: { delimiter: '|' } }], rows, axes },
  { file: 'utf-16.csv', rows, axes },
  { file: 'utf-16-le.csv', rows, axes },
  { file: 'utf-16-be.csv', rows, axes },
  { file: 'utf-8-sig.csv', rows, axes },
  {
    file: 'utf-32.csv',
    steps: [{ says: /is in UTF-32/, doing: /iconv -f UTF-32 -t UTF-8/, file: 'plain.csv' }],
    rows,
    axes,
  },
  {
    file: 'latin-1.csv',
    steps: [{ says: /line 1 has bytes that are not UTF-8/, add: { encoding: 'latin1' } }],
    rows,
    axes: ['Größe', 'y'],
  },
  { file: 'umlaut.csv', rows, axes: ['Größe', 'y'] },
  {
    file: 'cyrillic.csv',
    steps: [
      {
        says: /line 1 has bytes that are not UTF-8/,
        doing: /encoding: .* or another such as 'windows-1251'/,
        options: { encoding: 'windows-1251' },
      },
    ],
    rows,
    axes: ['длина', 'y'],
  },
  { file: 'gzip.csv.gz', rows, axes },
  {
    file: 'packed.csv.zip',
    steps: [
      { says: /is a ZIP archive, not CSV/, doing: /unzip packed\.csv\.zip/, file: 'plain.csv' },
    ],
    rows,
  },
  {
    file: 'packed.csv.bz2',
    steps: [
      { says: /is packed by bzip2/, doing: /bunzip2 -k packed\.csv\.bz2/, file: 'plain.csv' },
    ],
    rows,
  },
  {
    file: 'packed.csv.xz',
    steps: [{ says: /is packed by xz/, doing: /unxz -k packed\.csv\.xz/, file: 'plain.csv' }],
    rows,
  },
  missing('missing-empty.csv', ''),
  missing('missing-na.csv', 'NA'),
  missing('missing-nan.csv', 'nan'),
  { ...missing('missing-number.csv', '-999'), steps: [], options: { missing: ['-999'] } },
  {
    file: 'infinite.csv',
    steps: [
      {
        says: /row 8, column 1 \('x'\) is "inf"/,
        doing: /Correct or remove that row/,
        text: 'x,y\n1,2\n3,4\n6,5\n',
      },
    ],
    rows: [
      [1, 2],
      [3, 4],
      [6, 5],
    ],
  },
  { file: 'truths.csv', options: { domain: 'binary' }, rows: bits, axes: ['a', 'b'] },
  {
    file: 'no-header.csv',
    steps: [{ says: /first row of .* has numbers, such as 1\.5/, add: { header: false } }],
    rows,
    axes: ['x1', 'x2'],
  },
  { file: 'no-header.csv', options: { header: ['u', 'v'] }, rows, axes: ['u', 'v'] },
  {
    file: 'plain.csv',
    options: { header: ['u', 'v'] },
    steps: [{ says: /row 1, column 1 \('u'\) is "x"/, add: { skip: 1 } }],
    rows,
    axes: ['u', 'v'],
  },
  {
    file: 'units.csv',
    text: 'length,weight\n[m],[kg]\n1,2\n3,4\n6,5\n',
    steps: [
      {
        says: /row 2, column 1 \('length'\) is "\[m\]"/,
        add: { skip: 2, header: ['length', 'weight'] },
      },
    ],
    rows: [
      [1, 2],
      [3, 4],
      [6, 5],
    ],
    axes: ['length', 'weight'],
  },
  {
    file: 'classes-missing.csv',
    text: 'x,kind\n1,a\n2,\n3,b\n4,a\n',
    options: { label: 'kind' },
    steps: [{ says: /row 3, column 2 \('kind'\) is empty/, add: { missing: [''] } }],
    rows: [[1], [3], [4]],
    labels: ['a', 'b', 'a'],
    warns: /^1 of the 4 rows/,
  },
  {
    file: 'numbered.csv',
    steps: [{ says: /first row of .* has numbers, such as 0/, add: { header: true } }],
    rows,
    axes: ['0', '1'],
  },
  {
    file: 'years.csv',
    options: { columns: ['2020', '2019'] },
    rows: rows.map(([a, b]) => [b!, a!]),
  },
  {
    file: 'grouped.csv',
    steps: [{ says: /row 6, column 1 \('x'\) is "1,000\.5000"/, add: { thousands: ',' } }],
    rows,
    axes,
  },
  {
    file: 'grouped-german.csv',
    options: { delimiter: ';', decimal: ',' },
    steps: [{ says: /is "1\.000,5000"/, add: { thousands: '.' } }],
    rows,
  },
  {
    file: 'grouped-french.csv',
    options: { delimiter: ';', decimal: ',' },
    steps: [{ says: /row 6, column 1/, add: { thousands: ' ' } }],
    rows,
  },
  {
    file: 'classes.csv',
    steps: [{ says: /column 3 \('kind'\) is "a"/, add: { columns: ['x', 'y'] } }],
    rows,
  },
  { file: 'classes.csv', options: { label: 'kind' }, rows, axes, labels: kinds },
  {
    file: 'classes-float.csv',
    options: { label: 'kind' },
    rows,
    labels: ['1', '2', '1', '2', '1', '2', '1', '2', '1', '2'],
  },
  {
    file: 'iris-like.csv',
    options: { label: 'x3' },
    steps: [{ says: /first row of .* has numbers/, add: { header: false } }],
    rows,
    labels: kinds,
  },
  {
    file: 'dates.csv',
    steps: [{ says: /column 3 \('at'\) is "2024-01-01"/, add: { columns: ['x', 'y'] } }],
    rows,
  },
  {
    file: 'duplicate.csv',
    steps: [
      {
        says: /^Columns 1 and 3 of .* are both named 't'\.$/,
        add: { skip: 1, header: ['t', 'p', 't_2'] },
      },
    ],
    rows: rows.map((row, i) => [...row, y[9 - i]!]),
    axes: ['t', 'p', 't_2'],
  },
  { file: 'quoted.csv', options: { label: 'kind' }, rows, labels: kinds },
  { file: 'single-quotes.csv', options: { quote: "'", label: 'kind' }, rows, labels: kinds },
  { file: 'windows-lines.csv', rows, axes },
  { file: 'mac-lines.csv', rows, axes },
  { file: 'exponents.csv', rows, axes },
  {
    file: 'to-string.txt',
    options: { delimiter: ' ' },
    steps: [
      {
        says: /row 2 has 3 fields, but there are 2 columns/,
        add: { skip: 1, header: ['row', 'x', 'y'], columns: ['x', 'y'] },
      },
    ],
    rows,
  },
  {
    file: 'frame.parquet',
    steps: [
      {
        says: /is a Parquet file, not CSV/,
        doing: /Load it with data\.parquet\('frame\.parquet'\)/,
        by: 'parquet',
      },
    ],
    rows,
    axes: ['x', 'y'],
  },
  converted('frame.feather', /is a Feather file/),
  converted('frame.pkl', /is a pickle/),
  converted('frame.json', /is JSON text/),
  converted('frame.xlsx', /is a workbook of Excel/),

  // By hand, by R, by Excel, by Fortran.
  {
    file: 'markdown-less.txt',
    steps: [
      {
        says: /row 2, column 1 \('measured in Basel'\) is "by hand"/,
        doing: /lines above the table .* option skip/,
        options: { skip: 2 },
      },
    ],
    rows,
    axes,
  },
  {
    file: 'excel.csv',
    steps: [
      { says: /says in its first line .* ';', not ','/, add: { delimiter: ';' } },
      { says: /is "1,5"/, add: { decimal: ',' } },
    ],
    rows,
    axes,
  },
  {
    file: 'rows-named.txt',
    steps: [
      {
        says: /row 2 has 3 fields, but there are 2 columns/,
        add: { skip: 1, header: ['row', 'x', 'y'], columns: ['x', 'y'] },
      },
    ],
    rows,
    axes,
  },
  {
    file: 'trailing.csv',
    steps: [{ says: /Column 3 of .* has no name\.$/, add: { columns: ['x', 'y'] } }],
    rows,
    axes,
  },
  {
    file: 'trailing-rows.csv',
    text: 'x,y\n1,2,\n3,4,\n5,7,\n',
    steps: [
      {
        says: /row 2 has 3 fields/,
        add: { skip: 1, header: ['x', 'y', 'end'], columns: ['x', 'y'] },
      },
    ],
    rows: [
      [1, 2],
      [3, 4],
      [5, 7],
    ],
    axes,
  },
  { file: 'fortran.txt', options: { delimiter: ' ', header: false }, rows },
  {
    file: 'remarks.csv',
    text: 'x,y\n1,2\n# broken sensor\n3,4\n5,7\n',
    steps: [{ says: /row 3 has 1 field/, add: { comment: '#' } }],
    rows: [
      [1, 2],
      [3, 4],
      [5, 7],
    ],
  },
  {
    file: 'inches.tsv',
    text: 'size\tx\n5"\t1\n6"\t2\n7"\t4\n',
    options: { delimiter: '\t', columns: ['x'] },
    steps: [{ says: /line 2: Invalid Opening Quote/, add: { quote: '' } }],
    rows: [[1], [2], [4]],
  },
  {
    file: 'open-quote.csv',
    text: 'x,y\n1,2\n"3,4\n5,7\n',
    options: {},
    steps: [
      { says: /Quote Not Closed/, doing: /Close the quotes/, text: 'x,y\n1,2\n"3",4\n5,7\n' },
    ],
    rows: [
      [1, 2],
      [3, 4],
      [5, 7],
    ],
  },
  {
    file: 'capitals.csv',
    text: 'x,kind\n1,Yes\n2,yes\n4,No\n',
    options: { label: 'kind' },
    rows: [[1], [2], [4]],
    labels: ['Yes', 'yes', 'No'],
    warns: /The classes 'Yes' and 'yes' of .* differ in capitals or spaces alone/,
  },
  {
    file: 'minus.csv',
    text: 'x\n\u22121.5\n2\n4\n',
    rows: [[-1.5], [2], [4]],
  },
  {
    file: 'hexadecimal.csv',
    text: 'x\n0x10\n2\n4\n5\n',
    steps: [
      { says: /is "0x10", not a finite number/, doing: /Correct or remove/, text: 'x\n2\n4\n5\n' },
    ],
    rows: [[2], [4], [5]],
  },
  {
    file: 'large.csv',
    text: 'x\n1e39\n2e39\n4e39\n',
    steps: [{ says: /beyond single precision/, doing: /larger unit/, text: 'x\n1\n2\n4\n' }],
    rows: [[1], [2], [4]],
  },
  {
    file: 'seconds.csv',
    text: `x\n${Array.from({ length: 5 }, (_, i) => 1.7e9 + 128 * i ** 2).join('\n')}\n`,
    rows: Array.from({ length: 5 }, (_, i) => [1.7e9 + 128 * i ** 2]),
    warns: /varies by 765 around 1\.7000009e\+9, which single precision rounds by up to 64\.0/,
  },
  {
    file: 'escapes.csv',
    text: 'x\n\u001b[2J\u009b31m\u202e1\n2\n3\n',
    steps: [
      {
        says: /is "\\x1b\[2J\\x9b31m\\u202e1", not a finite number/,
        doing: /Correct or remove/,
        text: 'x\n1\n2\n3\n',
      },
    ],
    rows: [[1], [2], [3]],
  },
  {
    file: 'error.csv',
    text: '<!DOCTYPE html>\n<html><body>404</body></html>\n',
    steps: [{ says: /is a page of HTML/, doing: /Download the file itself/, file: 'plain.csv' }],
    rows,
  },
  {
    file: 'lfs.csv',
    text: 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n',
    steps: [{ says: /is a pointer of Git LFS/, doing: /git lfs pull/, file: 'plain.csv' }],
    rows,
  },
  {
    file: 'array.csv',
    text: Buffer.from(fixtures['array-f8.npy']!.bytes, 'base64'),
    steps: [
      {
        says: /is a NumPy file, not CSV/,
        doing: /data\.npy\('array\.csv'\)/,
        file: 'array-f8.npy',
      },
    ],
    rows,
  },

  // By NumPy.
  { file: 'savetxt.txt', options: { delimiter: ' ', header: false }, rows },
  { file: 'savetxt-comma.txt', options: { header: false }, rows },
  { file: 'savetxt-header.txt', rows, axes },
  { file: 'savetxt-spaces.txt', options: { delimiter: ' ' }, rows, axes },
  {
    file: 'savetxt-long-header.txt',
    steps: [{ says: /row 11 has 1 field/, add: { comment: '#' } }],
    rows,
    axes,
  },
  { file: 'array-f8.npy', rows, axes: ['x1', 'x2'] },
  { file: 'array-f4.npy', rows },
  { file: 'array-big-f8.npy', rows },
  { file: 'array-big-f4.npy', rows },
  {
    file: 'array-f2.npy',
    // Halves nearest to 0.1 and 6e-5: 1638 / 2^14 and 1007 / 2^24.
    rows: [
      [1, -2],
      [3, 4],
      [5.5, -0.25],
      [1638 / 2 ** 14, 1007 / 2 ** 24],
      [65504, 7],
    ],
  },
  { file: 'array-fortran.npy', rows },
  { file: 'array-fortran-f4.npy', rows },
  { file: 'array-1d.npy', rows: x.map((value) => [value]) },
  {
    file: 'array-i8.npy',
    rows: Array.from({ length: 5 }, (_, i) => [(2 * i) ** 3 - 4, (2 * i + 1) ** 3 - 4]),
  },
  { file: 'array-bool.npy', options: { domain: 'binary' }, rows: bits },
  { file: 'array-u1.npy', rows: Array.from({ length: 5 }, (_, i) => [50 * i, 50 * i + 25]) },
  {
    file: 'array-labels.npy',
    options: { columns: ['x', 'y', 'kind'], label: 'kind' },
    rows,
    axes,
    labels: x.map((_, i) => String(i % 2)),
  },
  {
    file: 'array-3d.npy',
    steps: [
      { says: /image 1 has 2 at row 1, column 3, which is not between 0 and 1/, run: 'code' },
    ],
    rows: [0, 8, 16].map((first) => Array.from({ length: 8 }, (_, i) => first + i)),
  },
  converted('array-nan.npy', /row 3, column 1 \('x1'\) is NaN/, { rows: complete }),
  converted('array-object.npy', /it holds Python objects \(\|O\)/),
  converted('array-texts.npy', /it holds texts \(<U12\)/),
  converted('array-records.npy', /it holds records of named fields \(\[\('x', '<f8'\)/),
  converted('array-complex.npy', /it holds complex numbers \(<c16\)/),
  converted('array-dates.npy', /it holds dates \(<M8\[\w+\]\)/, {
    rows: datesOf().map((date) => [Math.fround(date)]),
  }),
  converted('array-long.npy', /it holds numbers of type '<f16'/),
  {
    file: 'array-float8.npy',
    steps: [
      { says: /numbers of type '\|V1'/, doing: /array\.astype\('float32'\)/, file: 'array-f4.npy' },
    ],
    rows,
  },
  { file: 'one.npz', rows },
  {
    file: 'several.npz',
    steps: [{ says: /has several arrays: rows, labels/, add: { array: 'rows' } }],
    rows,
  },
  {
    file: 'several.npz',
    options: { array: 'row' },
    steps: [{ says: /has no array 'row'/, add: { array: 'rows' } }],
    rows,
  },
  { file: 'packed.npz', options: { array: 'rows' }, rows },
  {
    file: 'table.npy',
    text: 'x,y\n1,2\n',
    steps: [
      { says: /does not begin with "\\x93NUMPY"/, doing: /numpy\.save/, file: 'array-f8.npy' },
    ],
    rows,
  },
];

/** Nanoseconds or microseconds since 1970, as NumPy kept those dates. */
function datesOf(): number[] {
  const bytes = Buffer.from(fixtures['array-dates.npy']!.made!, 'base64').subarray(-80);
  return Array.from({ length: 10 }, (_, i) => Number(bytes.readBigInt64LE(8 * i)));
}

/** Options as an experiment has them: `delimiter: ';'`. */
function written(options: Options): string[] {
  const text = (value: unknown): string =>
    Array.isArray(value)
      ? `[${value.map(text).join(', ')}]`
      : typeof value === 'string'
        ? `'${JSON.stringify(value).slice(1, -1)}'`
        : String(value);
  return Object.entries(options).map(([key, value]) => `${key}: ${text(value)}`);
}

async function load(folder: string, file: string, options: Options, by?: 'parquet') {
  const given = options as never;
  if (by) {
    const spec = data[by](file, given);
    return await dataMethod(spec).load(spec, { directory: folder, seed: 1 });
  }
  const isArray = /\.np[yz]$/.test(file);
  const spec = isArray ? data.npy(file, given) : data.csv(file, given);
  return await dataMethod(spec).load(spec, { directory: folder, seed: 1 });
}

function sorted(found: readonly (readonly (number | string)[])[]) {
  return [...found].map((row) => JSON.stringify(row)).sort();
}

async function follow(t: TestContext, one: Case) {
  const bytes = (file: string) => Buffer.from(fixtures[file]!.bytes, 'base64');
  const folder = await experimentFolder(t, { [one.file]: one.text ?? bytes(one.file) });
  let file = one.file;
  let options: Options = { standardize: false, ...one.options };
  let by: 'parquet' | undefined;
  for (const step of one.steps ?? []) {
    const problem = await load(folder, file, options, by).then(
      () => assert.fail(`${file} is not refused: ${step.says}`),
      (error: unknown) => {
        if (error instanceof ProblemError) return error.problem;
        throw error;
      },
    );
    const { message, remedy = '' } = problem;
    assert.match(message, step.says);
    assert.equal(problem.kind, 'data');
    // Nothing that a terminal would obey.
    assert.doesNotMatch(message + remedy, /[\p{Cc}\p{Cf}]/u);
    if ('add' in step) {
      for (const option of written(step.add))
        assert.ok(remedy.includes(option), `${option} in: ${remedy}`);
      options = { ...options, ...step.add };
    } else if ('run' in step) {
      const { code = '', made: result = '' } = fixtures[file]!;
      const shown = code.replace(/^numpy\.save\('fixed\.npy', (.*)\)$/, '$1');
      assert.ok(remedy.includes(shown), `${shown} in: ${remedy}`);
      file = file.endsWith('.npy') ? 'fixed.npy' : 'fixed.csv';
      await writeFile(path.join(folder, file), Buffer.from(result, 'base64'));
    } else {
      assert.match(remedy, step.doing);
      file = step.file ?? file;
      options = { ...options, ...step.options };
      by = step.by;
      if (step.text ?? step.file)
        await writeFile(path.join(folder, file), step.text ?? bytes(file));
    }
  }
  const set = await load(folder, file, options, by);
  const { dimensions, training, heldOut } = set;
  const classes = set.labels && [...set.labels.training, ...set.labels.heldOut];
  const all = Float32Array.from([...training.subarray(), ...heldOut.subarray()]);
  const found = Array.from({ length: all.length / dimensions }, (_, i) => [
    ...all.subarray(i * dimensions, (i + 1) * dimensions),
    ...(classes ? [set.labels!.classes[classes[i]!]!] : []),
  ]);
  const meant = one.rows.map((row, i) => [...row, ...(one.labels ? [one.labels[i]!] : [])]);
  assert.deepEqual(sorted(found), sorted(meant));
  if (one.axes) assert.deepEqual(set.axes, one.axes);
  assert.equal(set.logScale, 0);
  if (one.warns)
    assert.match([...(set.warnings ?? []), ...(set.notes ?? [])].join('\n'), one.warns);
  else assert.deepEqual([...(set.warnings ?? []), ...(set.notes ?? [])], []);
}

describe('a data file trains as it is meant, or is refused with a remedy that works', () => {
  for (const one of files) {
    const how = one.options ? ` with ${written(one.options).join(', ')}` : '';
    test(one.file + how, (t) => follow(t, one));
  }
});
