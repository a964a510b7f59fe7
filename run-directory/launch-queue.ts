/**
 * Launches that wait for their turn: `.ebm/queue/<order>-<id>.json`, one file each, and beside it the
 * folder `<id>` with the source as it was when the launch was asked for. Whatever decides who does
 * what is a rename, which one of several windows wins.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { runOptionsSchema } from '../protocol/launch-task';
import { type Problem, problemOf } from '../protocol/problem';
import type { Host } from '../protocol/run';
import { isTrainerListening, trainerSocketPath } from '../protocol/socket-transport';
import { checked, parseJson } from './checked-json';
import { readRegularFile, replaceFile } from './files';
import { readHeartbeat } from './heartbeat';
import { thisHost } from './host';
import { keepFromGit } from './keep-from-git';
import { newRunName, runIdOf } from './naming';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

const queueFolder = 'queue';
const largestFile = 2 ** 20;
const orderDigits = 15;
const entryName = /^(\d{15})-([a-z2-9]{10})\.json(?:\.(\d{1,10})(?:\.([0-9a-f]{12}))?)?$/;
/**
 * A claim of another host that has stood for so long (milliseconds), without a trainer for it that beats, is
 * of a window that is gone: it has become no run.
 */
const foreignClaimMs = 600_000;

/** A name that is one part of a path on every system. */
const plainName = z.string().regex(/^[\w-]{1,100}$/, 'no plain name');
const relativeSource = z
  .string()
  .max(4096)
  .refine(
    (text) =>
      text.startsWith('source/') &&
      !/[\\:\0]/.test(text) &&
      text.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'not a place below source/',
  );

/** A launch as its file has it: the task's options as they are, and places that a moved folder keeps. */
const entrySchema = z.object({
  ...runOptionsSchema.shape,
  formatVersion: z.literal(1),
  /** When it was asked for. */
  createdAt: z.iso.datetime(),
  /** The experiment. Relative to the workspace folder, with `/`, so that a folder that is moved keeps its queue. */
  experiment: z
    .string()
    .min(1)
    .max(4096)
    .refine(
      (text) => !/[\\\0]/.test(text) && !path.isAbsolute(text) && !text.split('/').includes('..'),
      'not a file of the folder',
    ),
  /** The name that its run directory gets. */
  directoryName: plainName,
  /** Name of the run directory of which it is an exact repetition; it then has no source of its own. */
  exactly: z.exactOptional(plainName),
  /** Where the experiment's copy is, relative to the entry's folder, with `/`. */
  source: z.exactOptional(relativeSource),
});

/** What is to be launched when its turn comes. */
type QueuedLaunch = Omit<z.infer<typeof entrySchema>, 'formatVersion'>;

/** One launch in the queue. */
export interface QueueEntry extends QueuedLaunch {
  /** The id that its run gets. */
  readonly id: string;
  /** Place in the queue: smaller ones go first. */
  readonly order: number;
  /** The process that is launching it; none while it waits. */
  readonly owner?: number;
  /** Where that process is, see `placeOf`; this host where absent. */
  readonly place?: string;
}

/** A file in the queue that is none of a launch. */
interface BrokenEntry {
  /** Its name in the queue. */
  readonly name: string;
  readonly problem: Problem;
}

/** All launches in a queue, those that go first at the front. */
export interface QueueListing {
  readonly entries: readonly QueueEntry[];
  readonly broken: readonly BrokenEntry[];
}

/** The queue of a workspace folder, as one process works on it. */
export class LaunchQueue {
  readonly #base: string;
  readonly #pid: number;
  readonly #isAlive: (pid: number) => Promise<boolean>;
  readonly #place: string;
  readonly #now: () => number;
  /** Since when claims of other hosts stand as they do, by our own clock. */
  readonly #foreign = new Map<string, number>();
  /** What this object has claimed: a claim of its process's number that is not here is an old one. */
  readonly #claimed = new Set<string>();

  /**
   * @param base the folder `.ebm` of the workspace folder
   * @param pid under which entries are claimed
   * @param isAlive whether a process of this host that claimed an entry is there still
   * @param place where this process is
   */
  constructor(
    base: string,
    pid: number,
    isAlive: (pid: number) => Promise<boolean>,
    place = placeOf(thisHost()),
    now = () => performance.now(),
  ) {
    this.#place = place;
    this.#now = now;
    this.#base = base;
    this.#pid = pid;
    this.#isAlive = isAlive;
  }

