import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LookingTime } from '../../../../trainer-worker/trainer/training/looking-time';

/** A preview a second, after so many seconds of training: its parts in seconds. */
function looking(training: number, parts: Readonly<Record<string, number>>) {
  let now = 0;
  const time = new LookingTime(() => now);
  const look = () =>
    time.around(async () => {
      for (const [name, seconds] of Object.entries(parts)) {
        await time.part(name, async () => {
          now += seconds;
        });
      }
    });
  return {
    time,
    async previews(count: number) {
      for (let done = 0; done < count; done++) {
        now += training;
        await look();
      }
    },
  };
}

test('says once in the end that previews took more than a quarter of the time, and which parts', async () => {
  const { time, previews } = looking(1.4, { chains: 0.5, likelihood: 0.1, landscape: 1e-5 });
  await previews(11);
  // 10 previews count: 6 s of 20 s.
  assert.equal(time.warning(false), undefined);
  assert.equal(
    time.warning(true),
    'Previews took 30 % of the time: chains 25 %, likelihood 5 %. Leave preview.every out, and they come as time allows, which is a tenth of it; or make it larger, or what they show and measure less.',
  );
  assert.equal(time.warning(true), undefined);
});

test('or after the first half minute where it is clearly more', async () => {
  const { time, previews } = looking(1, { chains: 1 });
  await previews(15);
  assert.equal(time.warning(false), undefined);
  await previews(2);
  assert.match(time.warning(false) ?? '', /^Previews have taken 50 % of the time: chains 50 %\./);
  assert.equal(time.warning(true), undefined);
});

test('says nothing of a quarter, of seconds that nobody minds, or of the first preview', async () => {
  const quarter = looking(3, { chains: 1 });
  await quarter.previews(100);
  assert.equal(quarter.time.warning(true), undefined);
  const short = looking(0.001, { chains: 0.1 });
  await short.previews(15);
  assert.equal(short.time.warning(true), undefined);
  const first = looking(0, { chains: 100 });
  await first.previews(1);
  assert.equal(first.time.warning(true), undefined);
  assert.deepEqual([first.time.elapsed, first.time.looked, first.time.latest], [0, 0, 100]);
});
