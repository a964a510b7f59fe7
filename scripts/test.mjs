/**
 * Installs what is missing, builds, checks and runs every test.
 *
 *   npm test                           everything
 *   npm test -- --only unit            one part: unit, integration, e2e or checks
 *   npm test -- langevin               tests of files so named, else tests so named
 *   npm test -- --no-setup             trusts node_modules, Chromium and VS Code to be there
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { ensureChromium } from './chromium.mjs';
import { run } from './command.mjs';
import { root, setup } from './setup.mjs';
import { stage, summarize } from './stages.mjs';
import { installHost } from './vscode-host.mjs';

/** What `--only` may name, and the folders of test/ that belong to it. */
const parts = {
  unit: ['unit', 'ground-truth'],
  integration: ['integration'],
  e2e: ['e2e'],
  checks: [],
};

/** Whatever hangs ends after this long; the whole suite takes less. */
const limitMs = 20 * 60_000;

/**
 * The built test files of a folder of test/.
 * @param {string} folder
 */
async function testFiles(folder) {
  const built = path.join(root, 'dist/test', folder);
  const names = await readdir(built, { recursive: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.test.mjs')).map((name) => path.join(built, name));
}

/**
 * Runs test files, each in a process of its own.
 * @param {string[]} files
 * @param {{ concurrency: number, namePattern: string | undefined, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<import('./stages.mjs').Verdict>}
 */
async function runTests(files, { concurrency, namePattern, env }) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ebm-test-counts-'));
  try {
    const countsFile = path.join(folder, 'counts.json');
    const { ok, output } = await run(
      process.execPath,
      [
        '--test',
        `--test-concurrency=${concurrency}`,
        '--enable-source-maps',
        ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
        `--test-reporter=${path.join(root, 'scripts/test-counts.mjs')}`,
        `--test-reporter-destination=${countsFile}`,
        ...(namePattern ? [`--test-name-pattern=${namePattern}`] : []),
        ...files,
      ],
      { cwd: root, env: { ...process.env, ...env }, timeoutMs: limitMs },
    );
    const text = await readFile(countsFile, 'utf8').catch(() => '');
    // No counts: the runner itself was ended.
    if (text === '') return { passed: 0, failed: 1, output };
    const { passed, failed, skipped, notes } = JSON.parse(text);
    const extra = !ok && failed === 0 ? 1 : 0;
    return { passed, failed: failed + extra, skipped, output, note: notes.join('\n') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string' },
    'no-setup': { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [filter] = positionals;
if (values.only !== undefined && !(values.only in parts)) {
  console.error(`--only takes one of ${Object.keys(parts).join(', ')}, not '${values.only}'.`);
  process.exit(2);
}
/** @param {string} part */
const wants = (part) =>
  values.only === undefined ? part !== 'checks' || filter === undefined : values.only === part;

/** @type {import('./stages.mjs').Result[]} */
const results = [];

/**
 * Provides something that the tests need. That is no test, unless it fails.
 * @param {string} name
 * @param {() => Promise<string | undefined>} work answers with what is worth a note
 */
async function need(name, work) {
  const result = await stage(name, async () => {
    const note = await work();
    return { passed: 0, failed: 0, ...(note ? { note } : {}) };
  });
  results.push(result);
  return result.failed === 0;
}

async function build() {
  const { ok, output } = await run(process.execPath, ['scripts/build.mjs', '--tests'], {
    cwd: root,
  });
  if (!ok) throw new Error(output);
  return undefined;
}

/**
 * The test files to run: those whose names contain the filter, or all and a pattern for the tests'
 * own names where there is none.
 * @param {readonly string[]} folders
 */
async function filesOf(folders) {
  const lists = await Promise.all(
    folders.map(async (folder) => /** @type {const} */ ([folder, await testFiles(folder)])),
  );
  const byFile = lists.map(
    ([folder, files]) =>
      /** @type {const} */ ([
        folder,
        files.filter((file) => path.basename(file).includes(filter ?? '')),
      ]),
  );
  const byName = byFile.every(([, files]) => files.length === 0);
  return { lists: byName ? lists : byFile, namePattern: byName ? filter : undefined };
}

async function runAll() {
  if (!values['no-setup'] && !(await need('packages', setup))) return;
  if (Object.keys(parts).some((part) => part !== 'checks' && wants(part))) {
    if (!(await need('build', build))) return;
  }
  const folders = Object.entries(parts).flatMap(([part, names]) => (wants(part) ? names : []));
  const { lists, namePattern } = await filesOf(folders);
  const e2e = lists.find(([folder]) => folder === 'e2e')?.[1] ?? [];

  let chromium = process.env['CHROMIUM'];
  let ready = true;
  const checksDone = wants('checks') ? check() : Promise.resolve([]);
  const hostDone = (async () => {
    // Mostly waiting for the network, so it goes beside the tests that compute.
    if (e2e.length === 0 || values['no-setup']) return;
    ready = await need('VS Code', installHost);
    ready =
      (await need('Chromium', async () => {
        chromium = await ensureChromium();
        return undefined;
      })) && ready;
  })();
  for (const [folder, files] of lists) {
    if (folder === 'e2e' || files.length === 0) continue;
    results.push(await stage(folder, () => runTests(files, { concurrency: 2, namePattern })));
  }
  results.push(...(await checksDone));
  await hostDone;
  if (e2e.length === 0) return;
  /** @type {NodeJS.ProcessEnv} */
  const env = chromium === undefined ? {} : { CHROMIUM: chromium };
  results.push(
    await stage('e2e', async () => {
      if (!ready) throw new Error('Not run: VS Code or Chromium is missing, see above.');
      return runTests(e2e, { concurrency: 1, env, namePattern });
    }),
  );
}

await runAll();
const allGood = summarize(results);
if (!allGood && results.every(({ failed }) => failed === 0)) {
  console.error('No test was run.');
}
process.exitCode = allGood ? 0 : 1;
