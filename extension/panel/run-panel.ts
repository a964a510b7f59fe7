import * as vscode from 'vscode';
import type { HostSide, PageSide, PanelAction } from '../../protocol/panel';
import { type Problem, ProblemError } from '../../protocol/problem';
import { readPreview } from '../../run-directory/previews';
import type { Log } from '../log';
import type { LookingCommand } from '../processes/looking-process';
import type { Run } from '../runs/run';
import { distinctionOf, titleOf } from '../runs/run-title';
import { ClockReader } from './clock-reader';
import type { KeptArrangement } from './panel-arrangement';
import { PanelFeed } from './panel-feed';
import type { PanelPage } from './panel-page';
import { RunQuestions } from './run-questions';
import { saveFile } from './save-file';

/** The page of a run panel. */
export type RunPage = PanelPage<HostSide, PageSide>;

export interface RunPanelMeans {
  readonly log: Log;
  /** What a button of the page asks for; rejects with the problem if that fails. */
  readonly act: (run: Run, action: PanelAction) => Promise<void>;
  /** Gives an option another value while the run trains; rejects with the problem if it does not take it. */
  readonly change: (run: Run, option: string, value: number) => Promise<void>;
  /** What answers questions about the model of a run; rejects with the problem where nothing may. */
  readonly look: (run: Run) => Promise<LookingCommand>;
  readonly onProblem: (problem: Problem) => void;
  readonly arrangement: KeptArrangement;
  /** All runs, newest first. */
  readonly runs: () => readonly Run[];
  /** Runs came or went. */
  readonly onDidChangeRuns: (listener: () => void) => vscode.Disposable;
}

/** One webview panel that shows one run. Closing it ends nothing but the view. */
export class RunPanel {
  readonly run: Run;
  readonly #page: RunPage;
  readonly #feed: PanelFeed;
  readonly #questions: RunQuestions;
  readonly #subscriptions: vscode.Disposable[];

  constructor(run: Run, page: RunPage, means: RunPanelMeans) {
    this.run = run;
    this.#page = page;
    const { webviewPanel, peer } = page;
    this.#feed = new PanelFeed(
      run,
      {
        snapshot: (snapshot, signal) => peer.request('snapshot', snapshot, { signal }),
        update: (update, signal) => peer.request('update', update, { signal }),
      },
      {
        log: means.log,
        onProblem: means.onProblem,
        distinction: () => distinctionOf(run, means.runs(), Date.now()),
        arrangement: () => means.arrangement.current,
        mayKeepIndex: () => vscode.workspace.isTrusted,
      },
    );
    this.#answer(means);
    this.#questions = new RunQuestions(run, peer, () => means.look(run));
    this.#subscriptions = [
      webviewPanel.onDidChangeViewState(() => {
        if (webviewPanel.visible) return;
        this.#feed.stop();
        // Nobody hears the answer: shown again, the page is another one.
        this.#questions.stop();
      }),
      run.onDidChange(() => this.#setTitle(means)),
      page.peer.on('arranged', (arrangement) => {
        means.arrangement.keep(arrangement).catch((error: unknown) => {
          means.log.warn(`How the sections lie could not be kept: ${String(error)}`);
        });
      }),
      // Another run of its name may have come.
      means.onDidChangeRuns(() => this.#setTitle(means)),
    ];
    this.#setTitle(means);
    page.onReady(() => this.#feed.start());
  }

  get webviewPanel(): vscode.WebviewPanel {
    return this.#page.webviewPanel;
  }

  /** Disposes of these, too, when the panel shows this run no more. */
  until(...subscriptions: readonly vscode.Disposable[]): void {
    this.#subscriptions.push(...subscriptions);
  }

  dispose(): void {
    this.#feed.stop();
    this.#questions.stop();
    this.#page.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #setTitle({ runs }: RunPanelMeans): void {
    const title = titleOf(this.run, runs(), Date.now());
    if (this.webviewPanel.title !== title) this.webviewPanel.title = title;
  }

  #answer({ act, change }: RunPanelMeans): void {
    const { run } = this;
    const { peer } = this.#page;
    peer.handle('preview', ({ step }) => {
      const layout = run.manifest.preview;
      if (!layout || !Number.isSafeInteger(step)) {
        throw new ProblemError({
          kind: 'storage',
          message: `There is no preview of step ${step}.`,
        });
      }
      return readPreview(run.directory, step, layout);
    });
    const clock = new ClockReader(run.directory);
    peer.handle('clock', () => clock.read());
    peer.handle('saveFile', async ({ name, kind, bytes }) => {
      await saveFile(run, name, kind, bytes);
      return null;
    });
    peer.handle('change', async ({ option, value }) => {
      await change(run, option, value);
      return null;
    });
    peer.handle('act', async ({ action }) => {
      await act(run, action);
      return null;
    });
  }
}
