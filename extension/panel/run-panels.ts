import * as vscode from 'vscode';
import { Emitter } from 'vscode-jsonrpc';
import type { HostSide, PageSide } from '../../protocol/panel';
import { runPanelType } from '../manifest';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import { messageHtml } from './panel-html';
import { PanelPage, type PanelPageMeans } from './panel-page';
import { restoredRunDirectory } from './persisted-state';
import { type RunPage, RunPanel, type RunPanelMeans } from './run-panel';

/** A panel that was opened before its run is there, so that its page loads meanwhile. */
export interface OpeningPanel {
  /** Says what is going on. */
  say(text: string): void;
  /** Shows `run`, unless the user has closed the panel. */
  show(run: Run): void;
  /** There will be no run: closes the panel. */
  close(): void;
}

export interface RunPanelsMeans extends RunPanelMeans, PanelPageMeans {
  /** Whether a run takes the place of the one that was shown before. */
  readonly isOnePanel: () => boolean;
}

/** All run panels: one a run or one for all, and which of them is active. */
export class RunPanels implements vscode.WebviewPanelSerializer {
  readonly #store: RunStore;
  readonly #means: RunPanelsMeans;
  /** Resolves when the runs on disk have been read. */
  readonly #loaded: Promise<void>;
  readonly #panels = new Map<string, RunPanel>();
  readonly #activeChanged = new Emitter<void>();

  constructor(store: RunStore, loaded: Promise<void>, means: RunPanelsMeans) {
    this.#store = store;
    this.#loaded = loaded;
    this.#means = means;
  }

  register(): vscode.Disposable {
    return vscode.window.registerWebviewPanelSerializer(runPanelType, this);
  }

  /** The run whose panel has the focus of the editor area. */
  get activeRun(): Run | undefined {
    return [...this.#panels.values()].find(({ webviewPanel }) => webviewPanel.active)?.run;
  }

  onDidChangeActive(listener: () => void): { dispose(): void } {
    return this.#activeChanged.event(listener);
  }

  /**
   * Opens the panel of `run` beside the code, or reveals it; the focus stays where it is. Panels
   * share a column: one opened from another's button does not split the window further.
   */
  show(run: Run): void {
    const open = this.#panels.get(run.directory);
    if (open) {
      open.webviewPanel.reveal(undefined, true);
      return;
    }
    this.#take(run, this.#vacated()?.page ?? this.#create(run.name));
  }

  /** Opens a panel for a run that is being started, beside the code as {@link show} does. */
  open(title: string): OpeningPanel {
    const vacated = this.#vacated();
    const page = vacated?.page ?? this.#create(title);
    if (vacated) page.webviewPanel.title = title;
    let isOpen = true;
    let text = '';
    const tell = () => {
      // A page that is not there just now is told when it is.
      page.peer.request('starting', { text }).catch(() => undefined);
    };
    page.onReady(tell);
    const closed = page.webviewPanel.onDidDispose(() => {
      isOpen = false;
      page.dispose();
    });
    return {
      say: (now) => {
        text = now;
        if (isOpen) tell();
      },
      show: (run) => {
        closed.dispose();
        if (isOpen) this.#take(run, page);
      },
      close: () => {
        // The run before, which nobody has closed, has its panel back.
        if (vacated && isOpen && this.#store.find(vacated.run.directory)) {
          closed.dispose();
          this.#take(vacated.run, page);
        } else page.webviewPanel.dispose();
      },
    };
  }

  /** Closes the panel of a run that is no more. */
  close(directory: string): void {
    this.#panels.get(directory)?.webviewPanel.dispose();
  }

  /** Called by the editor for each panel that was open when the window was closed. */
  async deserializeWebviewPanel(webviewPanel: vscode.WebviewPanel, state: unknown): Promise<void> {
    await this.#loaded;
    const directory = restoredRunDirectory(state, (path) => this.#store.contains(path));
    const run = directory === undefined ? undefined : this.#store.find(directory);
    if (run && !this.#panels.has(run.directory)) {
      this.#take(run, new PanelPage(webviewPanel, 'panel', this.#means));
      return;
    }
    webviewPanel.webview.options = { enableScripts: false, localResourceRoots: [] };
    webviewPanel.webview.html = messageHtml('This run cannot be shown', this.#reason(directory));
  }

  dispose(): void {
    for (const panel of this.#panels.values()) panel.dispose();
  }

  /** The panel that the next run is to have, with a new page in it, and the run that it showed. */
  #vacated(): { readonly run: Run; readonly page: RunPage } | undefined {
    if (!this.#means.isOnePanel()) return undefined;
    const open = [...this.#panels.values()];
    const panel = open.find(({ webviewPanel }) => webviewPanel.visible) ?? open[0];
    if (!panel) return undefined;
    const { run, webviewPanel } = panel;
    this.#panels.delete(run.directory);
    panel.dispose();
    const page = new PanelPage<HostSide, PageSide>(webviewPanel, 'panel', this.#means);
    webviewPanel.reveal(undefined, true);
    return { run, page };
  }

  #create(title: string): RunPage {
    const others = [...this.#panels.values()].map(({ webviewPanel }) => webviewPanel.viewColumn);
    const webviewPanel = vscode.window.createWebviewPanel(runPanelType, title, {
      viewColumn: others.find((column) => column !== undefined) ?? vscode.ViewColumn.Beside,
      preserveFocus: true,
    });
    return new PanelPage(webviewPanel, 'panel', this.#means);
  }

  #take(run: Run, page: RunPage): void {
    const panel = new RunPanel(run, page, this.#means);
    const { webviewPanel } = page;
    this.#panels.set(run.directory, panel);
    panel.until(
      webviewPanel.onDidChangeViewState(() => this.#activeChanged.fire()),
      webviewPanel.onDidDispose(() => {
        panel.dispose();
        this.#panels.delete(run.directory);
        this.#activeChanged.fire();
      }),
    );
    this.#activeChanged.fire();
  }

  #reason(directory: string | undefined): string {
    if (directory === undefined) {
      return 'What was kept of this panel names no run of this workspace. Close it, and open a run with “EBM: Inspect Run…”.';
    }
    if (this.#panels.has(directory)) return 'This run is shown in another panel already.';
    const broken = this.#store.broken.find((entry) => entry.directory === directory);
    return broken
      ? [broken.problem.message, broken.problem.remedy ?? ''].join(' ')
      : `Its directory ${directory} is gone.`;
  }
}
