import path from 'node:path';
import { type Disposable, Emitter } from 'vscode-jsonrpc';
import { type BeginTask, optionsOf, runOptionsSchema } from '../../protocol/launch-task';
import { type Problem, problemOf } from '../../protocol/problem';
import { byOrder, LaunchQueue, type QueueEntry } from '../../run-directory/launch-queue';
import { isProcessAlive } from '../../run-directory/process-alive';
import { runsFolder } from '../manifest';
import type { LaunchRequest } from './launch';

export interface RunQueueMeans {
  /** Absolute paths of the workspace's folders. */
  readonly folders: () => readonly string[];
  /** How many runs of the workspace live. */
  readonly living: () => number;
  /** How many may. */
  readonly limit: () => number;
  /** Whether anything may be started or changed: not in an untrusted workspace. */
  readonly mayStart: () => boolean;
  /** Copies an experiment and what it imports into a folder; answers where in it the copy is. */
  readonly keepSource: (request: LaunchRequest, folder: string) => Promise<string>;
  /** Launches, and tells by itself when that fails. Never throws. */
  readonly start: (request: LaunchRequest) => Promise<void>;
  readonly warn: (problem: Problem) => void;
}

/** A launch that waits, and where. */
export interface WaitingLaunch {
  readonly folder: string;
  readonly entry: QueueEntry;
}

/**
 * Lets no more runs train at once than the user wishes: what is launched beyond that waits on disk,
 * in order, and is started by whichever window is there when a run ends.
 */
export class RunQueue {
  readonly #means: RunQueueMeans;
  readonly #queues = new Map<string, LaunchQueue>();
  readonly #changed = new Emitter<void>();
  #waiting: readonly WaitingLaunch[] = [];
  /** Launches of this window that are not yet among the living runs. */
  #starting = 0;
  /** Decisions are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(means: RunQueueMeans) {
    this.#means = means;
  }

  /** What waits, as last seen, in order. */
  get waiting(): readonly WaitingLaunch[] {
    return this.#waiting;
  }

  /** Something was added, began, or went away. */
  onDidChange(listener: () => void): Disposable {
    return this.#changed.event(listener);
  }

