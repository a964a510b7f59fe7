/**
 * Installs what is missing, builds, checks and runs every test.
 *
 *   npm test                           everything
 *   npm test -- --tier fast            one tier, or several: fast, math, process, tensorflow, python,
 *                                      editor
 *   npm test -- langevin               tests of files so named, else tests so named
 *   npm test -- --watch                the fast tests, and again those that a change touches
 *   npm test -- --no-setup             trusts packages, Chromium and VS Code to be there
 */
import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { ensureChromium } from './chromium.mjs';
import { run } from './command.mjs';
import { installPythonReaders } from './python-readers.mjs';
import { installRealTensorflow } from './real-tensorflow.mjs';
import { root, setup } from './setup.mjs';
import { stage, summarize, tell } from './stages.mjs';
import { inTurns, runTestFile, slowest } from './test-files.mjs';
import { watchTests } from './test-watch.mjs';
import { installHost } from './vscode-host.mjs';

/**
 * The tiers, quickest answers first, each with its folder of test/. What belongs into which,
 * CONTRIBUTING.md says.
 */
const tiers = {
  fast: 'unit',
  math: 'ground-truth',
  process: 'integration',
  tensorflow: 'tensorflow',
  python: 'python',
  editor: 'e2e',
};

/** @typedef {keyof typeof tiers} Tier */
/** @typedef {import('./test-files.mjs').TestFile & { tier: Tier, size: number }} TieredFile */

const names = /** @type {Tier[]} */ (Object.keys(tiers));

