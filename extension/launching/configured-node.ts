import * as vscode from 'vscode';
import { settingDefaults } from '../manifest';
import { chooseNode, type NodeRuntime } from '../processes/node-runtime';

/** The settings that hold for a file. */
export function settingsOf(file: string): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration(undefined, vscode.Uri.file(file));
}

/**
 * The Node that runs the trainer.
 *
 * @param file whose settings hold; the window's where absent
 * @throws ProblemError `environment` where there is none
 */
export async function configuredNode(file?: string): Promise<NodeRuntime> {
  const settings = file === undefined ? vscode.workspace.getConfiguration() : settingsOf(file);
  return await chooseNode({
    configured: settings.get<string>('ebm.nodePath', settingDefaults['ebm.nodePath']).trim(),
    editor: process.execPath,
  });
}
