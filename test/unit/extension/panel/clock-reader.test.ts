import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockReader } from '../../../../extension/panel/clock-reader';
import { EventWriter } from '../../../../run-directory/event-file';
import { temporaryFolder } from '../../../support/temporary';

const start = 1_700_000_000;

test('a clock tells when steps were recorded, and goes on where it stopped', async (t) => {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory, new Date(1000 * start));
  t.after(() => writer.close());
  const clock = new ClockReader(directory);
  for (const step of [1, 2, 3]) writer.append(step, start + 10 * step, { loss: step });
  await writer.flush();
  const first = await clock.read();
  assert.deepEqual([...first.steps], [1, 2, 3]);
  assert.deepEqual([...first.seconds], [0, 10, 20]);
  // A system's clock that is set back does not make time go back.
  writer.append(4, start + 5, { loss: 0 });
  writer.append(5, start + 60, { loss: 0 });
  await writer.flush();
  const second = await clock.read();
  assert.deepEqual([...second.steps], [1, 2, 3, 4, 5]);
  assert.deepEqual([...second.seconds], [0, 10, 20, 20, 50]);
});

test('a training that went back is told as it went on', async (t) => {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory, new Date(1000 * start));
  t.after(() => writer.close());
  for (const [at, step] of [1, 2, 3, 2, 3].entries()) writer.append(step, start + at, { loss: 0 });
  await writer.flush();
  const { steps, seconds } = await new ClockReader(directory).read();
  assert.deepEqual([...steps], [1, 2, 3]);
  assert.deepEqual([...seconds], [0, 3, 4]);
});

test('a long clock is thinned evenly, and keeps its ends', async (t) => {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory, new Date(1000 * start));
  t.after(() => writer.close());
  for (let step = 1; step <= 1001; step++) writer.append(step, start + step ** 2, { loss: 0 });
  await writer.flush();
  const { steps, seconds } = await new ClockReader(directory, 64).read();
  assert.ok(steps.length >= 32 && steps.length <= 65, String(steps.length));
  assert.deepEqual([steps[0], steps.at(-1)], [1, 1001]);
  const gaps = [...steps].slice(1, -1).map((step, at) => step - steps[at]!);
  assert.ok(Math.max(...gaps) <= 32, String(gaps));
  for (const [at, step] of steps.entries()) assert.equal(seconds[at], step ** 2 - 1);
});