const { values, positionals } = parseArgs({
  options: {
    tier: { type: 'string', multiple: true },
    watch: { type: 'boolean', default: false },
    'no-setup': { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [filter] = positionals;
const unknown = values.tier?.find((tier) => !(tier in tiers));
if (unknown !== undefined) {
  console.error(`--tier takes one of ${names.join(', ')}, not '${unknown}'.`);
  process.exit(2);
}
const chosen = values.tier ?? (values.watch ? ['fast'] : names);
const wanted = names.filter((tier) => chosen.includes(tier));

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

/** @param {string[]} args */
async function build(...args) {
  const { ok, output } = await run(process.execPath, ['scripts/build.mjs', ...args], { cwd: root });
  if (!ok) throw new Error(output);
  return undefined;
}

/**
 * The built test files of a tier, the longest first: they take longest, and one that is begun last is
 * waited for.
 * @param {Tier} tier
 * @returns {Promise<TieredFile[]>}
 */
async function filesOf(tier) {
  const built = path.join(root, 'dist/test');
  const entries = await readdir(path.join(built, tiers[tier]), { recursive: true }).catch(
    (error) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const files = entries
    .filter((name) => name.endsWith('.test.mjs'))
    .map(async (entry) => {
      const file = path.join(built, tiers[tier], entry);
      const name = path.relative(built, file).replace(/\.test\.mjs$/, '');
      return { tier, file, name, size: (await stat(file)).size };
    });
  return (await Promise.all(files)).sort((a, b) => b.size - a.size);
}

/** The files to run: those whose names contain the filter, or all and a pattern for tests' names. */
async function chooseFiles() {
  const all = (await Promise.all(wanted.map(filesOf))).flat();
  const byFile = all.filter(({ file }) => path.basename(file).includes(filter ?? ''));
  return byFile.length > 0 || filter === undefined
    ? { files: byFile, namePattern: undefined }
    : { files: all, namePattern: filter };
}

/** @type {import('./test-files.mjs').SlowTest[]} */
const timed = [];

/**
 * Runs test files of some tiers, and tells of a tier when its last file has ended.
 * @param {readonly TieredFile[]} files
 * @param {number} atOnce
 * @param {object} options
 * @param {string | undefined} options.namePattern
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {(tier: Tier) => Promise<unknown>} [options.ready] when the files of a tier may begin
 */
async function runTiers(files, atOnce, { ready, ...options }) {
  /** @type {Map<Tier, number>} */
  const began = new Map();
  /** @type {Map<Tier, import('./test-files.mjs').FileOutcome[]>} */
  const done = new Map();
  await inTurns(files, atOnce, async (file) => {
    await ready?.(file.tier);
    if (!began.has(file.tier)) began.set(file.tier, performance.now());
    const outcome = await runTestFile(file, options);
    timed.push(...outcome.tests);
    if (outcome.failed > 0) tell(file.name, outcome.output);
    const outcomes = [...(done.get(file.tier) ?? []), outcome];
    done.set(file.tier, outcomes);
    if (outcomes.length < files.filter(({ tier }) => tier === file.tier).length) return;
    /** @param {'passed' | 'failed' | 'skipped'} kind */
    const sum = (kind) => outcomes.reduce((total, each) => total + each[kind], 0);
    const note = outcomes.flatMap(({ notes }) => notes).join('\n');
    const verdict = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped'), note };
    results.push(await stage(file.tier, async () => verdict, began.get(file.tier)));
  });
}

async function runAll() {
  if (!values['no-setup'] && !(await need('packages', setup))) return;
  const checked = wanted.includes('fast') && filter === undefined ? check() : Promise.resolve([]);
  if (await need('build', () => build('--tests'))) await runTests();
  results.push(...(await checked));
}

async function runTests() {
  const { files, namePattern } = await chooseFiles();
  const inEditor = files.filter(({ tier }) => tier === 'editor');
  // What needs an install comes last, when that has had the time of all others.
  const others = ['fast', 'math', 'process', 'tensorflow', 'python'].flatMap((tier) =>
    files.filter((file) => file.tier === tier),
  );

  let chromium = process.env['CHROMIUM'];
  let ready = true;
  const editorReady = (async () => {
    // Mostly waiting for the network, so it goes beside the tests that compute.
    if (inEditor.length === 0 || values['no-setup']) return;
    ready = await need('VS Code', installHost);
    ready =
      (await need('Chromium', async () => {
        chromium = await ensureChromium();
        return undefined;
      })) && ready;
  })();
  /**
   * Installs what the tests of a tier need, beside those of others. Where it cannot be had the tests
   * say so, and whether they may be left out.
   * @param {Tier} tier
   * @param {string} name
   * @param {(root: string) => Promise<object>} install
   */
  const provide = async (tier, name, install) => {
    if (values['no-setup'] || files.every((file) => file.tier !== tier)) return;
    await need(name, async () => {
      const found = await install(root);
      return 'missing' in found ? String(found.missing) : undefined;
    });
  };
  /** @type {Partial<Record<Tier, Promise<void>>>} */
  const installs = {
    tensorflow: provide('tensorflow', 'TensorFlow', installRealTensorflow),
    python: provide('python', 'Python readers', installPythonReaders),
  };
  const cores = os.availableParallelism();
  // Tests of processes wait for them half the time.
  await runTiers(others, cores + 1, {
    namePattern,
    ready: async (tier) => await installs[tier],
  });
  await editorReady;
  if (!ready) {
    results.push(
      await stage('editor', async () => {
        throw new Error('Not run: VS Code or Chromium is missing, see above.');
      }),
    );
    return;
  }
  // A window is three busy processes, so more at once gain nothing.
  const windows = Math.max(1, Math.min(4, cores));
  const env = chromium === undefined ? {} : { CHROMIUM: chromium };
  await runTiers(inEditor, windows, { namePattern, env });
}

if (values.watch) {
  if (!values['no-setup']) await setup();
  await build('--tests');
  await watchTests({
    filesOf: async () => (await chooseFiles()).files,
    rebuild: () => build(wanted.some((tier) => tier !== 'fast') ? '--tests' : '--only-tests'),
  });
} else {
  await runAll();
  const allGood = summarize(results, slowest(timed, 10));
  if (!allGood && results.every(({ failed }) => failed === 0)) {
    console.error('No test was run.');
  }
  process.exitCode = allGood ? 0 : 1;
}
