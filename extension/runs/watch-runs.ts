import path from 'node:path';
import * as vscode from 'vscode';
import { Emitter } from 'vscode-jsonrpc';
import { runsFolder } from '../manifest';
import type { RunStore } from './run-store';

/** How often it is looked for what the editor has not told of, in milliseconds. */
const lookEvery = 3_000;

/** Keeps a store in step with the disk: loads all runs now, and what changes later. */
export class RunWatcher {
  /** Resolves when the runs that are there now have been read. */
  readonly loaded: Promise<void>;
  readonly #store: RunStore;
  readonly #onError: (error: unknown) => void;
  readonly #subscriptions: vscode.Disposable[];
  readonly #looked = new Emitter<void>();
  #watchers: vscode.Disposable[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(store: RunStore, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
    this.#subscriptions = [
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.#start()),
      // Living runs may be attached to from now on.
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#start()),
    ];
    this.loaded = this.#start();
    void this.loaded.then(() => this.#lookLater());
  }

  /** It was looked at the disk just now. */
  onDidLook(listener: () => void): vscode.Disposable {
    return this.#looked.event(listener);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#isDisposed = true;
    for (const disposable of [...this.#subscriptions, ...this.#watchers]) disposable.dispose();
  }

  #lookLater(): void {
    if (this.#isDisposed) return;
    this.#timer = setTimeout(async () => {
      await this.#store.look().catch(this.#onError);
      this.#looked.fire();
      this.#lookLater();
    }, lookEvery);
  }

  async #start(): Promise<void> {
    for (const watcher of this.#watchers) watcher.dispose();
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(
      ({ uri }) => uri.scheme === 'file',
    );
    const load = () =>
      this.#store
        .load(folders.map(({ uri }) => path.join(uri.fsPath, ...runsFolder.split('/'))))
        .catch(this.#onError);
    this.#watchers = folders.flatMap((folder) => {
      const manifests = watch(folder, `${runsFolder}/*/{run,annotations}.json`);
      const refresh = (uri: vscode.Uri) => {
        this.#store.refresh(path.dirname(uri.fsPath)).catch(this.#onError);
      };
      manifests.onDidCreate(refresh);
      manifests.onDidChange(refresh);
      // A deleted folder is reported as such, not file by file.
      const directories = watch(
        folder,
        `{${path.posix.dirname(runsFolder)},${runsFolder},${runsFolder}/*}`,
      );
      directories.onDidDelete(() => void load());
      return [manifests, directories];
    });
    await load();
  }
}

function watch(folder: vscode.WorkspaceFolder, glob: string): vscode.FileSystemWatcher {
  return vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, glob));
}
