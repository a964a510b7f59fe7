import { access } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { Emitter } from 'vscode-jsonrpc';
import { runsFolder } from '../manifest';
import type { RunStore } from './run-store';

/** How often it is looked for what the editor has not told of, in milliseconds. */
const lookEvery = 3_000;

export interface RunWatcherMeans {
  readonly onError: (error: unknown) => void;
  /** Whether anybody would see what came, or wants to know of it, right now. */
  readonly isOfInterest: () => boolean;
}

/**
 * Keeps a store in step with the disk: loads all runs now, and what changes later.
 *
 * The editor tells of most changes, but not of what is made in a folder right after the folder itself.
 * So folders that have a `.ebm` are looked at every few seconds too, while that is of interest. In all
 * others nothing is done until the editor tells that a `.ebm` has come.
 */
export class RunWatcher {
  /** Resolves when the runs that are there now have been read. */
  readonly loaded: Promise<void>;
  readonly #store: RunStore;
  readonly #means: RunWatcherMeans;
  readonly #subscriptions: vscode.Disposable[];
  readonly #looked = new Emitter<void>();
  #watchers: vscode.Disposable[] = [];
  /** The folders of runs whose workspace folder has a `.ebm`, as far as known. */
  #present: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #isDisposed = false;

  constructor(store: RunStore, means: RunWatcherMeans) {
    this.#store = store;
    this.#means = means;
    this.#subscriptions = [
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.#start()),
      // Living runs may be attached to from now on.
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#start()),
    ];
    this.loaded = this.#start();
  }

  /** It was looked at the disk just now. */
  onDidLook(listener: () => void): vscode.Disposable {
    return this.#looked.event(listener);
  }

  /** Looks now, and on, if it has become of interest; to be called when that may be so. */
  wake(): void {
    if (this.#timer === undefined && this.#mayLook) void this.#look();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#isDisposed = true;
    for (const disposable of [...this.#subscriptions, ...this.#watchers]) disposable.dispose();
  }

  get #mayLook(): boolean {
    return (
      !this.#isDisposed && !this.#isLooking && this.#present.size > 0 && this.#means.isOfInterest()
    );
  }

  /** Looks at the folders that have runs, or had some a moment ago, and again later. */
  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isLooking = true;
    const looked = [...this.#present];
    await this.#store.look(looked).catch(this.#means.onError);
    const gone = new Set<string>();
    for (const folder of looked) if (!(await isBegun(folder))) gone.add(folder);
    this.#present = new Set([...this.#present].filter((folder) => !gone.has(folder)));
    this.#isLooking = false;
    if (this.#isDisposed) return;
    this.#looked.fire();
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#timer !== undefined || !this.#mayLook) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#mayLook) void this.#look();
    }, lookEvery);
  }

  async #start(): Promise<void> {
    for (const watcher of this.#watchers) watcher.dispose();
    const folders = (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === 'file')
      .map((folder) => ({ folder, runs: path.join(folder.uri.fsPath, ...runsFolder.split('/')) }));
    // Of a thousand folders that are deleted each is told, and one look at what is left is enough.
    const load = coalesced(async () => {
      const runs = folders.map((each) => each.runs);
      await this.#store.load(runs).catch(this.#means.onError);
      const begun = await Promise.all(runs.map(isBegun));
      this.#present = new Set(runs.filter((_, index) => begun[index]));
      this.#lookLater();
    });
    this.#watchers = folders.flatMap(({ folder, runs }) => {
      const manifests = watch(folder, `${runsFolder}/*/{run,annotations}.json`);
      const refresh = (uri: vscode.Uri) => {
        this.#store.refresh(path.dirname(uri.fsPath)).catch(this.#means.onError);
      };
      manifests.onDidCreate(refresh);
      manifests.onDidChange(refresh);
      const directories = watch(
        folder,
        `{${path.posix.dirname(runsFolder)},${runsFolder},${runsFolder}/*}`,
      );
      const appear = () => {
        if (this.#present.has(runs)) return;
        this.#present = new Set([...this.#present, runs]);
        // What was made in it meanwhile is not told of, whoever looks or does not.
        if (!this.#isLooking) void this.#look();
      };
      directories.onDidCreate(appear);
      // So one that was deleted and made again at once is told of.
      directories.onDidChange(appear);
      // A deleted folder is reported as such, not file by file.
      directories.onDidDelete(() => void load());
      return [manifests, directories];
    });
    await load();
  }
}

/** Does it, and once more after that where it is asked for meanwhile, however often. */
function coalesced(action: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const mine = action().finally(() => {
      if (current === mine) current = undefined;
    });
    current = mine;
    return mine;
  };
  return () => {
    if (current === undefined) return start();
    next ??= current.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}

/** Whether there is a `.ebm` for this folder of runs. */
function isBegun(runs: string): Promise<boolean> {
  return access(path.dirname(runs)).then(
    () => true,
    () => false,
  );
}

function watch(folder: vscode.WorkspaceFolder, glob: string): vscode.FileSystemWatcher {
  return vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, glob));
}
