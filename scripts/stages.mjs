/** Stages of a script's work: each is named, timed and told in one line. */
import { styleText } from 'node:util';

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} seconds
 * @property {string} [note] what is worth a glance though all is well
 */

/**
 * @typedef {object} Verdict
 * @property {number} passed
 * @property {number} failed
 * @property {number} [skipped]
 * @property {string} [output] what it wrote, shown where something failed
 * @property {string} [note]
 */

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** @param {number} failed */
function mark(failed) {
  return failed === 0 ? styleText('green', '✓') : styleText('red', '✗');
}

/**
 * Prints what something wrote, under its name.
 * @param {string} name
 * @param {string} output
 */
export function tell(name, output) {
  console.log(`\n${'─'.repeat(20)} ${name}\n${output.trimEnd()}\n`);
}

/**
 * Does a piece of work and tells in a line how it went; where it failed, with all its output.
 * A thrown error is one failure.
 * @param {string} name
 * @param {() => Promise<Verdict>} work
 * @param {number} [began] when it began, on the clock of `performance.now()`; now where absent
 * @returns {Promise<Result>}
 */
export async function stage(name, work, began = performance.now()) {
  /** @type {Verdict} */
  let verdict;
  try {
    verdict = await work();
  } catch (error) {
    const output = error instanceof Error ? (error.stack ?? error.message) : String(error);
    verdict = { passed: 0, failed: 1, output };
  }
  const { passed, failed, skipped = 0, output, note } = verdict;
  const took = performance.now() - began;
  if (failed > 0 && output !== undefined) tell(name, output);
  console.log(`${mark(failed)} ${name} (${seconds(took)})`);
  return { name, passed, failed, skipped, seconds: took / 1000, ...(note ? { note } : {}) };
}

/**
 * Prints the results as a table, and then the one line that counts them.
 * @param {readonly Result[]} results
 * @param {readonly string[]} [slowest] lines that name what took longest
 */
export function summarize(results, slowest = []) {
  const width = Math.max(...results.map(({ name }) => name.length));
  console.log();
  for (const { name, passed, failed, skipped, seconds, note } of results) {
    const counts = [
      passed > 0 ? `${passed} passed` : '',
      failed > 0 ? `${failed} failed` : '',
      skipped > 0 ? `${skipped} skipped` : '',
    ].filter((part) => part !== '');
    const time = `${seconds.toFixed(1)} s`.padStart(8);
    console.log(`${mark(failed)} ${name.padEnd(width)} ${time}  ${counts.join(', ')}`);
    for (const line of note?.split('\n') ?? []) console.log(`    ${line}`);
  }
  if (slowest.length > 0) console.log(['', 'Slowest tests:', ...slowest].join('\n'));
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
