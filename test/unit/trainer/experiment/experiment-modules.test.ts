import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadExperiment, readExperiment } from '../../../../trainer-worker/trainer/experiment/load';
import { prepareTraining } from '../../../../trainer-worker/trainer/training/prepare';
import { experimentFolder, smallExperiment } from '../../../support/experiment-folder';
import { problemFrom } from '../../../support/problem';

const entry = 'moons.ebm.ts';

/** What a module says of its own place, and what it finds there. */
const places = `import { createRequire } from 'node:module';
interface Numbers { readonly of: string }
const numbers = createRequire(import.meta.url)('./numbers.json') as Numbers;
export const said = {
  dirname: __dirname,
  filename: __filename,
  url: import.meta.url,
  metaDirname: import.meta.dirname,
  metaFilename: import.meta.filename,
  numbers: numbers.of,
};
`;

const files = {
  [entry]: `${places}
import { said as helper } from './lib/places';
import { folder } from './lib/own';
import { packaged } from 'packaged';
export const sweep = { entry: said, helper, folder, packaged };
${smallExperiment()}`,
  'numbers.json': '{ "of": "entry" }',
  'lib/places.ts': places,
  'lib/numbers.json': '{ "of": "helper" }',
  // As modules write it that are to run everywhere.
  'lib/own.ts': `import path from 'node:path';
import { fileURLToPath } from 'node:url';
const __dirname = path.dirname(fileURLToPath(import.meta.url));
export const folder = __dirname;
`,
  'node_modules/packaged/package.json': '{ "name": "packaged", "main": "code/index.js" }',
  'node_modules/packaged/code/index.js': 'exports.packaged = __dirname;',
};

const placesIn = (folder: string, file: string, numbers: string) => ({
  dirname: path.dirname(path.join(folder, file)),
  filename: path.join(folder, file),
  url: pathToFileURL(path.join(folder, file)).href,
  metaDirname: path.dirname(path.join(folder, file)),
  metaFilename: path.join(folder, file),
  numbers,
});
const expectedIn = (folder: string) => ({
  entry: placesIn(folder, entry, 'entry'),
  helper: placesIn(folder, path.join('lib', 'places.ts'), 'helper'),
  folder: path.join(folder, 'lib'),
  packaged: path.join(folder, 'node_modules', 'packaged', 'code'),
});

describe('each module of an experiment', () => {
  test('knows its own place', async (t) => {
    const folder = await experimentFolder(t, files);
    const { sweep } = await readExperiment(path.join(folder, entry));
    assert.deepEqual(sweep, expectedIn(folder));
  });

  test('knows where it lay when it is a copy that a run keeps', async (t) => {
    const folder = await experimentFolder(t, files);
    const copy = await experimentFolder(t, {});
    for (const file of [entry, 'lib/places.ts', 'lib/own.ts']) {
      await cp(path.join(folder, file), path.join(copy, 'source', file));
    }
    const { sweep } = await readExperiment(path.join(copy, 'source', entry), {
      original: path.join(folder, entry),
    });
    assert.deepEqual(sweep, expectedIn(folder));
  });

  test('has its own lines in errors, also where it speaks of its place', async (t) => {
    const helper = `export const here: string = __filename;
interface Long { readonly a: number }
export function fail(value?: Long): number {
  return value!.a;
}
`;
    const folder = await experimentFolder(t, {
      [entry]: `import { fail } from './lib/helper';\nfail();\n${smallExperiment()}`,
      'lib/helper.ts': helper,
    });
    const { location } = await problemFrom(loadExperiment(path.join(folder, entry)));
    assert.deepEqual(location, { file: path.join(folder, 'lib/helper.ts'), line: 4, column: 17 });
  });
});

async function failure(t: TestContext, others: Record<string, string>, first: string) {
  const folder = await experimentFolder(t, {
    [entry]: `${first}\n${smallExperiment()}`,
    ...others,
  });
  const { location, ...problem } = await problemFrom(loadExperiment(path.join(folder, entry)));
  assert.equal(problem.kind, 'experiment');
  return {
    ...problem,
    place:
      location && `${path.relative(folder, location.file)}:${location.line}:${location.column}`,
  };
}

describe('what a bundle cannot hold is refused in the user’s terms', () => {
  test('waiting at the top level, there and in a helper', async (t) => {
    const own = await failure(t, {}, 'const rows = await Promise.resolve(3);\nvoid rows;');
    assert.match(own.message, /nothing can be awaited outside of functions/);
    assert.match(own.remedy ?? '', /readFileSync/);
    assert.equal(own.place, `${entry}:1:14`);
    const helper = { 'helper.ts': 'export const rows = await Promise.resolve(3);' };
    const other = await failure(t, helper, "import { rows } from './helper';\nvoid rows;");
    assert.match(other.message, /nothing can be awaited/);
    assert.equal(other.place, 'helper.ts:1:21');
  });

  test('a package with a part in machine code', async (t) => {
    const packages = {
      'node_modules/@fast/rows/package.json': '{ "name": "@fast/rows", "main": "index.js" }',
      'node_modules/@fast/rows/index.js': "module.exports = require('./build/rows.node');",
      'node_modules/@fast/rows/build/rows.node': '\u0000\u0001',
    };
    const { message, remedy, place } = await failure(
      t,
      packages,
      "import rows from '@fast/rows';\nvoid rows;",
    );
    assert.equal(
      message,
      "The package '@fast/rows' has a part in machine code (build/rows.node), which cannot be bundled.",
    );
    assert.match(remedy ?? '', /createRequire\(import\.meta\.url\)\('@fast\/rows'\)/);
    assert.equal(place, `${entry}:1:18`);
  });

  test('a package that names its parts only when it runs; Node finds them, as the remedy says', async (t) => {
    const packages = {
      'node_modules/late/package.json': '{ "name": "late", "main": "index.js" }',
      'node_modules/late/index.js':
        "const part = './part' + '.js';\nmodule.exports = require(part);",
      'node_modules/late/part.js': 'module.exports = { rows: 7 };',
    };
    const { message } = await failure(t, packages, "import late from 'late';\nvoid late;");
    assert.match(message, /names its module only when it runs; createRequire/);
    const folder = await experimentFolder(t, {
      [entry]: `import { createRequire } from 'node:module';
export const sweep = createRequire(import.meta.url)('late').rows;
${smallExperiment()}`,
      ...packages,
    });
    assert.equal((await readExperiment(path.join(folder, entry))).sweep, 7);
  });

  test('a file that is neither code nor JSON', async (t) => {
    const { message, remedy } = await failure(
      t,
      { 'rows.csv': 'a,b\n1,2\n' },
      "import rows from './rows.csv';\nvoid rows;",
    );
    assert.equal(message, 'rows.csv cannot be imported: .csv is neither code nor JSON.');
    assert.match(remedy ?? '', /data\.csv/);
  });
});

test('what is likely a mistake in the files is a warning of the run', async (t) => {
  const folder = await experimentFolder(t, {
    [entry]: `const twice = { steps: 1, steps: 2 };
const environment = import.meta.env;
void [twice, environment];
${smallExperiment()}`,
  });
  const loaded = await loadExperiment(path.join(folder, entry));
  const expected = [
    `${entry}:1: Duplicate key "steps" in object literal.`,
    `${entry}:2: Of import.meta only url, dirname and filename are known to an experiment.`,
  ];
  assert.deepEqual([...loaded.warnings].sort(), expected);
  assert.deepEqual((await prepareTraining(loaded)).warnings.slice().sort(), expected);
});
