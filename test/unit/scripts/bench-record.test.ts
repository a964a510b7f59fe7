import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { measure, recordedRows } from '../../../bench/table';
import {
  busyShare,
  busyWarning,
  recordFaults,
  recordFile,
  thisMachine,
} from '../../../scripts/bench-record.mjs';

const rows = recordedRows([
  {
    title: 'Steps',
    head: ['step', 'a step', 'slower by'],
    rows: [
      { name: 'small', measures: [measure('ms', [3, 1, 2]), measure('ratio', 1.5)] },
      { name: 'large', measures: [measure('ms', [7]), undefined] },
    ],
  },
]);

const record = {
  date: '2026-11-29T10:11:12.345Z',
  commit: '0123456789'.repeat(4),
  isCommitted: true,
  node: process.version,
  machine: thisMachine(),
  before: { load: 0.2, busyShare: 0.01 },
  benches: { step: rows },
};

test('the rows of a bench are its measures, with median and spread', () => {
  assert.deepEqual(rows, [
    { name: 'Steps: small: a step', unit: 'ms', median: 2, spread: [1, 3] },
    { name: 'Steps: small: slower by', unit: 'ratio', median: 1.5 },
    { name: 'Steps: large: a step', unit: 'ms', median: 7 },
  ]);
});

describe('a record', () => {
  test('of this machine is whole, and named by time and commit', () => {
    assert.deepEqual(recordFaults(record), []);
    assert.equal(recordFile(record), '2026-11-29T10-11-12-012345678.json');
  });

  test('that lacks something says what', () => {
    const [row] = rows;
    const cases: [unknown, string][] = [
      [{ ...record, date: 'yesterday' }, 'date is no time'],
      [{ ...record, commit: 'main' }, 'commit is no hash'],
      [{ ...record, isCommitted: undefined }, 'isCommitted is not told'],
      [{ ...record, node: '20' }, 'node is no version'],
      [{ ...record, machine: { ...record.machine, cores: undefined } }, 'machine has no size'],
      [{ ...record, machine: { ...record.machine, processor: '' } }, 'machine has no name'],
      [{ ...record, before: { load: 1 } }, 'how busy it was is not told'],
      [{ ...record, benches: {} }, 'there is no bench'],
      [{ ...record, benches: { step: [] } }, 'step has no row'],
      [{ ...record, benches: { step: [row, row] } }, 'step has two rows of one name'],
      [
        { ...record, benches: { step: [{ ...row, median: null }] } },
        'step, Steps: small: a step: median is no number',
      ],
      [
        { ...record, benches: { step: [{ ...row, spread: [3, 4] }] } },
        'step, Steps: small: a step: median is not within its spread',
      ],
      [
        { ...record, benches: { step: [{ ...row, unit: '' }] } },
        'step, Steps: small: a step: it has no name or no unit',
      ],
    ];
    for (const [value, fault] of cases) assert.ok(recordFaults(value).includes(fault), fault);
    assert.ok(recordFaults(undefined).length > 5);
  });

  test('in bench/history is whole, every one', async () => {
    const names = (await readdir('bench/history')).filter((name) => name.endsWith('.json'));
    for (const name of names) {
      const kept = JSON.parse(await readFile(path.join('bench/history', name), 'utf8'));
      assert.deepEqual(recordFaults(kept), [], name);
      assert.equal(recordFile(kept), name);
    }
  });
});

test('a busy machine is warned of, a quiet one is not', () => {
  const times = (user: number, idle: number) => [
    { times: { user, nice: 0, sys: 0, idle, irq: 0 } },
    { times: { user: 0, nice: 0, sys: 0, idle, irq: 0 } },
  ];
  assert.equal(busyShare(times(0, 0), times(100, 150)), 0.25);
  assert.equal(busyShare(times(0, 0), times(0, 0)), 0);
  assert.equal(busyWarning({ load: 0.3, busyShare: 0.02 }, 2), undefined);
  assert.match(String(busyWarning({ load: 0.3, busyShare: 0.5 }, 2)), /busy \(50 % of 2 cores/);
  assert.match(String(busyWarning({ load: 3, busyShare: 0.02 }, 2)), /load average 3\.0/);
});