  /** The folder that keeps the source of an entry. */
  folderOf(id: string): string {
    return path.join(this.#folder, id);
  }

  /**
   * Everything in the queue; an absent folder is an empty one. Changes nothing.
   *
   * @throws ProblemError of kind `storage` where the folder cannot be listed
   */
  async list(): Promise<QueueListing> {
    const entries: QueueEntry[] = [];
    const broken: BrokenEntry[] = [];
    for (const name of await this.#names()) {
      const match = entryName.exec(name);
      if (!match) continue;
      const [, order, id, owner, place] = match as unknown as EntryNameMatch;
      try {
        const launch = await this.#read(name, id);
        entries.push({
          ...launch,
          id,
          order: Number(order),
          ...(owner === undefined ? {} : { owner: Number(owner) }),
          ...(place === undefined ? {} : { place }),
        });
      } catch (thrown) {
        // Somebody renamed it between the two looks.
        if (isMissing(thrown)) continue;
        broken.push({ name, problem: problemOf(thrown, 'storage') });
      }
    }
    return { entries: entries.sort(byOrder), broken };
  }

  /**
   * Adds a launch behind all others.
   *
   * @param keepSource writes the experiment's source into a folder and answers where in it the
   *   experiment is; absent for a launch that has no source of its own
   * @throws ProblemError of kind `storage`, or what `keepSource` throws; the queue is then as it was
   */
  async add(
    launch: Omit<QueuedLaunch, 'createdAt' | 'directoryName' | 'source'>,
    keepSource: ((folder: string) => Promise<string>) | undefined,
    now = new Date(),
  ): Promise<QueueEntry> {
    const { id, directoryName } = newRunName(now, launch.experiment);
    const folder = this.folderOf(id);
    try {
      let source: string | undefined;
      await this.#makeFolder(keepSource ? folder : this.#folder);
      if (keepSource) source = await keepSource(folder);
      const { entries } = await this.list();
      const order = Math.max(now.getTime(), (entries.at(-1)?.order ?? 0) + 1);
      const entry: QueuedLaunch = {
        ...launch,
        createdAt: now.toISOString(),
        directoryName,
        ...(source === undefined ? {} : { source }),
      };
      const text = `${JSON.stringify({ formatVersion: 1, ...entry }, undefined, 2)}\n`;
      await replaceFile(this.#base, `${queueFolder}/${nameOf({ order, id })}`, [
        new TextEncoder().encode(text),
      ]);
      return { ...entry, id, order };
    } catch (thrown) {
      await rm(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  /**
   * Takes a waiting entry for this process to launch.
   *
   * @returns the entry as claimed; nothing when somebody else was first
   * @throws ProblemError of kind `storage`
   */
  async claim(entry: QueueEntry): Promise<QueueEntry | undefined> {
    if (entry.owner !== undefined) return undefined;
    const mine = { ...entry, owner: this.#pid, place: this.#place };
    // Before the rename: nobody here may take it for one of a process that is gone.
    this.#claimed.add(entry.id);
    if (await this.#rename(nameOf(entry), nameOf(mine))) return mine;
    this.#claimed.delete(entry.id);
    return undefined;
  }

  /** Puts a waiting entry before all others. @returns whether it still waited */
  async moveToFront(entry: QueueEntry): Promise<boolean> {
    const { entries } = await this.list();
    const first = entries[0];
    if (!first || first.id === entry.id) return first !== undefined;
    const order = Math.max(0, first.order - 1);
    return await this.#rename(nameOf(entry), nameOf({ ...entry, order }));
  }

  /** Removes an entry that waits, or that this process has claimed. @returns whether it was there */
  async remove(entry: QueueEntry): Promise<boolean> {
    const claimed = entry.owner === undefined ? await this.claim(entry) : entry;
    if (!claimed) return false;
    try {
      await rm(path.join(this.#folder, nameOf(claimed)), { force: true });
      await rm(this.folderOf(entry.id), { recursive: true, force: true });
    } catch (thrown) {
      throw storageProblem(thrown, this.#folder, 'remove a launch from');
    } finally {
      this.#claimed.delete(entry.id);
    }
    return true;
  }

  /**
   * Has entries wait again that were claimed by a process that is gone, removes those whose run it
   * had begun, and sets broken files aside, under their name with `.broken`.
   *
   * @param runs the folder of runs
   * @returns what was set aside
   */
  async tidy(runs: string): Promise<readonly BrokenEntry[]> {
    const { entries, broken } = await this.list();
    for (const entry of entries) {
      if (!(await this.#isAbandoned(entry))) continue;
      if (await hasBegun(entry, runs)) await this.remove(entry);
      else {
        const { owner: _, place: __, ...waiting } = entry;
        await this.#rename(nameOf(entry), nameOf(waiting));
      }
    }
    const aside: BrokenEntry[] = [];
    for (const one of broken) {
      // What cannot even be renamed is told, and keeps nobody from starting the others.
      const isAside = await this.#rename(one.name, `${one.name}.broken`).catch(() => true);
      if (isAside) aside.push(one);
    }
    return aside;
  }

  get #folder(): string {
    return path.join(this.#base, queueFolder);
  }

  /** Whether this process has claimed an entry. */
  isMine({ owner, place = this.#place }: QueueEntry): boolean {
    return owner === this.#pid && place === this.#place;
  }

  async #isAbandoned(entry: QueueEntry): Promise<boolean> {
    const { id, owner, place = this.#place } = entry;
    if (owner === undefined) return false;
    if (this.isMine(entry)) return !this.#claimed.has(id);
    if (place === this.#place) return !(await this.#isAlive(owner));
    // What a process id of another host stands for cannot be asked: how long it stands, can.
    const name = nameOf(entry);
    const since = this.#foreign.get(name) ?? this.#now();
    this.#foreign.set(name, since);
    if (this.#now() - since < foreignClaimMs) return false;
    const { directoryName } = entry;
    const beat = await readHeartbeat(path.join(this.#base, 'runs', directoryName));
    return beat === undefined;
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return [];
      throw storageProblem(thrown, this.#folder, 'list the queue');
    }
  }

  async #read(name: string, id: string): Promise<QueuedLaunch> {
    const file = path.join(this.#folder, name);
    const bytes = await readRegularFile(this.#base, `${queueFolder}/${name}`, largestFile);
    const fault = { file, remedy };
    const { formatVersion: _, ...launch } = checked(parseJson(bytes, fault), entrySchema, fault);
    const { directoryName, exactly, source } = launch;
    if (runIdOf(directoryName) !== id) {
      throw brokenFile(file, `'directoryName' is not that of the run ${id}.`, remedy);
    }
    if ((source === undefined) === (exactly === undefined)) {
      throw brokenFile(file, "it has to have one of 'source' and 'exactly'.", remedy);
    }
    return launch;
  }

  async #makeFolder(folder: string): Promise<void> {
    try {
      await mkdir(folder, { recursive: true });
      await keepFromGit(path.join(this.#base, 'runs'));
    } catch (thrown) {
      throw storageProblem(thrown, folder, 'make the folder');
    }
  }

  /** @returns whether it was there to be renamed */
  async #rename(from: string, to: string): Promise<boolean> {
    try {
      await rename(path.join(this.#folder, from), path.join(this.#folder, to));
      return true;
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return false;
      throw storageProblem(thrown, path.join(this.#folder, from), 'rename');
    }
  }
}

const remedy = 'It is set aside; launch the experiment again.';

/** Those that go first at the front. */
export function byOrder(a: QueueEntry, b: QueueEntry): number {
  return a.order - b.order || (a.id < b.id ? -1 : 1);
}

/** A host in 12 hexadecimal digits. */
function placeOf(host: Host): string {
  return createHash('sha256').update(JSON.stringify(host)).digest('hex').slice(0, 12);
}

type EntryNameMatch = [whole: string, order: string, id: string, owner?: string, place?: string];

function nameOf({
  order,
  id,
  owner,
  place,
}: Pick<QueueEntry, 'order' | 'id' | 'owner' | 'place'>): string {
  const parts = [`${String(order).padStart(orderDigits, '0')}-${id}.json`, owner, place];
  return parts.filter((part) => part !== undefined).join('.');
}

/** Whether the run of an entry has its record, or a trainer that is about to begin it. */
async function hasBegun({ id, directoryName }: QueueEntry, runs: string): Promise<boolean> {
  const record = path.join(runs, directoryName, 'run.json');
  if (await stat(record).catch(() => undefined)) return true;
  return await isTrainerListening(trainerSocketPath(id));
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && errorCode(thrown.cause) === 'ENOENT';
}
