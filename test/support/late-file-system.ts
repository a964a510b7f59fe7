/**
 * A file on a bad network file system, in memory and in a time of its own: what one host writes is seen
 * by others up to five seconds later, reads fail with ESTALE now and then, and what was just renamed is
 * missing for a while. Exclusive creation and renames are the server's and happen once. Processes may
 * stand still and die in the midst of anything.
 */
import type { ClaimClock, ClaimPlace } from '../../run-directory/run-claim';

/** Numbers between 0 and 1 that follow from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The longest that a change stays unseen (milliseconds). */
const mostDelay = 5_000;

/** Time in which only sleeping takes time. */
export class VirtualTime {
  now = 0;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      const at = this.now + ms;
      // From the end, as most that sleep now wake after all others.
      let place = this.#sleepers.length;
      while (place > 0 && this.#sleepers[place - 1]!.at > at) place -= 1;
      this.#sleepers.splice(place, 0, { at, wake });
    });
  }

  /** Lets time pass until `end`. */
  async run(end: number): Promise<void> {
    for (;;) {
      // Whatever was woken does all it can before time goes on.
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#sleepers[0];
      if (!next || next.at > end) break;
      this.#sleepers.shift();
      this.now = next.at;
      next.wake();
    }
    this.now = end;
  }
}

/** What a server has in one place, with its past. */
class ServedFile {
  readonly #time: VirtualTime;
  readonly #past: { readonly at: number; readonly text: string | undefined }[] = [
    { at: Number.NEGATIVE_INFINITY, text: undefined },
  ];

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get changedAt(): number {
    return this.#past.at(-1)!.at;
  }

  get text(): string | undefined {
    return this.#past.at(-1)!.text;
  }

  set text(text: string | undefined) {
    this.#past.push({ at: this.#time.now, text });
  }

  at(time: number): string | undefined {
    for (let i = this.#past.length - 1; ; i--) {
      const one = this.#past[i]!;
      if (one.at <= time) return one.text;
    }
  }
}

/** What a server has in one folder. */
export class ServedFolder {
  readonly #time: VirtualTime;
  readonly #files = new Map<string, ServedFile>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  file(name: string): ServedFile {
    const file = this.#files.get(name) ?? new ServedFile(this.#time);
    this.#files.set(name, file);
    return file;
  }
}

/** A process on some host: it may stand still, and die. */
export class SimulatedProcess {
  readonly #time: VirtualTime;
  readonly random: () => number;
  isDead = false;
  stillUntil = 0;
  /** By how much the host's clock is off. */
  readonly #skew: number;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.random = random;
    this.#skew = (random() - 0.5) * 1e9;
  }

  async sleep(ms: number): Promise<void> {
    await this.#time.sleep(ms);
    while (!this.isDead && this.stillUntil > this.#time.now) {
      await this.#time.sleep(this.stillUntil - this.#time.now);
    }
    if (this.isDead) await new Promise(() => undefined);
  }

  get clock(): ClaimClock {
    const now = () => this.#time.now + this.#skew;
    return {
      now,
      elapsed: now,
      sleep: async (ms, signal) => {
        if (signal?.aborted) return;
        await Promise.race([
          this.sleep(ms),
          ...(signal
            ? [new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))]
            : []),
        ]);
      },
    };
  }

  /** The folder as this process sees it. */
  claimPlace(folder: ServedFolder): ClaimPlace {
    const time = this.#time;
    const claim = folder.file('claim');
    /** What it wrote itself it sees. */
    const own = new Map<ServedFile, number>();
    const call = async <T>(act: () => T): Promise<T> => {
      await this.sleep(this.random() * 300);
      const result = act();
      await this.sleep(this.random() * 300);
      return result;
    };
    const write = (file: ServedFile, text: string | undefined) => {
      file.text = text;
      own.set(file, time.now);
    };
    const read = (file: ServedFile) =>
      call(() => {
        const written = own.get(file) ?? Number.NEGATIVE_INFINITY;
        if (this.random() < 0.05) return undefined;
        const isHidden = time.now - file.changedAt < mostDelay && file.changedAt > written;
        if (isHidden && this.random() < 0.2) return undefined;
        return file.at(Math.max(written, time.now - this.random() * mostDelay));
      });
    return {
      create: (text) =>
        call(() => {
          if (claim.text !== undefined) return false;
          write(claim, text);
          return true;
        }),
      read: () => read(claim),
      replace: (text) => call(() => write(claim, text)),
      remove: () => call(() => write(claim, undefined)),
      mark: (name) =>
        call(() => {
          const file = folder.file(name);
          if (file.text !== undefined) return false;
          write(file, '');
          return true;
        }),
      removeMark: (name) => call(() => write(folder.file(name), undefined)),
      beat: (token, text) => call(() => write(folder.file(token), text)),
      readBeat: (token) => read(folder.file(token)),
      removeBeat: (token) => call(() => write(folder.file(token), undefined)),
    };
  }
}
