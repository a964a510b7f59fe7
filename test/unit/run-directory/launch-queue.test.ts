import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkedCount } from '../../../extension/launching/checked-count';
import { type RunOptions, runOptionsSchema } from '../../../protocol/launch-task';
import { LaunchQueue } from '../../../run-directory/launch-queue';
import { fc } from '../../support/fast-check';
import { temporaryFolder } from '../../support/temporary';

const request = { experiment: 'a/moons.ebm.ts', overrides: { 'optimizer.learningRate': 0.1 } };

/** Written before a launch was one task. */
const earlier = 'test/fixtures/queue-0.1.0';

/** Keeps a source that is one line. */
const keep = async (folder: string) => {
  await mkdir(path.join(folder, 'source'));
  await writeFile(path.join(folder, 'source/moons.ebm.ts'), 'as it was');
  return 'source/moons.ebm.ts';
};

/** Queues of two processes, 11 and 22, on one folder. */
async function twoQueues(t: TestContext, living = new Set([11, 22])) {
  const base = path.join(await temporaryFolder(t), '.ebm');
  const isAlive = async (pid: number) => living.has(pid);
  const [a, b] = [new LaunchQueue(base, 11, isAlive), new LaunchQueue(base, 22, isAlive)];
  return { base, a, b, living, runs: path.join(base, 'runs'), folder: path.join(base, 'queue') };
}

const ids = async (queue: LaunchQueue) => (await queue.list()).entries.map(({ id }) => id);

test('launches wait in the order they came, also within one millisecond', async (t) => {
  const { a, b } = await twoQueues(t);
  const now = new Date(1_700_000_000_000);
  const added: string[] = [];
  for (const queue of [a, b, a, b]) added.push((await queue.add(request, keep, now)).id);
  assert.deepEqual(await ids(a), added);
  const [first] = (await b.list()).entries;
  assert.equal(first?.experiment, request.experiment);
  assert.deepEqual(first?.overrides, request.overrides);
  const copy = path.join(b.folderOf(first!.id), first!.source!);
  assert.equal(await readFile(copy, 'utf8'), 'as it was');
});

test('one moves to the front, one is removed with its source', async (t) => {
  const { a, folder } = await twoQueues(t);
  const entries = [
    await a.add(request, keep),
    await a.add(request, keep),
    await a.add(request, keep),
  ];
  const [first, second, third] = entries as [
    (typeof entries)[0],
    (typeof entries)[0],
    (typeof entries)[0],
  ];
  assert.ok(await a.moveToFront(third));
  assert.deepEqual(await ids(a), [third.id, first.id, second.id]);
  assert.ok(await a.remove(first));
  assert.ok(!(await a.remove(first)));
  assert.ok(!(await a.moveToFront(first)));
  assert.deepEqual(await ids(a), [third.id, second.id]);
  assert.ok(!(await readdir(folder)).some((name) => name.includes(first.id)));
});

test('a source that cannot be kept leaves nothing', async (t) => {
  const { a, folder } = await twoQueues(t);
  await assert.rejects(
    a.add(request, () => Promise.reject(new Error('a syntax error'))),
    /a syntax error/,
  );
  assert.deepEqual(await readdir(folder), []);
});

test('of two processes that claim every entry at once, each entry has one owner', async (t) => {
  const { a, b } = await twoQueues(t);
  for (let k = 0; k < 20; k++) await a.add({ ...request, exactly: 'run' }, undefined);
  const { entries } = await a.list();
  const claims = await Promise.all(
    entries.map(async (entry) => await Promise.all([a.claim(entry), b.claim(entry)])),
  );
  for (const owners of claims) assert.equal(owners.filter((one) => one !== undefined).length, 1);
  assert.deepEqual(
    (await b.list()).entries.filter(({ owner }) => owner === undefined),
    [],
  );
});

test('what a process claimed that is gone waits again, and that of a living one does not', async (t) => {
  const { a, b, runs, living } = await twoQueues(t);
  const entry = await a.add(request, keep);
  await a.claim(entry);
  await b.tidy(runs);
  assert.equal((await b.list()).entries[0]?.owner, 11);
  // Nor does the owner itself take it for an old one.
  await a.tidy(runs);
  assert.equal((await a.list()).entries[0]?.owner, 11);
  living.delete(11);
  await b.tidy(runs);
  assert.deepEqual((await b.list()).entries, [entry]);
});

test('a later process of the same number takes its predecessor’s claims back', async (t) => {
  const { a, base, runs } = await twoQueues(t);
  await a.claim(await a.add(request, keep));
  const later = new LaunchQueue(base, 11, async () => true);
  await later.tidy(runs);
  assert.equal((await later.list()).entries[0]?.owner, undefined);
});

test('a launch whose run had begun when its window died is not made twice', async (t) => {
  const { a, b, runs, living, folder } = await twoQueues(t);
  const entry = await a.add(request, keep);
  await a.claim(entry);
  await mkdir(path.join(runs, entry.directoryName), { recursive: true });
  await writeFile(path.join(runs, entry.directoryName, 'run.json'), '{}');
  living.delete(11);
  await b.tidy(runs);
  assert.deepEqual(await readdir(folder), []);
});

const stem = '000000000000005-abcdefghjk';
const directoryName = '20260101-000000-moons-abcdefghjk';
const sound = {
  formatVersion: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  ...{ ...request, directoryName, source: 'source/moons.ebm.ts' },
};

