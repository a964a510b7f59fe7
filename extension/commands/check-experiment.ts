import path from 'node:path';
import * as vscode from 'vscode';
import type { WantedBackend } from '../../protocol/backends';
import type { CheckReport } from '../../protocol/check';
import { configuredNode, settingsOf } from '../launching/configured-node';
import type { Launcher, TrainerProgram } from '../launching/launcher';
import { settingDefaults } from '../manifest';
import { ebmAnswer } from '../processes/trainer-command';
import type { ExperimentDiagnostics } from '../views/experiment-diagnostics';
import type { Notifications } from '../views/notifications';
import type { ChosenExperiment } from './choose-experiment';

export interface CheckMeans {
  readonly launcher: Launcher;
  readonly notifications: Notifications;
  readonly diagnostics: ExperimentDiagnostics;
  readonly log: vscode.LogOutputChannel;
  readonly trainer: TrainerProgram;
}

/**
 * **EBM: Check Experiment**: tries an experiment without training it. What is wrong or doubtful becomes
 * squiggles and one message; all that was learned goes to the log.
 */
export async function checkExperiment(
  { file, folder }: ChosenExperiment,
  { launcher, notifications, diagnostics, log, trainer }: CheckMeans,
): Promise<void> {
  const name = path.basename(file);
  const cancellation = new AbortController();
  diagnostics.clear(file);
  try {
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Checking ${name}`,
        cancellable: true,
      },
      async (_, token) => {
        token.onCancellationRequested(() => cancellation.abort());
        const backend = settingsOf(file).get<WantedBackend>(
          'ebm.backend',
          settingDefaults['ebm.backend'],
        );
        return await ebmAnswer<CheckReport>({
          ...trainer,
          node: await configuredNode(file),
          args: ['check', '--json', '--backend', backend, '--', file],
          cwd: folder,
          signal: cancellation.signal,
        });
      },
    );
    for (const { about, text } of report.facts) log.info(`${name}, ${about}: ${text}`);
    await diagnostics.showAll(file, report.findings);
    tell(name, report, notifications);
  } catch (error) {
    if (cancellation.signal.aborted) log.info(`The check of ${name} was cancelled.`);
    else await launcher.explain(error);
  }
}

function tell(name: string, { facts, findings }: CheckReport, notifications: Notifications): void {
  const [first, ...others] = findings;
  if (first === undefined) {
    const steps = facts.find(({ about }) => about === 'steps')?.text;
    notifications.inform(
      `Nothing wrong or doubtful was found in ${name}.${steps ? ` Steps take ${steps}.` : ''}`,
      [notifications.showLog],
    );
    return;
  }
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const problem = { ...first, message: `${first.message}${more}` };
  const show = {
    title: 'Show Problems',
    run: () => vscode.commands.executeCommand('workbench.actions.view.problems'),
  };
  if (first.severity === 'wrong') notifications.problem(problem, [show]);
  else notifications.warn(problem, [show]);
}
