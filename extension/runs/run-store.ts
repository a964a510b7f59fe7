import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { type Disposable, Emitter } from 'vscode-jsonrpc';
import { type Problem, problemOf } from '../../protocol/problem';
import type { OwnerWish } from '../../protocol/trainer';
import { thisHost } from '../../run-directory/host';
import { listRuns, type RunListing, readListing } from '../../run-directory/listing';
import { manifestFileName } from '../../run-directory/manifest';
import { isProcessAlive } from '../../run-directory/process-alive';
import { errorCode } from '../../run-directory/storage-problem';
import { isSameHost } from '../../vocabulary/presence';
import { isLiving } from '../../vocabulary/run-status';
import type { Log } from '../log';
import type { StartedTrainer } from '../processes/start-trainer';
import { recordCrash } from './crash';
import { DistantRun } from './distant-run';
import { Run } from './run';
import { type ControllerTimes, RunController } from './run-controller';
import type { RunFollower } from './run-follower';
import { trustedWorker } from './trusted-worker';

/** A run directory that cannot be opened. It is shown, and never touched. */
export interface BrokenRun {
  readonly directory: string;
  readonly problem: Problem;
}

export interface RunStoreOptions {
  readonly log: Log;
  /** Whether trainers may be connected to and run directories changed: not in an untrusted workspace. */
  readonly mayAttach: () => boolean;
  readonly times?: Partial<ControllerTimes>;
  /** What is to become of the run in a directory when this window is closed; trains on where absent. */
  readonly wish?: (directory: string) => OwnerWish;
  /** A stream to the trainer of a run on another host, where there is a way to it. */
  readonly relay?: (run: Run) => Promise<Duplex | undefined>;
}

/** How long a window that is reloaded, or a connection that broke, may take to come back. */
export const defaultGraceMs = 60_000;

/**
 * All runs of the workspace. The directories on disk are the truth: this reads them, reattaches to
 * those that live, and marks those whose trainer is gone as crashed.
 */
export class RunStore {
  readonly #options: RunStoreOptions;
  readonly #runs = new Map<string, { readonly run: Run; readonly subscriptions: Disposable[] }>();
  #sorted: readonly Run[] | undefined;
  readonly #broken = new Map<string, BrokenRun>();
  /** Directories whose trainer is being started right now: nobody else's business yet. */
  readonly #reserved = new Set<string>();
  readonly #setChanged = new Emitter<void>();
  readonly #runChanged = new Emitter<Run>();
  readonly #runEnded = new Emitter<Run>();
  #runsDirectories: readonly string[] = [];
  readonly #looks = new Looks();
  #isDisposed = false;

  constructor(options: RunStoreOptions) {
    this.#options = options;
  }

  /** Newest first. */
  get runs(): readonly Run[] {
    // Asked for at every step of a run, and there may be thousands.
    this.#sorted ??= [...this.#runs.values()]
      .map(({ run }) => run)
      .sort((a, b) => (a.manifest.createdAt < b.manifest.createdAt ? 1 : -1));
    return this.#sorted;
  }

