/** What `npm run bench -- --record` keeps: which figures, of which code, on which machine, how busy. */
import os from 'node:os';

/**
 * @typedef {object} Row
 * @property {string} name table, row and column
 * @property {string} unit
 * @property {number} median
 * @property {readonly [number, number]} [spread] the smallest and the largest of several
 */

/**
 * @typedef {object} Machine
 * @property {string} system operating system and architecture
 * @property {string} processor
 * @property {number} cores
 * @property {number} memoryGiB
 */

/**
 * @typedef {object} Record
 * @property {string} date when it began, ISO 8601
 * @property {string} commit
 * @property {boolean} isCommitted whether nothing differed from the commit
 * @property {string} node
 * @property {Machine} machine
 * @property {{ load: number, busyShare: number }} before the load average and the share of processor
 *   time that others took, just before
 * @property {{ [bench: string]: readonly Row[] }} benches
 */

/** @returns {Machine} */
export function thisMachine() {
  return {
    system: `${process.platform} ${process.arch}`,
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  };
}

/**
 * The share of processor time that was not idle between two looks at the processors.
 * @param {readonly Pick<os.CpuInfo, 'times'>[]} before
 * @param {readonly Pick<os.CpuInfo, 'times'>[]} after
 */
export function busyShare(before, after) {
  const total = (/** @type {readonly Pick<os.CpuInfo, 'times'>[]} */ cpus) =>
    cpus.flatMap(({ times }) => Object.values(times)).reduce((sum, time) => sum + time, 0);
  const idle = (/** @type {readonly Pick<os.CpuInfo, 'times'>[]} */ cpus) =>
    cpus.reduce((sum, { times }) => sum + times.idle, 0);
  const passed = total(after) - total(before);
  return passed > 0 ? 1 - (idle(after) - idle(before)) / passed : 0;
}

/** More than this share of the processors would be seen in the figures. */
const mostBusy = 0.1;

/**
 * What to say before measuring where the machine has other work; nothing where it is quiet.
 * @param {{ load: number, busyShare: number }} before
 * @param {number} cores
 */
export function busyWarning({ load, busyShare }, cores) {
  if (busyShare <= mostBusy && load <= mostBusy * cores + 0.5) return undefined;
  return (
    `Warning: this machine is busy (${(100 * busyShare).toFixed(0)} % of ${cores} cores just now, load ` +
    `average ${load.toFixed(1)}). Ratios are taken in turns and suffer little; times do not tell much.`
  );
}

/**
 * The name of a record's file: sorted by time, and no two alike.
 * @param {Record} record
 */
export function recordFile({ date, commit }) {
  return `${date.slice(0, 19).replaceAll(':', '-')}-${commit.slice(0, 9)}.json`;
}

/**
 * What is wrong with a record; nothing where it is whole.
 * @param {unknown} value
 * @returns {string[]}
 */
export function recordFaults(value) {
  /** @type {string[]} */
  const faults = [];
  const record = /** @type {Partial<Record>} */ (value ?? {});
  const check = (/** @type {boolean} */ fine, /** @type {string} */ what) => {
    if (!fine) faults.push(what);
  };
  const isNumber = (/** @type {unknown} */ number) => Number.isFinite(number);
  check(!Number.isNaN(Date.parse(String(record.date))), 'date is no time');
  check(/^[0-9a-f]{40}$/.test(String(record.commit)), 'commit is no hash');
  check(typeof record.isCommitted === 'boolean', 'isCommitted is not told');
  check(/^v\d+\.\d+\.\d+/.test(String(record.node)), 'node is no version');
  const { machine, before, benches = {} } = record;
  check(Boolean(machine?.system) && Boolean(machine?.processor), 'machine has no name');
  check(isNumber(machine?.cores) && isNumber(machine?.memoryGiB), 'machine has no size');
  check(isNumber(before?.load) && isNumber(before?.busyShare), 'how busy it was is not told');
  check(Object.keys(benches).length > 0, 'there is no bench');
  for (const [bench, rows] of Object.entries(benches)) {
    check(rows.length > 0, `${bench} has no row`);
    for (const { name, unit, median, spread } of rows) {
      const where = `${bench}, ${name}`;
      check(Boolean(name) && Boolean(unit), `${where}: it has no name or no unit`);
      check(isNumber(median), `${where}: median is no number`);
      if (spread === undefined) continue;
      const [lowest, highest] = spread;
      check(lowest <= median && median <= highest, `${where}: median is not within its spread`);
    }
    const names = rows.map(({ name }) => name);
    check(new Set(names).size === names.length, `${bench} has two rows of one name`);
  }
  return faults;
}
