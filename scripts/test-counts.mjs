/**
 * A reporter for `node --test` that writes one line of JSON when all is over: how many tests
 * passed, failed and were skipped, and what they noted with `t.diagnostic`.
 */
import path from 'node:path';

/** Node's own closing diagnostics: `tests 12`, `duration_ms 34.5`, … */
const closing = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} events */
export default async function* testCounts(events) {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes = [];
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && !closing.test(data.message)) notes.push(data.message);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A suite is counted by its tests, unless it fails for a reason of its own (a broken hook).
    if (type === 'test:fail') failed += failedInside(data.details) ? 0 : 1;
    else if (data.details.type === 'suite') continue;
    else if (data.skip !== undefined) skipped += 1;
    // A file that ran no test is reported as a test named by its path. That is not a pass.
    else if (data.file !== undefined && isFile(data)) failed += 1;
    else passed += 1;
  }
  yield `${JSON.stringify({ passed, failed, skipped, notes })}\n`;
}

/** @param {{ error?: Error & { failureType?: string } }} details */
function failedInside({ error }) {
  return error?.failureType === 'subtestsFailed';
}

/** @param {{ name: string, file?: string }} test */
function isFile({ name, file }) {
  return file !== undefined && path.resolve(name) === file;
}