  get broken(): readonly BrokenRun[] {
    return [...this.#broken.values()];
  }

  find(directory: string): Run | undefined {
    return this.#runs.get(directory)?.run;
  }

  /** A run appeared, vanished, ended or came to life. */
  onDidChangeSet(listener: () => void): Disposable {
    return this.#setChanged.event(listener);
  }

  /** Anything about a run changed, its step included. */
  onDidChangeRun(listener: (run: Run) => void): Disposable {
    return this.#runChanged.event(listener);
  }

  /** A run that was followed from here has ended, or was found dead. */
  onDidEndRun(listener: (run: Run) => void): Disposable {
    return this.#runEnded.event(listener);
  }

  /** The folders that hold the runs. */
  get folders(): readonly string[] {
    return this.#runsDirectories;
  }

  /** Whether `directory` is a run directory of this workspace, existing or not. */
  contains(directory: string): boolean {
    return this.#runsDirectories.includes(path.dirname(directory));
  }

  /** Reads all runs in these folders; forgets those that are elsewhere or gone. */
  async load(runsDirectories: readonly string[]): Promise<void> {
    this.#runsDirectories = runsDirectories;
    this.#looks.forget();
    const found = new Set<string>();
    for (const runsDirectory of runsDirectories) {
      try {
        for (const listing of await listRuns(runsDirectory)) {
          found.add(listing.directory);
          await this.#take(listing);
        }
      } catch (error) {
        this.#options.log.error(problemOf(error, 'storage').message);
      }
    }
    for (const directory of [...this.#runs.keys(), ...this.#broken.keys()]) {
      if (!found.has(directory) && !this.#reserved.has(directory)) this.#forget(directory);
    }
    this.#setChanged.fire();
  }

  /** Reads one run directory again, after something in it changed. */
  async refresh(directory: string): Promise<void> {
    if (this.#reserved.has(directory)) return;
    await this.#take(await readListing(directory));
    this.#setChanged.fire();
  }

  /**
   * Finds runs that came or went without a word: watchers of files miss what is made in a folder
   * right after the folder itself. Reads names, and the manifests of those that are new; nothing in a
   * folder to which nothing has come and from which nothing has gone.
   *
   * @param runsDirectories where to look, of the folders that were loaded; all where absent
   */
  async look(runsDirectories = this.#runsDirectories): Promise<void> {
    let hasChanged = false;
    for (const folder of runsDirectories) {
      if (!this.#runsDirectories.includes(folder)) continue;
      const changedAt = await changeOf(folder);
      if (this.#looks.isKnown(folder, changedAt)) continue;
      const present = await directoriesIn(folder);
      // A disk that does not answer says nothing about what is on it.
      if (present === undefined) continue;
      let isWhole = true;
      for (const directory of present) {
        if (this.#runs.has(directory) || this.#broken.has(directory)) continue;
        // One that is being made is not broken yet.
        if (!(await exists(path.join(directory, manifestFileName)))) {
          isWhole = false;
          continue;
        }
        await this.#take(await readListing(directory));
        hasChanged = true;
      }
      for (const directory of [...this.#runs.keys(), ...this.#broken.keys()]) {
        if (path.dirname(directory) !== folder || present.has(directory)) continue;
        if (this.#reserved.has(directory) || (await exists(directory))) continue;
        this.#forget(directory);
        hasChanged = true;
      }
      if (isWhole) this.#looks.note(folder, changedAt);
    }
    if (hasChanged) this.#setChanged.fire();
  }

  /** Forgets a run that was moved away or deleted. */
  drop(directory: string): void {
    this.#forget(directory);
    this.#setChanged.fire();
  }

  /** Leaves `directory` alone until it is adopted or released. */
  reserve(directory: string): void {
    this.#reserved.add(directory);
  }

  release(directory: string): void {
    this.#reserved.delete(directory);
  }

  /** Takes over a run that was just started from here, or goes on. */
  adopt(directory: string, started: StartedTrainer): Run {
    const { manifest, state } = started.attachment;
    const known = this.find(directory);
    const run = known ?? this.#add(new Run(directory, { ...manifest, state }));
    // Who followed it on another host is not needed any more.
    known?.controller?.dispose();
    known?.update({ manifest, state });
    this.#follow(run, RunController.started(run, started, this.#meansOf(directory)));
    this.#reserved.delete(directory);
    this.#setChanged.fire();
    return run;
  }

  /** What is to become of the run in `directory` when this window is closed. */
  wishFor(directory: string): OwnerWish {
    return this.#options.wish?.(directory) ?? { whenGone: 'train', graceMs: defaultGraceMs };
  }

  /** Tells all trainers anew what is to become of their runs when this window is closed. */
  async renewWishes(): Promise<void> {
    await Promise.all(this.runs.map(({ controller }) => controller?.renewWish()));
  }

  #meansOf(directory: string) {
    const { log, times = {} } = this.#options;
    return { log, times, wish: () => this.wishFor(directory) };
  }

  /** Lets go of everything; living runs train on. */
  dispose(): void {
    this.#isDisposed = true;
    for (const directory of [...this.#runs.keys()]) this.#forget(directory);
  }

  async #take(listing: RunListing): Promise<void> {
    const { directory } = listing;
    if (this.#isDisposed || this.#reserved.has(directory)) return;
    if ('problem' in listing) {
      // A run that is followed tells its end itself, also when its directory vanishes.
      if (this.find(directory)?.controller) return;
      this.#forget(directory);
      this.#broken.set(directory, listing);
      return;
    }
    this.#broken.delete(directory);
    const { manifest, annotations, annotationsProblem } = listing;
    if (annotationsProblem) this.#options.log.warn(annotationsProblem.message);
    const known = this.find(directory);
    const run = known ?? this.#add(new Run(directory, manifest, annotations));
    // Of a run that is followed its trainer's events are newer than its manifest.
    if (known) run.update(run.controller ? { annotations } : { manifest, annotations });
    if (run.controller) return;
    if (isLiving(run.state.status) && this.#options.mayAttach()) await this.#attach(run);
  }

  /** Follows a living run that this window did not start, or marks it when its trainer is gone. */
  async #attach(run: Run): Promise<void> {
    const { log, relay } = this.#options;
    try {
      if (!isSameHost(run.manifest.worker?.host, thisHost())) {
        log.info(`Following ‘${run.name}’, which trains on ${run.manifest.worker?.host?.name}.`);
        const follower = new DistantRun(run, {
          ...{ log, ...this.#options.times },
          ...(relay && { relay }),
        });
        this.#follow(run, follower);
        follower.onMoved(() => void this.refresh(run.directory));
        return;
      }
      const { pid } = trustedWorker(run.manifest);
      if (await isProcessAlive(pid)) {
        log.info(`Reattaching to ‘${run.name}’ (process ${pid}).`);
        this.#follow(run, RunController.found(run, this.#meansOf(run.directory)));
        return;
      }
      const manifest = await recordCrash(run.directory, run.state, 'while nobody watched,');
      run.update({ manifest });
      if (!isLiving(manifest.state.status)) this.#runEnded.fire(run);
    } catch (error) {
      log.warn(problemOf(error).message);
    }
  }

  #follow(run: Run, controller: RunFollower): void {
    controller.onEnded(() => {
      this.#runEnded.fire(run);
      this.#setChanged.fire();
    });
  }

  #add(run: Run): Run {
    const subscriptions = [run.onDidChange(() => this.#runChanged.fire(run))];
    this.#runs.set(run.directory, { run, subscriptions });
    this.#sorted = undefined;
    return run;
  }

  #forget(directory: string): void {
    const entry = this.#runs.get(directory);
    entry?.run.controller?.dispose();
    for (const subscription of entry?.subscriptions ?? []) subscription.dispose();
    this.#runs.delete(directory);
    this.#sorted = undefined;
    this.#broken.delete(directory);
  }
}

/** Longer than any file system takes for the same moment. */
const longestMomentMs = 2_500;

/** Which folders have been looked at since anything came to them or went. */
class Looks {
  /** When a folder was changed, by its file system; since when that is known, and when it was looked at. */
  readonly #looks = new Map<string, { changedAt: number; since: number; at: number }>();

  /** Whether all is known of a folder that was changed then. */
  isKnown(folder: string, changedAt: number | undefined): boolean {
    const look = this.#looks.get(folder);
    // What came in the same moment, after a look, has not changed that time.
    return (
      look !== undefined && look.changedAt === changedAt && look.at - look.since > longestMomentMs
    );
  }

  /** All in a folder was looked at just now; it had been changed then. */
  note(folder: string, changedAt: number | undefined): void {
    if (changedAt === undefined) {
      this.#looks.delete(folder);
      return;
    }
    const now = performance.now();
    const before = this.#looks.get(folder);
    const since = before?.changedAt === changedAt ? before.since : now;
    this.#looks.set(folder, { changedAt, since, at: now });
  }

  forget(): void {
    this.#looks.clear();
  }
}

/** When something last came to a folder or went; nothing where that is not known. */
async function changeOf(folder: string): Promise<number | undefined> {
  return await stat(folder).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/** The directories in a folder, links not among them; `undefined` where it cannot be read. */
async function directoriesIn(folder: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return new Set(
      entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name)),
    );
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? new Set() : undefined;
  }
}

/** Whether something is there. What cannot be told is. */
async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    (error: unknown) => errorCode(error) !== 'ENOENT',
  );
}
