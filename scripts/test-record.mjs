/**
 * A reporter for `node:test` that writes a line of JSON for each thing worth keeping: a test that
 * passed, failed or was skipped, with its time, and what tests note with `t.diagnostic`.
 */

/** Node's own closing diagnostics: `tests 12`, `duration_ms 34.5`, … */
const closing = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * @typedef {{ outcome: 'passed' | 'failed' | 'skipped', name: string, milliseconds: number, hasParts: boolean }
 *   | { note: string }} TestRecord
 */

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} events */
export default async function* testRecord(events) {
  /** How deep the test before lay: a test that comes after a deeper one is made of such. */
  let before = 0;
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && !closing.test(data.message)) {
      yield line({ note: data.message });
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const hasParts = before > data.nesting;
    before = data.nesting;
    const outcome = outcomeOf(type, data);
    if (outcome === undefined) continue;
    const milliseconds = data.details.duration_ms;
    yield line({ outcome, name: data.name, milliseconds, hasParts });
  }
}

/**
 * How a test ended; `undefined` where its parts are what counts.
 * @param {'test:pass' | 'test:fail'} type
 * @param {{ skip?: string | boolean, details: { type?: string | undefined, error?: unknown } }} data
 */
function outcomeOf(type, { skip, details }) {
  if (type === 'test:fail') {
    const error = /** @type {{ failureType?: string } | undefined} */ (details.error);
    return error?.failureType === 'subtestsFailed' ? undefined : 'failed';
  }
  // A suite is counted by its tests, unless it fails for a reason of its own (a broken hook).
  if (details.type === 'suite') return undefined;
  return skip === undefined ? 'passed' : 'skipped';
}

/** @param {TestRecord} record */
function line(record) {
  return `${JSON.stringify(record)}\n`;
}
