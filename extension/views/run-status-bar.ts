import * as vscode from 'vscode';
import { contactTexts } from '../../vocabulary/run-status';
import type { CommandId } from '../manifest';
import type { Run } from '../runs/run';
import { statusBarActions } from './offered-actions';
import { progressText, speedText, statusIcon, statusName, timeLeftText } from './run-text';

/**
 * The status bar item of the run in training, or of one that just ended badly: how it is, and in
 * its tooltip what can be done.
 */
export class RunStatusBar {
  readonly #item = vscode.window.createStatusBarItem(
    'ebm.run',
    vscode.StatusBarAlignment.Left,
    // Left of what extensions show by default, right of the branch.
    10,
  );

  constructor() {
    this.#item.name = 'EBM Lab Run';
  }

  /** Shows one run, how many others live and how many wait; nothing when there is none of them. */
  show(run: Run | undefined, others: number, waiting: number): void {
    if (!run) {
      if (waiting > 0) this.#showQueue(waiting);
      else this.#item.hide();
      return;
    }
    const { state, contact } = run;
    const queued = waiting > 0 ? ` · ${waiting} waiting` : '';
    const more = `${others > 0 ? ` +${others}` : ''}${queued}`;
    const progress = state.status === 'starting' ? (state.phase ?? '') : progressText(state);
    const ending = run.isLiving ? '' : `${statusName(state, contact)} · `;
    this.#item.text = `${statusIcon(state, contact)} ${run.name} ${ending}${progress}${more}`;
    this.#item.tooltip = tooltip(run, waiting);
    this.#item.command = {
      title: 'Show the run',
      command: 'ebm.inspectRun' satisfies CommandId,
      arguments: [run.directory],
    };
    this.#item.accessibilityInformation = {
      label: `EBM run ${run.name}, ${statusName(state, contact)}, ${progress}${queued}`,
    };
    this.#item.show();
  }

  #showQueue(waiting: number): void {
    this.#item.text = `$(list-ordered) ${waiting} waiting`;
    this.#item.tooltip = 'Launches that wait for their turn';
    this.#item.command = 'ebm.showQueue' satisfies CommandId;
    this.#item.accessibilityInformation = { label: `EBM launches, ${waiting} waiting` };
    this.#item.show();
  }

  dispose(): void {
    this.#item.dispose();
  }
}

function tooltip(run: Run, waiting: number): vscode.MarkdownString {
  const { name, state, contact, isWatchedOnly, directory } = run;
  const text = new vscode.MarkdownString('', true);
  const actions = statusBarActions(run).map(({ title, command }) => [title, command] as const);
  if (waiting > 0) actions.push(['Show queue', 'ebm.showQueue']);
  // Only these commands may be run from the tooltip, whatever a run is called.
  text.isTrusted = { enabledCommands: actions.map(([, id]) => id) };
  text.appendText(`${name}: ${statusName(state, contact)}`);
  const facts = [progressText(state), speedText(state), timeLeftText(state)].filter(
    (fact) => fact !== '',
  );
  text.appendMarkdown(`\n\n${facts.join(' · ')}`);
  if (isWatchedOnly) text.appendMarkdown('\n\nAnother window controls it; this one only watches.');
  if (contact !== 'heard') {
    text.appendMarkdown('\n\n$(warning) ');
    text.appendText(contactTexts[contact]);
  }
  if (state.problem) {
    text.appendMarkdown('\n\n$(error) ');
    text.appendText([state.problem.message, state.problem.remedy ?? ''].join(' '));
  }
  const argument = encodeURIComponent(JSON.stringify([directory]));
  const links = actions.map(([title, id]) => `[${title}](command:${id}?${argument})`);
  text.appendMarkdown(`\n\n${links.join(' · ')}`);
  return text;
}
