import * as vscode from 'vscode';
import type { Launcher } from '../launching/launcher';
import type { WaitingLaunch } from '../launching/run-queue';
import type { Notifications } from '../views/notifications';
import { timeText } from '../views/run-text';
import type { CommandTable } from './command-table';

/** What waits for its turn, and what can be done with it. */
export function queueCommands(launcher: Launcher, notifications: Notifications) {
  return {
    'ebm.showQueue': () => showQueue(launcher, notifications),
  } satisfies Partial<CommandTable>;
}

async function showQueue(launcher: Launcher, notifications: Notifications): Promise<void> {
  const { queue } = launcher;
  await queue.refresh();
  if (queue.waiting.length === 0) {
    notifications.inform('No launch waits. Those beyond `ebm.maxConcurrentRuns` do.');
    return;
  }
  const items = queue.waiting.map((launch, k) => ({
    label: `${k + 1}. ${launch.entry.experiment}`,
    description: changesOf(launch),
    detail: `Launched ${timeText(launch.entry.createdAt, Date.now())}`,
    launch,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Queue',
    placeHolder: 'Launches in the order in which they begin; choose one to change that',
    matchOnDescription: true,
  });
  if (!chosen || !launcher.isAllowed()) return;
  const action = await vscode.window.showQuickPick(
    [
      { label: '$(arrow-up) Move to Front', act: () => queue.moveToFront(chosen.launch) },
      { label: '$(play) Start Now', act: () => queue.startNow(chosen.launch) },
      { label: '$(trash) Remove', act: () => queue.remove(chosen.launch) },
    ],
    { title: chosen.label, placeHolder: 'What is to become of it?' },
  );
  if (!action || (await action.act())) return;
  notifications.inform('That launch waits no longer: it has begun, or another window removed it.');
}

/** What a launch changes of its experiment, or that it changes nothing. */
function changesOf({ entry: { overrides, exactly } }: WaitingLaunch): string {
  if (exactly !== undefined) return `exactly as ${exactly}`;
  return Object.entries(overrides)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(' ');
}
