/** The extension as built, in an editor that does nothing but count what it is asked for. */
import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import fs from 'node:fs/promises';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { settingDefaults } from '../../extension/manifest';

type Listener = (event: unknown) => void;

/** An event of the editor, which a test can let happen. */
class Event {
  readonly #emitter = new EventEmitter();
  readonly subscribe = (listener: Listener) => {
    this.#emitter.on('event', listener);
    return { dispose: () => this.#emitter.off('event', listener) };
  };

  fire(event?: unknown): void {
    this.#emitter.emit('event', event);
  }
}

/** A watcher of files that was asked for and is not disposed of. */
interface Watcher {
  /** The folder that its pattern is relative to; absent where it is of all folders. */
  readonly base: string | undefined;
  readonly pattern: string;
  readonly created: Event;
  readonly changed: Event;
  readonly deleted: Event;
}

interface Folder {
  readonly uri: { readonly scheme: 'file'; readonly fsPath: string };
  readonly name: string;
}

/** Whatever else the extension asks of the editor: it can be called, and be disposed of. */
function anything(known: object = {}): unknown {
  const callable = () => anything();
  return new Proxy(callable, {
    get: (_, name) => {
      if (Object.hasOwn(known, name)) return known[name as keyof typeof known];
      // What is awaited is no promise.
      return name === 'then' ? undefined : anything();
    },
    set: () => true,
    deleteProperty: () => true,
    construct: () => anything() as object,
  });
}

function asFolder(directory: string): Folder {
  return { uri: { scheme: 'file', fsPath: directory }, name: path.basename(directory) };
}

/** What the extension has asked of the system so far. */
interface Asked {
  /** Paths of files and folders that were read or looked for. */
  readonly files: string[];
  /** Programs that were started. */
  readonly programs: string[];
}

/** The extension in such an editor. */
export class CountingEditor {
  readonly asked: Asked = { files: [], programs: [] };
  /** What it told its user that goes wrong. */
  readonly problems: string[] = [];
  readonly watchers = new Set<Watcher>();
  isFocused = true;
  isTreeVisible = false;
  #folders: readonly Folder[];
  /** Looks at the disk that have not been answered. */
  #pending = 0;
  readonly #foldersChanged = new Event();
  readonly #windowChanged = new Event();
  readonly #visibilityChanged = new Event();
  readonly #subscriptions: { dispose(): void }[] = [];

  /** Activates the extension in a window with these folders. */
  constructor(folders: readonly string[]) {
    this.#folders = folders.map(asFolder);
    this.#count();
    const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown };
    const load = loader._load;
    // The bundle copies a module's own properties, and keeps its prototype.
    const editor = Object.create(this.#editor() as object);
    loader._load = (name, ...rest) => (name === 'vscode' ? editor : load(name, ...rest));
    const require = createRequire(import.meta.url);
    const extension = require(path.resolve('dist/extension.js')) as {
      activate(context: unknown): void;
    };
    extension.activate(
      anything({
        subscriptions: this.#subscriptions,
        asAbsolutePath: (file: string) => path.resolve(file),
        globalStorageUri: { fsPath: path.resolve('dist/no-storage') },
      }),
    );
  }

  set folders(folders: readonly string[]) {
    this.#folders = folders.map(asFolder);
    this.#foldersChanged.fire();
  }

  set focus(isFocused: boolean) {
    this.isFocused = isFocused;
    this.#windowChanged.fire();
  }

  set treeVisibility(isVisible: boolean) {
    this.isTreeVisible = isVisible;
    this.#visibilityChanged.fire();
  }

  /** Tells what has come or gone in a folder, as the editor would. */
  tell(what: 'created' | 'deleted', folder: string, pattern: string): void {
    for (const watcher of this.watchers) {
      if (watcher.base === folder && watcher.pattern === pattern) {
        watcher[what].fire({ scheme: 'file', fsPath: folder });
      }
    }
  }

  /** Waits until nothing is being asked for. */
  async settle(): Promise<void> {
    // An answer may lead to the next question, some turns of the event loop later.
    for (let quiet = 0; quiet < 20; quiet++) {
      await setImmediate();
      if (this.#pending > 0) quiet = 0;
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** Has every look at the disk, and every program that is started, noted down. */
  #count(): void {
    const files = fs as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const name of ['access', 'lstat', 'open', 'opendir', 'readdir', 'readFile', 'stat']) {
      const original = files[name]!;
      files[name] = async (...args) => {
        this.asked.files.push(String(args[0]));
        this.#pending++;
        try {
          return await original(...args);
        } finally {
          this.#pending--;
        }
      };
    }
    const programs = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of ['exec', 'execFile', 'execFileSync', 'fork', 'spawn', 'spawnSync']) {
      const original = programs[name]!;
      programs[name] = (...args) => {
        this.asked.programs.push(String(args[0]));
        return original(...args);
      };
    }
  }

  #editor(): unknown {
    const editor = this;
    return anything({
      EventEmitter: class {
        readonly #event = new Event();
        readonly event = this.#event.subscribe;
        readonly fire = (event: unknown) => this.#event.fire(event);
        readonly dispose = () => undefined;
      },
      RelativePattern: class {
        readonly base: Folder;
        readonly pattern: string;
        constructor(base: Folder, pattern: string) {
          this.base = base;
          this.pattern = pattern;
        }
      },
      workspace: anything({
        get workspaceFolders() {
          return editor.#folders;
        },
        isTrusted: true,
        textDocuments: [],
        // Nobody has set anything.
        getConfiguration: () => ({
          get: (name: string) => settingDefaults[name as keyof typeof settingDefaults],
        }),
        onDidChangeWorkspaceFolders: this.#foldersChanged.subscribe,
        createFileSystemWatcher: (pattern: string | { base: Folder; pattern: string }) =>
          this.#watch(pattern),
      }),
      commands: anything({ executeCommand: async () => undefined }),
      window: anything({
        get state() {
          return { focused: editor.isFocused };
        },
        ...{ showErrorMessage: this.#note, showWarningMessage: this.#note },
        onDidChangeWindowState: this.#windowChanged.subscribe,
        createTreeView: () =>
          anything({
            get visible() {
              return editor.isTreeVisible;
            },
            onDidChangeVisibility: this.#visibilityChanged.subscribe,
          }),
      }),
    });
  }

  readonly #note = async (text: string) => {
    this.problems.push(text);
  };

  #watch(pattern: string | { base: Folder; pattern: string }): unknown {
    const of =
      typeof pattern === 'string'
        ? { base: undefined, pattern }
        : { base: pattern.base.uri.fsPath, pattern: pattern.pattern };
    const watcher = { ...of, created: new Event(), changed: new Event(), deleted: new Event() };
    this.watchers.add(watcher);
    return {
      onDidCreate: watcher.created.subscribe,
      onDidChange: watcher.changed.subscribe,
      onDidDelete: watcher.deleted.subscribe,
      dispose: () => this.watchers.delete(watcher),
    };
  }
}
