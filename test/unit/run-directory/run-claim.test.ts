import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBeat, parseClaim } from '../../../run-directory/heartbeat';
import { type Claimant, RunClaim } from '../../../run-directory/run-claim';
import { BeatWatch, type Presence, presenceOf } from '../../../vocabulary/presence';
import {
  ServedFolder,
  SimulatedProcess,
  seeded,
  VirtualTime,
} from '../../support/late-file-system';

const everyMs = 4_000;
const schedules = Number(process.env['EBM_SCHEDULES'] ?? 300);
const mostMinutes = 6;

/** One that trains: from when until when it wrote. */
interface Tenure {
  readonly token: string;
  from: number;
  to: number;
}

/** What happens to a run in one schedule of chances. */
async function schedule(seed: number) {
  const random = seeded(seed);
  const time = new VirtualTime();
  const folder = new ServedFolder(time);
  const tenures: Tenure[] = [];
  const dead: string[] = [];
  const end = mostMinutes * 60_000;

  const train = async (host: string) => {
    const me = new SimulatedProcess(time, random);
    await me.sleep(random() * 60_000);
    const claimant: Claimant = {
      worker: { pid: 7, socket: '/s', host: { name: host } },
      everyMs,
      isAlive: async () => true,
    };
    for (;;) {
      let claim: RunClaim;
      try {
        claim = await RunClaim.take(me.claimPlace(folder), me.clock, claimant);
      } catch {
        // Somebody else trains it: try again later.
        await me.sleep(20_000 + random() * 30_000);
        continue;
      }
      const tenure: Tenure = { token: claim.token, from: Number.NaN, to: Number.NaN };
      tenures.push(tenure);
      let isLost = false;
      void claim.lost.then(() => {
        isLost = true;
      });
      const fate = random();
      const until = time.now + random() * 120_000;
      while (!isLost && time.now < until) {
        await Promise.race([claim.confirm(), claim.lost]);
        if (isLost) break;
        if (Number.isNaN(tenure.from)) tenure.from = time.now;
        tenure.to = time.now;
        // Now and then the machine, or its way to the file, stands still for up to two minutes.
        if (random() < 0.02) me.stillUntil = time.now + random() * 120_000;
        await me.sleep(1_000 + random() * 4_000);
      }
      if (isLost) return;
      if (fate < 0.5) {
        me.isDead = true;
        dead.push(claim.token);
        await me.sleep(0);
      }
      await claim.release();
      await me.sleep(random() * 20_000);
    }
  };
  for (const host of ['a', 'b', 'c']) void train(host);
  await time.run(end);
  return { tenures: tenures.filter(({ from }) => !Number.isNaN(from)), dead };
}

test(`on a bad file system a run is never trained twice (${schedules} schedules)`, async () => {
  let several = 0;
  for (let seed = 1; seed <= schedules; seed++) {
    const { tenures } = await schedule(seed);
    if (tenures.length > 1) several += 1;
    const sorted = tenures.toSorted((a, b) => a.from - b.from);
    for (const [k, next] of sorted.slice(1).entries()) {
      const before = sorted[k]!;
      assert.ok(
        before.to < next.from,
        `schedule ${seed}: ${before.token} wrote until ${before.to}, ${next.token} from ${next.from}`,
      );
    }
  }
  // The claim passes on: it is not safe by never being given.
  assert.ok(several > schedules / 2, `${several} of ${schedules} passed it on`);
});

test(`one that beats is never lost, one that has died always is (${schedules} schedules)`, async () => {
  for (let seed = 1; seed <= schedules; seed++) {
    const random = seeded(seed + 1e6);
    const time = new VirtualTime();
    const folder = new ServedFolder(time);
    const trainer = new SimulatedProcess(time, random);
    const observer = new SimulatedProcess(time, random);
    const host = { name: 'node' };
    const claim = RunClaim.take(trainer.claimPlace(folder), trainer.clock, {
      worker: { pid: 7, socket: '/s', host },
      everyMs,
      isAlive: async () => false,
    });
    const dies = 60_000 + random() * 60_000;
    const seen: { readonly at: number; readonly presence: Presence }[] = [];
    const observe = async () => {
      const place = observer.claimPlace(folder);
      const watch = new BeatWatch();
      for (;;) {
        const claim = parseClaim(await place.read());
        const beat = claim && {
          token: claim.token,
          count: parseBeat(await place.readBeat(claim.token)),
        };
        const silentMs = watch.see(beat, observer.clock.now());
        const here = { name: 'login' };
        const presence = presenceOf({
          there: host,
          here,
          isAlive: false,
          silentMs,
          beatMs: everyMs,
        });
        seen.push({ at: time.now, presence });
        await observer.sleep(2_000);
      }
    };
    void observe();
    await time.run(dies);
    trainer.isDead = true;
    await time.run(dies + 60_000);
    await claim;
    const early = seen.filter(({ at }) => at < dies);
    assert.ok(
      early.every(({ presence }) => presence === 'fresh' || presence === 'late'),
      `schedule ${seed} loses one that beats`,
    );
    assert.equal(seen.at(-1)?.presence, 'lost', `schedule ${seed} misses a death`);
  }
});

test('a claim of this host whose process is gone is taken over at once, others are waited for', async () => {
  for (const [host, isAlive, most] of [
    ['login', false, 5_000],
    ['login', true, 60_000],
    ['node', false, 60_000],
  ] as const) {
    const time = new VirtualTime();
    const folder = new ServedFolder(time);
    const take = (name: string, process: SimulatedProcess) =>
      RunClaim.take(process.claimPlace(folder), process.clock, {
        worker: { pid: 7, socket: '/s', host: { name } },
        everyMs,
        isAlive: async () => isAlive,
      });
    const first = new SimulatedProcess(time, () => 0.5);
    void take(host, first);
    await time.run(10_000);
    first.isDead = true;
    let taken: number | undefined;
    const second = new SimulatedProcess(time, () => 0.5);
    void take('login', second).then(() => {
      taken = time.now;
    });
    await time.run(100_000);
    assert.ok(taken !== undefined);
    const took = taken - 10_000;
    assert.ok(took <= most, `took ${took} ms`);
    // Eight beats to be lost, three to see that nobody else has claimed it.
    if (most > 10_000) assert.ok(took >= 11 * everyMs, `took ${took} ms`);
  }
});
