import path from 'node:path';
import * as vscode from 'vscode';
import { peerDependencies } from '../../package.json';
import type { BackendReport } from '../../protocol/backends';
import { problemOf } from '../../protocol/problem';
import { configuredNode } from '../launching/configured-node';
import type { TrainerProgram } from '../launching/launcher';
import { installPackage, type NativePackage } from '../processes/install-packages';
import type { NodeRuntime } from '../processes/node-runtime';
import { ebmAnswer } from '../processes/trainer-command';
import type { NotificationAction, Notifications } from '../views/notifications';

const name = '@tensorflow/tfjs-node-gpu';

const gpuPackage: NativePackage = {
  name,
  spec: `${name}@${peerDependencies[name]}`,
  script: ['scripts/install.js', 'gpu', 'download'],
  target: 'deps',
};

/** Where the package has libraries for GPUs. */
const hasGpuBuild = /^(linux|win32)-x64$/;

const openSetting: NotificationAction = {
  title: 'Choose Backend',
  run: () => vscode.commands.executeCommand('workbench.action.openSettings', 'ebm.backend'),
};

export interface InstallMeans {
  readonly notifications: Notifications;
  readonly log: vscode.LogOutputChannel;
  readonly trainer: TrainerProgram;
}

/**
 * **EBM: Install GPU Backend…**: fetches `@tensorflow/tfjs-node-gpu` into the extension's storage when
 * the user agrees, then says what answered.
 */
export async function installGpuBackend({
  notifications,
  log,
  trainer,
}: InstallMeans): Promise<void> {
  const machine = `${process.platform}-${process.arch}`;
  if (!hasGpuBuild.test(machine)) {
    notifications.inform(
      `TensorFlow’s GPU library exists for Linux and Windows on x64, and this is ${machine}. Nothing needs to be installed here: ONNX Runtime uses the GPU where that is faster${process.platform === 'darwin' ? ' (WebGPU, Core ML)' : ' (WebGPU)'}.`,
      [openSetting],
    );
    return;
  }
  if (!(await consents(trainer.packages))) return;
  const cancellation = new AbortController();
  try {
    const report = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: 'Installing the GPU backend',
        cancellable: true,
      },
      async (progress, token) => {
        token.onCancellationRequested(() => cancellation.abort());
        const { signal } = cancellation;
        const node = await configuredNode();
        await installPackage({
          folder: trainer.packages,
          native: gpuPackage,
          node,
          env: process.env,
          signal,
          onProgress: (message) => progress.report({ message }),
        });
        progress.report({ message: 'asking it for its device' });
        return await askBackend(trainer, node, signal);
      },
    );
    tell(report, notifications);
  } catch (error) {
    if (cancellation.signal.aborted)
      log.info('The installation was cancelled; nothing was changed.');
    else notifications.problem(problemOf(error), [notifications.showLog]);
  }
}

async function consents(folder: string): Promise<boolean> {
  const install = 'Install';
  const chosen = await vscode.window.showInformationMessage(
    'Install TensorFlow for NVIDIA GPUs?',
    {
      modal: true,
      detail: [
        `npm fetches ${gpuPackage.spec} and the packages that it needs from its registry: about 300 MB on the disk.`,
        'The package then fetches TensorFlow 2.9 for CUDA from storage.googleapis.com: several hundred MB to download, and more than 1 GB on the disk.',
        `All of it goes into ${folder}, and nothing else is changed.`,
        'To compute on the GPU it needs an NVIDIA driver, CUDA 11.2 and cuDNN 8.1. Without it, EBM Lab trains with ONNX Runtime.',
      ].join('\n\n'),
    },
    install,
  );
  return chosen === install;
}

/** What the backend says in a process of its own. */
function askBackend(
  trainer: TrainerProgram,
  node: NodeRuntime,
  signal: AbortSignal,
): Promise<BackendReport> {
  return ebmAnswer<BackendReport>({
    ...trainer,
    node,
    args: ['backends', 'tfjs-node-gpu', '--json'],
    cwd: path.dirname(trainer.packages),
    signal,
  });
}

function tell(report: BackendReport, notifications: Notifications): void {
  if (report.works) {
    notifications.inform(
      `The GPU backend is installed and answers: ${report.description}. Runs use it from now on.`,
      [openSetting],
    );
    return;
  }
  notifications.warn(
    {
      kind: 'environment',
      message: `The GPU backend is installed, but runs will not use it: ${report.why}.`,
      ...(report.remedy === undefined ? {} : { remedy: report.remedy }),
    },
    [openSetting],
  );
}
