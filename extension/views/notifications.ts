import path from 'node:path';
import * as vscode from 'vscode';
import type { Problem } from '../../protocol/problem';

/** A button of a notification. */
export interface NotificationAction {
  readonly title: string;
  readonly run: () => unknown;
}

/** Every toast of the extension. One event, one toast; details go to the log. */
export class Notifications {
  readonly #log: vscode.LogOutputChannel;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
  }

  /** Opens the log of the extension. */
  get showLog(): NotificationAction {
    return { title: 'Show Log', run: () => this.#log.show() };
  }

  /** What happened, where, and what to do; with a way to the log, unless `actions` know a better one. */
  problem(problem: Problem, actions: readonly NotificationAction[] = [this.showLog]): void {
    this.#log.error(describe(problem));
    const text = sentence(problem);
    this.#offer(actions, (...titles) => vscode.window.showErrorMessage(text, ...titles));
  }

  /** Something is not as it should be, and work goes on. */
  warn(problem: Problem, actions: readonly NotificationAction[] = []): void {
    this.#log.warn(describe(problem));
    this.#offer(actions, (...titles) =>
      vscode.window.showWarningMessage(sentence(problem), ...titles),
    );
  }

  /** Why nothing happens, and what would make it happen. */
  inform(text: string, actions: readonly NotificationAction[] = []): void {
    this.#offer(actions, (...titles) => vscode.window.showInformationMessage(text, ...titles));
  }

  #offer(
    actions: readonly NotificationAction[],
    show: (...titles: string[]) => Thenable<string | undefined>,
  ): void {
    // Not awaited by whoever notifies: a toast stays as long as the user lets it.
    show(...actions.map(({ title }) => title))
      .then((chosen) => actions.find(({ title }) => title === chosen)?.run())
      .then(undefined, (error: unknown) => this.#log.error(String(error)));
  }
}

function sentence({ message, remedy, location }: Problem): string {
  const place = location ? `${path.basename(location.file)}:${location.line}: ` : '';
  return `${place}${message}${remedy === undefined ? '' : ` ${remedy}`}`;
}

function describe({ kind, message, location, detail }: Problem): string {
  const place = location ? `\n  at ${location.file}:${location.line}:${location.column}` : '';
  return `[${kind}] ${message}${place}${detail ? `\n${detail}` : ''}`;
}
