/** The tree's row for something that was handed to Slurm. */
import path from 'node:path';
import * as vscode from 'vscode';
import { actionsFor, type Standing } from '../../run-directory/slurm-queue';
import { countByStanding, reasonText, standingText } from '../../vocabulary/slurm-tasks';

const prefix = 'slurm:';

/** The tree's element for it; no run directory is called so, for those are absolute paths. */
export function slurmKey({ folder }: Standing): string {
  return `${prefix}${folder}`;
}

/** Where it was submitted from; nothing of an element that is something else. */
export function slurmFolderIn(element: string): string | undefined {
  return element.startsWith(prefix) ? element.slice(prefix.length) : undefined;
}

/** @param problem why Slurm gave no answer when it was asked last */
export function slurmItem(standing: Standing, problem: string | undefined): vscode.TreeItem {
  const { name, rows, ended } = standing;
  const item = new vscode.TreeItem(name);
  const told = standingText(rows, ended);
  item.id = slurmKey(standing);
  item.description = told;
  item.iconPath = iconOf(standing, problem);
  item.contextValue = ['slurm', ...actionsFor(rows ?? []).map((action) => `can-${action}`)].join(
    ' ',
  );
  item.tooltip = tooltip(standing, told, problem);
  item.accessibilityInformation = { label: `${name}, with Slurm, ${told}` };
  return item;
}

function iconOf({ rows, ended }: Standing, problem: string | undefined): vscode.ThemeIcon {
  if (ended) return new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed'));
  if (problem !== undefined) {
    const colour = new vscode.ThemeColor('problemsWarningIcon.foreground');
    return new vscode.ThemeIcon('warning', colour);
  }
  const { running } = countByStanding(rows ?? []);
  return running > 0
    ? new vscode.ThemeIcon('server-process', new vscode.ThemeColor('charts.green'))
    : new vscode.ThemeIcon('watch');
}

function tooltip(
  { name, jobs, rows, ended, folder }: Standing,
  told: string,
  problem: string | undefined,
): vscode.MarkdownString {
  // Nothing that a folder or Slurm says becomes a link, an image or markup.
  const text = new vscode.MarkdownString('', true);
  const line = (icon: string, words: string) => {
    text.appendMarkdown(`\n\n$(${icon}) `);
    text.appendText(words);
  };
  text.appendText(name);
  line('server-process', `Slurm job ${jobs.join(', ')}: ${told}`);
  for (const reason of countByStanding(rows ?? []).reasons) {
    const meaning = reasonText(reason);
    if (meaning !== undefined) line('watch', `${reason}: ${meaning}`);
  }
  if (problem !== undefined) line('warning', `${problem} This is how it stood before.`);
  line('output', `${ended ? 'Why it ended is told in' : 'Logs:'} ${path.join(folder, 'log')}`);
  return text;
}
