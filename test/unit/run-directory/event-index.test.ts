/** The index of a long run's curves: what it shows, and when it is not believed. */
import assert from 'node:assert/strict';
import { readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { CurveOverview } from '../../../run-directory/curve-overview';
import { EventWriter, readScalars } from '../../../run-directory/event-file';
import { EventIndex, readEventIndex } from '../../../run-directory/event-index';
import { fc } from '../../support/fast-check';
import { temporaryFolder } from '../../support/temporary';

const indexName = 'events.index.json';

/** A run directory with an event file long enough to have an index. */
async function longRun(t: TestContext, steps = 40_000, factor = 1) {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory, new Date(1_700_000_000_000));
  for (let step = 1; step <= steps; step++) {
    writer.append(step, 0, { loss: factor * ((step * 7919) % 1009), flat: 1 });
  }
  await writer.close();
  const name = (await readdir(directory)).find((entry) => entry.includes('tfevents')) ?? '';
  return { directory, file: path.join(directory, name), index: path.join(directory, indexName) };
}

async function remade(directory: string): Promise<EventIndex> {
  const index = new EventIndex();
  for await (const chunk of readScalars(directory)) index.take(chunk);
  return index;
}

describe('the overview of a curve', () => {
  test('is bounded, has every extreme, the first and the last point, and only points', () => {
    const value = fc.oneof(
      fc.float({ noDefaultInfinity: true, noNaN: true }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 400 }),
        fc.nat(1_000),
        (some, times, cutAt) => {
          const values = Array.from({ length: some.length * times }, (_, k) =>
            k % some.length === 0 ? k : some[k % some.length]!,
          );
          const overview = new CurveOverview();
          for (const [step, y] of values.entries()) overview.add(step, y);
          // Kept and read again it goes on as before.
          const again = CurveOverview.from(JSON.parse(JSON.stringify(overview)));
          const from = Math.min(cutAt, values.length);
          for (const one of [overview, again]) {
            one.cut(from);
            for (let step = from; step < values.length; step++) one.add(step, values[step]!);
          }
          const { steps, values: shown } = overview.points();
          assert.deepEqual(again.points().steps, steps);
          assert.ok(steps.length <= 4_098 && steps.length === shown.length);
          assert.equal(steps[0], 0);
          assert.equal(steps.at(-1), values.length - 1);
          for (const [k, step] of steps.entries()) {
            if (k > 0) assert.ok(step > steps[k - 1]!);
            if (Number.isFinite(shown[k]!)) assert.equal(shown[k], Math.fround(values[step]!));
          }
          if (from < values.length) return;
          const finite = values.map(Math.fround).filter(Number.isFinite);
          const seen = [...shown].filter(Number.isFinite);
          const low = (list: number[]) => list.reduce((a, b) => Math.min(a, b), Infinity);
          const high = (list: number[]) => list.reduce((a, b) => Math.max(a, b), -Infinity);
          assert.ok(low(seen) === low(finite) && high(seen) === high(finite));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('leaves out what repeats a step, and begins anew when all is cut', () => {
    const overview = new CurveOverview();
    for (const [step, value] of [
      [1, 5],
      [1, 9],
      [0, 9],
      [2, 6],
    ] as const) {
      overview.add(step, value);
    }
    assert.deepEqual([...overview.points().values], [5, 6]);
    overview.cut(0);
    assert.equal(overview.points().steps.length, 0);
    overview.add(1, 7);
    assert.deepEqual([...overview.points().values], [7]);
  });
});

describe('the index of an event file', () => {
  test('is what reading the file gives, also after the run went on', async (t) => {
    const { directory, file } = await longRun(t);
    const { length: size } = await readFile(file);
    const first = await readEventIndex(directory);
    assert.equal(first?.bytes, size);
    assert.deepEqual(first.series(), (await remade(directory)).series());
    const writer = await EventWriter.open(directory);
    assert.equal(writer.lastStep, 40_000);
    for (let step = 40_001; step <= 90_000; step++) writer.append(step, 0, { loss: -step, new: 2 });
    await writer.close();
    const second = await readEventIndex(directory);
    assert.deepEqual(second?.series(), (await remade(directory)).series());
    assert.ok(second?.series()['loss']?.values.includes(-90_000));
  });

  test('of a short run is not made', async (t) => {
    const { directory } = await longRun(t, 100);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name === indexName),
      [],
    );
  });

  test('that is older than its file stands for its beginning', async (t) => {
    const { directory, file, index } = await longRun(t);
    const old = await readFile(index);
    const writer = await EventWriter.open(directory);
    writer.append(40_001, 0, { loss: 1e6 });
    await writer.close();
    await writeFile(index, old);
    const found = await readEventIndex(directory);
    assert.ok(found && found.bytes < (await readFile(file)).length);
    // Whoever writes on reads the rest first.
    const again = await EventWriter.open(directory);
    assert.equal(again.lastStep, 40_001);
    await again.close();
  });

  test('of another file, or of more than there is, counts for nothing', async (t) => {
    const { directory, file, index } = await longRun(t);
    const other = await longRun(t, 40_000, 2);
    const good = await readFile(index);
    await writeFile(index, await readFile(other.index));
    assert.equal(await readEventIndex(directory), undefined);
    await writeFile(index, good);
    assert.ok(await readEventIndex(directory));
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, whole.length - 1));
    assert.equal(await readEventIndex(directory), undefined);
    await writeFile(file, whole);
    await rename(file, `${file}.later`);
    assert.equal(await readEventIndex(directory), undefined);
    await rename(`${file}.later`, file);
    await writeFile(`${file}.2`, '');
    assert.equal(await readEventIndex(directory), undefined);
  });

  test('cut or changed anywhere counts for nothing, and is made anew when the run goes on', async (t) => {
    const { directory, index } = await longRun(t);
    const whole = await readFile(index);
    const expected = (await readEventIndex(directory))?.series();
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        await writeFile(index, whole.subarray(0, length));
        assert.equal(await readEventIndex(directory), undefined);
      }),
      { numRuns: 60 },
    );
    for (const text of ['', '{}', '[]', 'null', '{"formatVersion":2,"files":[],"curves":{}}']) {
      await writeFile(index, text);
      assert.equal(await readEventIndex(directory), undefined);
    }
    const writer = await EventWriter.open(directory);
    assert.equal(writer.lastStep, 40_000);
    writer.append(40_001, 0, { other: 1 });
    await writer.close();
    const { other: _, ...rest } = (await readEventIndex(directory))?.series() ?? {};
    assert.deepEqual(rest, expected);
  });

  test('behind a link is neither read nor written through', async (t) => {
    const { directory, index } = await longRun(t);
    const outside = path.join(await temporaryFolder(t), 'victim');
    await rename(index, outside);
    const before = await readFile(outside);
    await symlink(outside, index);
    assert.equal(await readEventIndex(directory), undefined);
    const writer = await EventWriter.open(directory);
    writer.append(40_001, 0, { loss: 1 });
    await writer.close();
    assert.deepEqual(await readFile(outside), before);
  });
});
