/**
 * Who may train a run, where several hosts see its directory. A claim is taken over only when its holder
 * is gone for certain or has not beaten for long, and a holder that could not beat for half as long
 * writes nothing before it has looked whether the run is its own still. So no two write at a time,
 * whatever their clocks say, and though what one writes may be seen some seconds later.
 */
import { randomBytes } from 'node:crypto';
import { printable } from '../protocol/printable';
import { ProblemError } from '../protocol/problem';
import type { Host, RunWorker } from '../protocol/run';
import { BeatWatch, isSameHost, leaseOf, lostAfter, presenceOf } from '../vocabulary/presence';
import { type Claim, claimText, type Heartbeat, parseBeat, parseClaim } from './heartbeat';

/** Where claims and beats lie. Only `create` and `mark` are certain to see what others did. */
export interface ClaimPlace {
  /** Puts a claim there, unless there is one. @returns whether it did */
  create(text: string): Promise<boolean>;
  /** What is there; nothing where nothing can be seen just now. */
  read(): Promise<string | undefined>;
  /** Puts a claim in the place of whatever is there, so that there always is one. */
  replace(text: string): Promise<void>;
  remove(): Promise<void>;
  /** Makes a mark that one process alone can make. @returns whether this one did */
  mark(name: string): Promise<boolean>;
  removeMark(name: string): Promise<void>;
  /** Replaces the beat of a trainer. */
  beat(token: string, text: string): Promise<void>;
  /** The beat of a trainer; nothing where none can be seen just now. */
  readBeat(token: string): Promise<string | undefined>;
  removeBeat(token: string): Promise<void>;
}

/** Time as claims know it. */
export interface ClaimClock {
  /** Milliseconds that pass as slowly as any clock says: to judge others by. */
  now(): number;
  /** Milliseconds that pass as fast as any clock says, also while the machine sleeps: to judge oneself by. */
  elapsed(): number;
  /** Resolves early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Who claims a run. */
export interface Claimant {
  readonly worker: RunWorker & { readonly host: Host };
  readonly everyMs: number;
  /** Whether a process of this host is there. */
  isAlive(pid: number): Promise<boolean>;
}

/** Beats for which a claim that was disputed has to stand before it counts. */
const settleBeats = 3;
/** Changes that have to be seen of a heartbeat before it counts as beating: the first may be an old one. */
const certainChanges = 2;
/** How often a holder that has fallen behind looks for a claim that it cannot see, before it gives up. */
const mostLooks = 3;

/** The right to train a run, as long as the claim there is ours. */
export class RunClaim {
  readonly token: string;
  /** Resolves when somebody else has the run: nothing may be written to it any more. */
  readonly lost: Promise<void>;
  readonly #place: ClaimPlace;
  readonly #clock: ClaimClock;
  readonly #claimant: Claimant;
  readonly #released = new AbortController();
  #lose!: () => void;
  #isLost = false;
  #count = 0;
  /** When the newest beat began before which the claim was seen to be ours. */
  #beatenAt: number;
  /** Who had the run before. What a slow file system shows of it once more says nothing. */
  readonly #predecessor: string | undefined;
  /** Under which mark it was taken over. */
  #mark: string | undefined;
  #confirming: Promise<void> | undefined;
  #beating: Promise<unknown> = Promise.resolve();