test('a launch that an earlier version queued is launched as it meant it', async (t) => {
  const { a, folder } = await twoQueues(t);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(earlier)) {
    await copyFile(path.join(earlier, name), path.join(folder, name));
  }
  const { entries, broken } = await a.list();
  assert.deepEqual(broken, []);
  assert.deepEqual(entries, [
    {
      createdAt: '2026-11-29T18:41:00.000Z',
      ...{ id: 'vebencccj2', order: 1_795_977_660_000 },
      directoryName: '20261129-184100-two-moons-vebencccj2',
      experiment: 'examples/two-moons.ebm.ts',
      overrides: { 'optimizer.learningRate': 0.0003, seed: 7 },
      parent: 'hqtn8v2yb4',
      source: 'source/examples/two-moons.ebm.ts',
    },
    {
      createdAt: '2026-11-29T18:41:01.000Z',
      ...{ id: 'veevhbby77', order: 1_795_977_661_000 },
      directoryName: '20261129-184101-two-moons-veevhbby77',
      experiment: 'two-moons.ebm.ts',
      overrides: {},
      exactly: '20261128-101500-two-moons-hqtn8v2yb4',
    },
  ]);
});

test('what a task tells of its run is kept in the queue, all of it', async (t) => {
  const { a, b } = await twoQueues(t);
  const told: RunOptions = {
    overrides: { steps: 3 },
    ...{ backend: 'wasm', parent: 'abcdefghjk' },
    group: { id: 'abcdefghjk', name: 'seeds', index: 1, of: 3, metric: 'loss', goal: 'minimize' },
  };
  assert.deepEqual(
    Object.keys(told),
    Object.keys(runOptionsSchema.shape),
    'an option is not tried',
  );
  await a.add({ experiment: 'moons.ebm.ts', ...told }, keep);
  const [entry] = (await b.list()).entries;
  assert.deepEqual(runOptionsSchema.parse(entry), told);
});

test('entries that point elsewhere are set aside with the reason, and the others go on', async (t) => {
  const { a, folder, runs } = await twoQueues(t);
  const good = await a.add(request, keep);
  const bad: [object | string, RegExp][] = [
    ['{"formatVersion"', /not JSON/],
    [{ ...sound, formatVersion: 2 }, /formatVersion/],
    [{ ...sound, source: 'source/../../../secret.ts' }, /'source' is wrong/],
    [{ ...sound, source: '/etc/passwd' }, /'source' is wrong/],
    [{ ...sound, experiment: '../elsewhere.ebm.ts' }, /'experiment' is wrong/],
    [{ ...sound, experiment: '/elsewhere.ebm.ts' }, /'experiment' is wrong/],
    [{ ...sound, directoryName: '../abcdefghjk' }, /'directoryName' is wrong/],
    [{ ...sound, directoryName: '20260101-000000-moons-zzzzzzzzzz' }, /not that of the run/],
    [{ ...sound, exactly: 'some-run' }, /one of 'source' and 'exactly'/],
  ];
  for (const [content, why] of bad) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(path.join(folder, `${stem}.json`), text);
    const aside = await a.tidy(runs);
    assert.equal(aside.length, 1, text);
    assert.match(aside[0]!.problem.message, why);
    assert.ok((await readdir(folder)).includes(`${stem}.json.broken`));
    assert.deepEqual(await a.list(), { entries: [good], broken: [] });
  }
  await symlink('/etc/passwd', path.join(folder, `${stem}.json`));
  assert.match((await a.tidy(runs))[0]!.problem.message, /symbolic link/);
  await mkdir(path.join(folder, `${stem}.json`));
  assert.match((await a.tidy(runs))[0]!.problem.message, /instead of a file/);
});

test('whatever a file of the queue holds, it is an entry inside the folder or has a reason', async (t) => {
  const { a, folder } = await twoQueues(t);
  await mkdir(folder, { recursive: true });
  const odd = fc.record(
    Object.fromEntries(
      Object.entries(sound).map(([key, value]) => [
        key,
        fc.oneof(fc.constant(value), fc.jsonValue(), fc.string()),
      ]),
    ),
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    odd.map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      await writeFile(path.join(folder, `${stem}.json`), content);
      const { entries, broken } = await a.list();
      assert.equal(entries.length + broken.length, 1);
      for (const { id, source = '', experiment } of entries) {
        const copy = path.resolve(a.folderOf(id), source);
        assert.ok(copy.startsWith(path.join(a.folderOf(id), 'source') + path.sep), copy);
        assert.ok(path.resolve('/w', experiment).startsWith('/w'), experiment);
      }
    }),
    { numRuns: 300 },
  );
});

test('a limit is a whole number of at least 1', () => {
  assert.equal(checkedCount('ebm.maxConcurrentRuns', 3), 3);
  for (const bad of [0, -1, 1.5, '2', undefined, Number.NaN]) {
    assert.throws(() => checkedCount('ebm.maxConcurrentRuns', bad), /ebm\.maxConcurrentRuns/);
  }
});

test('a claim of another host stands, whatever its process number is here, until it is old by our clock', async (t) => {
  const { base, a, runs } = await twoQueues(t, new Set());
  await a.add({ ...request, exactly: 'run' }, undefined);
  let now = 0;
  const other = new LaunchQueue(
    base,
    11,
    async () => false,
    'f'.repeat(12),
    () => now,
  );
  const [entry] = (await other.list()).entries;
  assert.ok(await a.claim(entry!));
  const [claimed] = (await other.list()).entries;
  assert.ok(a.isMine(claimed!) && !other.isMine(claimed!));
  const owners = async () => (await other.list()).entries.map(({ owner }) => owner);
  for (now of [0, 1_000, 599_000]) {
    await other.tidy(runs);
    assert.deepEqual(await owners(), [11]);
  }
  now = 601_000;
  await other.tidy(runs);
  assert.deepEqual(await owners(), [undefined]);
});