  /**
   * Starts a launch now if there is room and nobody waits, else queues it with its source as it is now.
   *
   * @returns its place in the queue, from 1; 0 where it was started
   * @throws ProblemError where it cannot be queued
   */
  async launch(request: LaunchRequest): Promise<number> {
    const starts = await this.#decide(async () => {
      const { waiting, launching } = await this.#look();
      if (waiting.length > 0 || !this.#hasRoom(launching)) return false;
      this.#starting++;
      return true;
    });
    if (starts) {
      await this.#start(request);
      return 0;
    }
    const { folder, task } = request;
    const { experiment, exactly } = task;
    const { id } = await this.#queueOf(folder).add(
      {
        ...optionsOf(task),
        experiment: placeIn(folder, experiment),
        ...(exactly === undefined ? {} : { exactly: path.basename(exactly) }),
      },
      exactly === undefined ? (to) => this.#means.keepSource(request, to) : undefined,
    );
    // A run may have ended while the source was copied.
    await this.startNext();
    return 1 + this.#waiting.findIndex(({ entry }) => entry.id === id);
  }

  /** Looks at the disk again. */
  async refresh(): Promise<void> {
    await this.#decide(() => this.#look());
  }

  /** Starts what waits, in order, as long as there is room. Does not wait until it trains. */
  async startNext(): Promise<void> {
    if (!this.#means.mayStart()) return await this.refresh();
    const next = await this.#decide(async () => {
      await this.#tidy();
      const { waiting, launching } = await this.#look();
      if (!this.#hasRoom(launching)) return undefined;
      for (const one of waiting) {
        const claimed = await this.#claim(one);
        if (claimed) return claimed;
      }
      return undefined;
    });
    if (!next) return;
    this.#startClaimed(next);
    await this.startNext();
  }

  /** Starts one that waits, whether or not there is room. @returns whether it still waited */
  async startNow(one: WaitingLaunch): Promise<boolean> {
    const claimed = await this.#decide(() => this.#claim(one));
    if (claimed) this.#startClaimed(claimed);
    await this.refresh();
    return claimed !== undefined;
  }

  /** @returns whether it still waited */
  async moveToFront({ folder, entry }: WaitingLaunch): Promise<boolean> {
    const moved = await this.#queueOf(folder).moveToFront(entry);
    await this.refresh();
    return moved;
  }

  /** @returns whether it still waited */
  async remove({ folder, entry }: WaitingLaunch): Promise<boolean> {
    const removed = await this.#queueOf(folder).remove(entry);
    await this.refresh();
    return removed;
  }

  #decide<T>(decision: () => Promise<T>): Promise<T> {
    const decided = this.#last.then(decision);
    // Whoever asked hears of a failure; the next decision does not.
    this.#last = decided.catch(() => undefined);
    return decided;
  }

  #queueOf(folder: string): LaunchQueue {
    const known = this.#queues.get(folder);
    if (known) return known;
    const base = path.join(folder, path.dirname(runsFolder));
    const queue = new LaunchQueue(base, process.pid, isProcessAlive);
    this.#queues.set(folder, queue);
    return queue;
  }

  /** What waits in all folders, and how many are being launched by other windows. */
  async #look(): Promise<{ waiting: readonly WaitingLaunch[]; launching: number }> {
    const all: WaitingLaunch[] = [];
    for (const folder of this.#means.folders()) {
      const { entries } = await this.#queueOf(folder).list();
      all.push(...entries.map((entry) => ({ folder, entry })));
    }
    all.sort((a, b) => byOrder(a.entry, b.entry));
    const waiting = all.filter(({ entry }) => entry.owner === undefined);
    const hasChanged =
      waiting.map(({ entry }) => entry.id).join() !==
      this.#waiting.map(({ entry }) => entry.id).join();
    this.#waiting = waiting;
    if (hasChanged) this.#changed.fire();
    const others = all.filter(
      ({ folder, entry }) => entry.owner !== undefined && !this.#queueOf(folder).isMine(entry),
    );
    return { waiting, launching: others.length };
  }

  #hasRoom(launchingElsewhere: number): boolean {
    const { living, limit } = this.#means;
    return living() + this.#starting + launchingElsewhere < limit();
  }

  async #tidy(): Promise<void> {
    for (const folder of this.#means.folders()) {
      const runs = path.join(folder, runsFolder);
      for (const { problem } of await this.#queueOf(folder).tidy(runs)) this.#means.warn(problem);
    }
  }

  async #claim({ folder, entry }: WaitingLaunch): Promise<WaitingLaunch | undefined> {
    const claimed = await this.#queueOf(folder).claim(entry);
    if (!claimed) return undefined;
    this.#starting++;
    return { folder, entry: claimed };
  }

  /** Launches and gives its place back: by then its run lives, or has failed and was told. */
  async #start(request: LaunchRequest, finish = async () => undefined as unknown): Promise<void> {
    try {
      await this.#means.start(request);
      await finish();
    } catch (error) {
      this.#means.warn(problemOf(error));
    } finally {
      this.#starting--;
      this.startNext().catch((error: unknown) => this.#means.warn(problemOf(error)));
    }
  }

  #startClaimed({ folder, entry }: WaitingLaunch): void {
    const queue = this.#queueOf(folder);
    const { experiment, exactly, source, id, directoryName } = entry;
    const task: BeginTask = {
      kind: 'begin',
      ...runOptionsSchema.parse(entry),
      experiment: path.join(folder, experiment),
      ...(exactly === undefined ? {} : { exactly: path.join(folder, runsFolder, exactly) }),
      ...(source === undefined ? {} : { copy: path.join(queue.folderOf(id), source) }),
    };
    const request = { task, folder, name: { id, directoryName } };
    void this.#start(request, () => queue.remove(entry));
  }
}

/** Where an experiment lies in its folder, with `/`; the name alone of one that is known by its run. */
function placeIn(folder: string, experiment: string): string {
  const place = path.relative(folder, experiment);
  const isInside = !path.isAbsolute(place) && place.split(path.sep)[0] !== '..';
  return isInside ? place.split(path.sep).join('/') : path.win32.basename(experiment);
}