  private constructor(
    place: ClaimPlace,
    clock: ClaimClock,
    claimant: Claimant,
    token: string,
    predecessor: string | undefined,
  ) {
    this.#place = place;
    this.#clock = clock;
    this.#claimant = claimant;
    this.token = token;
    this.#predecessor = predecessor;
    this.#beatenAt = clock.elapsed();
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  /**
   * Claims a run, where nobody has it, or who had it is gone or lost; that takes a while to find out.
   *
   * @param told what it waits for, in words
   * @throws ProblemError of kind `worker` where another trainer has it, of kind `storage` where the
   *   place cannot be written to
   */
  static async take(
    place: ClaimPlace,
    clock: ClaimClock,
    claimant: Claimant,
    told: (phase: string) => void = () => undefined,
  ): Promise<RunClaim> {
    const token = randomBytes(16).toString('hex');
    const { everyMs } = claimant;
    const watch = new BeatWatch();
    let last: Heartbeat | undefined;
    let changes = 0;
    for (;;) {
      const claim = new RunClaim(place, clock, claimant, token, last?.token);
      if (await place.create(claim.#text())) return await claim.#begun(false);
      const holder = await heartbeatIn(place);
      const isNews = holder !== undefined && (!last || isNewer(holder, last));
      if (last && isNews) changes += 1;
      if (isNews) last = holder;
      if (last && changes >= certainChanges) throw taken(last);
      const silentMs = watch.see(holder, clock.now());
      const isGone = last !== undefined && (await isCertainlyGone(last, claimant));
      // Who made a mark and died before it was of use is waited for as long as a trainer.
      const times = Math.floor(silentMs / lostAfter(last?.everyMs ?? everyMs));
      if (isGone || times > 0) {
        const mark = `${last?.token ?? 'broken'}-${times}`;
        // Only one takes a claim over, so that it is never missing in between for a third to make.
        if (await place.mark(mark)) {
          claim.#mark = mark;
          await place.replace(claim.#text());
          return await claim.#begun(!isGone);
        }
      }
      if (last) told(`waiting for a word of the trainer ${whereOf(last)}`);
      await clock.sleep(Math.max(10, Math.min(1_000, everyMs / 5)));
    }
  }

  /** Who has it. */
  get worker(): RunWorker {
    return this.#claimant.worker;
  }

  /** It is ours, unless it is disputed and others show, or we were slow. */
  async #begun(isDisputed: boolean): Promise<this> {
    if (isDisputed || !this.isFresh) await this.#settle();
    if (this.#isLost) throw taken(parseClaim(await this.#place.read()));
    void this.#keepBeating();
    return this;
  }

  /** Whether it may be written without a look. */
  get isFresh(): boolean {
    if (this.#isLost) return false;
    return this.#clock.elapsed() - this.#beatenAt < leaseOf(this.#claimant.everyMs);
  }

  /**
   * Resolves at once while the run is ours, later where that has to be looked after, and never when it
   * is lost.
   *
   * @throws ProblemError of kind `storage` where it cannot be looked after
   */
  async confirm(): Promise<void> {
    while (!this.isFresh) {
      if (this.#isLost) await new Promise<never>(() => undefined);
      this.#confirming ??= this.#settle().finally(() => {
        this.#confirming = undefined;
      });
      await this.#confirming;
    }
  }

  /** Gives the run back. Idempotent. */
  async release(): Promise<void> {
    if (this.#released.signal.aborted) return;
    this.#released.abort();
    await this.#beating;
    const isOurs = !this.#isLost && parseClaim(await this.#place.read())?.token === this.token;
    await this.#place.removeBeat(this.token);
    if (this.#predecessor !== undefined) await this.#place.removeBeat(this.#predecessor);
    if (this.#mark !== undefined) await this.#place.removeMark(this.#mark);
    if (isOurs && this.isFresh) await this.#place.remove();
  }

  async #keepBeating(): Promise<void> {
    const { signal } = this.#released;
    while (!signal.aborted && !this.#isLost) {
      await this.#clock.sleep(this.#claimant.everyMs, signal);
      if (signal.aborted || this.#isLost || this.#confirming) continue;
      // After a silence it has to stand the test first.
      const beating = this.isFresh ? this.#beat() : this.confirm();
      // Who writes next is told of a failure, if it is not over by then.
      this.#beating = Promise.race([beating, this.lost]).catch(() => undefined);
      await this.#beating;
    }
  }

  /** One sign of life. @returns whether the run was seen to be ours; it may be lost by then */
  async #beat(): Promise<boolean> {
    const beganAt = this.#clock.elapsed();
    const wasFresh = this.isFresh;
    const there = parseClaim(await this.#place.read());
    if (this.#isAnothers(there)) {
      this.#giveUp();
      return false;
    }
    this.#count += 1;
    await this.#place.beat(this.token, `${this.#count}\n`);
    if (there?.token !== this.token) {
      // It is hidden, or was removed. Who has fallen behind cannot tell whether others had it meanwhile.
      if (!wasFresh || !(await this.#place.create(this.#text()))) return false;
      if (!this.isFresh) {
        this.#giveUp();
        await this.#place.remove();
        return false;
      }
    }
    this.#beatenAt = beganAt;
    return true;
  }

  /** Beats, and looks again when anybody who claims the run as well has seen or been seen. */
  async #settle(): Promise<void> {
    for (let look = 0; look < mostLooks; look++) {
      const isOurs = await this.#beat();
      if (this.#isLost) return;
      await this.#clock.sleep(settleBeats * this.#claimant.everyMs);
      if (isOurs && (await this.#beat())) return;
      if (this.#isLost) return;
    }
    this.#giveUp();
  }

  #isAnothers(there: Claim | undefined): boolean {
    return there !== undefined && there.token !== this.token && there.token !== this.#predecessor;
  }

  #giveUp(): void {
    this.#isLost = true;
    this.#lose();
  }

  #text(): string {
    const { worker, everyMs } = this.#claimant;
    return claimText({ ...worker, token: this.token, everyMs });
  }
}

async function heartbeatIn(place: ClaimPlace): Promise<Heartbeat | undefined> {
  const claim = parseClaim(await place.read());
  return claim && { ...claim, count: parseBeat(await place.readBeat(claim.token)) };
}

function isNewer(a: Heartbeat, b: Heartbeat): boolean {
  return a.token !== b.token || a.count > b.count;
}

/** Whether a holder was a process of this host that has ended. */
async function isCertainlyGone({ host, pid, everyMs }: Claim, claimant: Claimant) {
  const here = claimant.worker.host;
  const isAlive = isSameHost(host, here) && (await claimant.isAlive(pid));
  return presenceOf({ there: host, here, isAlive, silentMs: 0, beatMs: everyMs }) === 'gone';
}

function taken(holder: Claim | undefined): ProblemError {
  return new ProblemError({
    kind: 'worker',
    message: `It is in training already${holder ? ` ${whereOf(holder)}` : ''}.`,
    remedy: 'Watch that one, or stop it first.',
  });
}

/** Which process a trainer is, in words. */
function whereOf({ pid, host, job }: RunWorker): string {
  const process = host ? `process ${pid} on ${printable(host.name)}` : `process ${pid}`;
  return job ? `(${process}, ${printable(job.system)} job ${printable(job.id)})` : `(${process})`;
}
