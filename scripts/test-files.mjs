/** Built test files, run several at a time, each in a process of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.mjs';
import { root } from './setup.mjs';

/** A file that hangs ends after this long; the slowest takes two minutes on a machine that is busy. */
const limitMs = 20 * 60_000;

/**
 * @typedef {object} TestFile
 * @property {string} file the built file
 * @property {string} name how it is called: `unit/npy`
 */

/**
 * @typedef {object} SlowTest
 * @property {string} name
 * @property {string} file
 * @property {number} milliseconds
 */

/**
 * @typedef {object} FileOutcome
 * @property {TestFile} file
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} notes what its tests noted with `t.diagnostic`
 * @property {SlowTest[]} tests those that are not made of others
 * @property {string} output what it wrote
 */

/**
 * Runs one test file.
 * @param {TestFile} testFile
 * @param {{ namePattern?: string | undefined, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<FileOutcome>}
 */
export async function runTestFile(testFile, { namePattern, env = {} }) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ebm-test-record-'));
  try {
    const recordFile = path.join(folder, 'record.jsonl');
    const { ok, output } = await run(
      process.execPath,
      [
        '--enable-source-maps',
        ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
        `--test-reporter=${path.join(root, 'scripts/test-record.mjs')}`,
        `--test-reporter-destination=${recordFile}`,
        ...(namePattern === undefined ? [] : [`--test-name-pattern=${namePattern}`]),
        testFile.file,
      ],
      { cwd: root, env: { ...process.env, ...env }, timeoutMs: limitMs },
    );
    const lines = (await readFile(recordFile, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    /** @type {import('./test-record.mjs').TestRecord[]} */
    const records = lines.map((text) => JSON.parse(text));
    return outcomeOf(testFile, records, { ok, output, mayBeEmpty: namePattern !== undefined });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {TestFile} file
 * @param {readonly import('./test-record.mjs').TestRecord[]} records
 * @param {{ ok: boolean, output: string, mayBeEmpty: boolean }} ending
 * @returns {FileOutcome}
 */
export function outcomeOf(file, records, { ok, output, mayBeEmpty }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const notes = [];
  const tests = [];
  for (const record of records) {
    if ('note' in record) {
      notes.push(record.note);
      continue;
    }
    const { outcome, name, milliseconds, hasParts } = record;
    counts[outcome] += 1;
    if (!hasParts) tests.push({ name, milliseconds, file: file.name });
  }
  // It broke outside of its tests, or ended before it came to them.
  const isEmpty = counts.passed + counts.failed + counts.skipped === 0;
  if (counts.failed === 0 && (!ok || (isEmpty && !mayBeEmpty))) counts.failed = 1;
  return { file, ...counts, notes, tests, output };
}

/**
 * Does work on all items, `atOnce` of them at a time, begun in their order.
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} atOnce
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
export async function inTurns(items, atOnce, work) {
  /** @type {R[]} */
  const results = [];
  const waiting = [...items.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, item] = next;
      results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/**
 * The slowest tests, the slowest first, a line each.
 * @param {readonly SlowTest[]} tests
 * @param {number} count
 */
export function slowest(tests, count) {
  return [...tests]
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, count)
    .map(
      ({ name, file, milliseconds }) =>
        `${(milliseconds / 1000).toFixed(1).padStart(6)} s  ${file}: ${name}`,
    );
}
