import * as vscode from 'vscode';
import { type ContextKey, contextKeys } from '../manifest';
import type { RunStore } from '../runs/run-store';
import { canBeAsked } from './applicable-runs';

/** The only writer of this extension's context keys, by which menus and keys are enabled. */
export class ContextKeys {
  readonly #store: RunStore;
  readonly #written = new Map<ContextKey, boolean>();
  readonly #onError: (error: unknown) => void;

  readonly #hasRunFilter: () => boolean;

  constructor(store: RunStore, hasRunFilter: () => boolean, onError: (error: unknown) => void) {
    this.#store = store;
    this.#hasRunFilter = hasRunFilter;
    this.#onError = onError;
  }

  /** Brings the keys up to date; tells the editor only what changed. */
  update(): void {
    const { runs, broken } = this.#store;
    const values: Readonly<Record<ContextKey, boolean>> = {
      'ebm.canChange': runs.some((run) => canBeAsked(run, 'change')),
      'ebm.canPause': runs.some((run) => canBeAsked(run, 'pause')),
      'ebm.canResume': runs.some((run) => canBeAsked(run, 'resume')),
      'ebm.canStep': runs.some((run) => canBeAsked(run, 'step')),
      'ebm.canStop': runs.some((run) => canBeAsked(run, 'stop')),
      'ebm.canTakeOver': runs.some((run) => canBeAsked(run, 'takeOver')),
      'ebm.canWriteCheckpoint': runs.some((run) => canBeAsked(run, 'checkpoint')),
      'ebm.hasRuns': runs.length + broken.length > 0,
      'ebm.hasRunFilter': this.#hasRunFilter(),
    };
    for (const key of contextKeys) {
      if (this.#written.get(key) === values[key]) continue;
      this.#written.set(key, values[key]);
      vscode.commands.executeCommand('setContext', key, values[key]).then(undefined, this.#onError);
    }
  }
}
