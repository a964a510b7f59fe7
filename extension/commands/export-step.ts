import path from 'node:path';
import * as vscode from 'vscode';
import { configuredNode } from '../launching/configured-node';
import type { Launcher, TrainerProgram } from '../launching/launcher';
import { experimentSuffix } from '../manifest';
import { ebmAnswer } from '../processes/trainer-command';
import type { ExperimentDiagnostics } from '../views/experiment-diagnostics';
import type { Notifications } from '../views/notifications';
import type { ChosenExperiment } from './choose-experiment';

export interface ExportMeans {
  readonly launcher: Launcher;
  readonly notifications: Notifications;
  readonly diagnostics: ExperimentDiagnostics;
  readonly log: vscode.LogOutputChannel;
  readonly trainer: TrainerProgram;
}

/**
 * **EBM: Export Step as ONNX…**: compiles an experiment's training step and writes it where the user
 * says. Ends in one message when it cannot, like a launch.
 */
export async function exportStep(
  { file, folder }: ChosenExperiment,
  { launcher, notifications, diagnostics, log, trainer }: ExportMeans,
): Promise<void> {
  const name = path.basename(file, experimentSuffix);
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(path.join(path.dirname(file), `${name}.onnx`)),
    filters: { ONNX: ['onnx'] },
    title: 'Export Step as ONNX',
  });
  if (!target) return;
  diagnostics.clear(file);
  const cancellation = new AbortController();
  try {
    const { bytes } = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Compiling the step of ${path.basename(file)}`,
        cancellable: true,
      },
      async (_, token) => {
        token.onCancellationRequested(() => cancellation.abort());
        return await ebmAnswer<{ readonly bytes: number }>({
          ...trainer,
          node: await configuredNode(file),
          args: ['export-onnx', file, '--output', target.fsPath, '--json'],
          cwd: folder,
          signal: cancellation.signal,
        });
      },
    );
    notifications.inform(
      `The training step of ${path.basename(file)} is in ${path.basename(target.fsPath)} (${Math.ceil(bytes / 1024)} kB).`,
      [
        {
          title: 'Show in Explorer',
          run: () => vscode.commands.executeCommand('revealInExplorer', target),
        },
      ],
    );
  } catch (error) {
    if (cancellation.signal.aborted) log.info(`The export of ${name} was cancelled.`);
    else await launcher.explain(error);
  }
}
