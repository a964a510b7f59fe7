import path from 'node:path';
import * as vscode from 'vscode';
import type { CompareAction, CompareHostSide, ComparePageSide } from '../../protocol/compare';
import { type Problem, ProblemError } from '../../protocol/problem';
import { readPreview } from '../../run-directory/previews';
import { comparePanelType } from '../manifest';
import { ClockReader } from '../panel/clock-reader';
import { messageHtml } from '../panel/panel-html';
import { PanelPage, type PanelPageMeans } from '../panel/panel-page';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import { CompareFeed, type Comparison } from './compare-feed';
import { restoredComparison } from './restored-comparison';

export interface ComparePanelsMeans extends PanelPageMeans {
  /** Does what the page asks for with runs of it. */
  readonly act: (runs: readonly Run[], action: CompareAction) => Promise<void>;
  readonly onProblem: (problem: Problem) => void;
}

/** All panels that compare runs: one for each choice of runs. */
export class ComparePanels implements vscode.WebviewPanelSerializer {
  readonly #store: RunStore;
  readonly #means: ComparePanelsMeans;
  /** Resolves when the runs on disk have been read. */
  readonly #loaded: Promise<void>;
  /** By the directories of their runs. */
  readonly #panels = new Map<string, vscode.WebviewPanel>();

  constructor(store: RunStore, loaded: Promise<void>, means: ComparePanelsMeans) {
    this.#store = store;
    this.#loaded = loaded;
    this.#means = means;
  }

  register(): vscode.Disposable {
    return vscode.window.registerWebviewPanelSerializer(comparePanelType, this);
  }

  /** Compares runs in a panel of their own, or reveals it. */
  show(comparison: Comparison): void {
    const open = this.#panels.get(keyOf(comparison));
    if (open) {
      open.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      comparePanelType,
      comparison.title,
      vscode.ViewColumn.Active,
    );
    this.#take(panel, comparison);
  }

  /** Called by the editor for each panel that was open when the window was closed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    await this.#loaded;
    const comparison = restoredComparison(state, (directory) => this.#store.contains(directory));
    if (comparison && !this.#panels.has(keyOf(comparison))) {
      this.#take(panel, comparison);
      return;
    }
    panel.webview.options = { enableScripts: false, localResourceRoots: [] };
    panel.webview.html = messageHtml(
      'These runs cannot be compared',
      comparison
        ? 'They are compared in another panel already.'
        : 'What was kept of this panel names no runs of this workspace. Close it, and choose runs with “EBM: Compare Runs…”.',
    );
  }

  dispose(): void {
    for (const panel of [...this.#panels.values()]) panel.dispose();
  }

  #take(panel: vscode.WebviewPanel, comparison: Comparison): void {
    const { log, onProblem, act } = this.#means;
    const page = new PanelPage<CompareHostSide, ComparePageSide>(panel, 'compare', this.#means);
    const { peer } = page;
    const feed = new CompareFeed(
      comparison,
      {
        snapshot: (snapshot, signal) => peer.request('snapshot', snapshot, { signal }),
        update: (update, signal) => peer.request('update', update, { signal }),
      },
      {
        log,
        onProblem,
        find: (directory) => this.#store.find(directory),
        onDidChangeRun: (listener) => this.#store.onDidChangeRun(listener),
        mayKeepIndex: () => vscode.workspace.isTrusted,
      },
    );
    /** One of its runs: the page may ask for no others. */
    const runIn = (directory: string): Run => {
      const run = comparison.directories.includes(directory)
        ? this.#store.find(directory)
        : undefined;
      if (run) return run;
      throw new ProblemError({
        kind: 'storage',
        message: `${path.basename(directory)} is not one of the runs that are compared here.`,
        remedy: 'If it was archived or deleted, compare the others anew.',
      });
    };
    peer.handle('preview', ({ directory, step }) => {
      const { manifest } = runIn(directory);
      if (!manifest.preview || !Number.isSafeInteger(step)) {
        throw new ProblemError({
          kind: 'storage',
          message: `There is no preview of step ${step}.`,
        });
      }
      return readPreview(directory, step, manifest.preview);
    });
    const clocks = new Map<string, ClockReader>();
    peer.handle('clock', ({ directory }) => {
      runIn(directory);
      const reader = clocks.get(directory) ?? new ClockReader(directory);
      clocks.set(directory, reader);
      return reader.read();
    });
    peer.handle('act', async ({ action, directories }) => {
      await act(directories.map(runIn), action);
      return null;
    });
    const key = keyOf(comparison);
    this.#panels.set(key, panel);
    panel.title = comparison.title;
    const visibility = panel.onDidChangeViewState(() => {
      if (!panel.visible) feed.stop();
    });
    panel.onDidDispose(() => {
      feed.stop();
      page.dispose();
      visibility.dispose();
      this.#panels.delete(key);
    });
    page.onReady(() => feed.start());
  }
}

function keyOf({ directories }: Comparison): string {
  return [...directories].sort().join('\n');
}
