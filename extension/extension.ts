/** The composition root: makes the parts, wires them, and hands them to the editor to dispose. */
// Installs what `vscode-jsonrpc` needs of Node before anything else of it is used.
import 'vscode-jsonrpc/node';
import path from 'node:path';
import * as vscode from 'vscode';
import { problemOf } from '../protocol/problem';
import { factsOf } from '../vocabulary/run-status';
import { annotationCommands } from './commands/annotation-commands';
import { archiveCommands } from './commands/archive-commands';
import { changeRun } from './commands/change-run';
import { type CommandTable, registerCommands } from './commands/command-table';
import { actOnCompared, compareCommands } from './commands/compare-commands';
import { ContextKeys } from './commands/context-keys';
import { openLog, RunInspector } from './commands/inspect-run';
import { lookingCommand } from './commands/looking-command';
import { queueCommands } from './commands/queue-commands';
import { actOnRun, rerun, runCommands } from './commands/run-commands';
import { slurmCommands } from './commands/slurm-commands';
import { sweepCommands } from './commands/sweep-commands';
import { transferCommands } from './commands/transfer-commands';
import { treeCommands } from './commands/tree-commands';
import { ComparePanels } from './compare/compare-panels';
import { configuredNode, settingsOf } from './launching/configured-node';
import { Launcher } from './launching/launcher';
import type { settingDefaults } from './manifest';
import { KeptArrangement } from './panel/panel-arrangement';
import { RunPanels } from './panel/run-panels';
import type { Run } from './runs/run';
import { defaultGraceMs, RunStore } from './runs/run-store';
import { SlurmJobs } from './runs/slurm-jobs';
import { relayThroughSlurm, slurmJobOf } from './runs/slurm-relay';
import { RunWatcher } from './runs/watch-runs';
import { ExperimentCodeLens } from './views/experiment-code-lens';
import { ExperimentDiagnostics } from './views/experiment-diagnostics';
import { Notifications } from './views/notifications';
import { RunAnnouncements } from './views/run-announcements';
import { RunDocuments } from './views/run-documents';
import { RunStatusBar } from './views/run-status-bar';
import { RunsTree } from './views/runs-tree';

/** The setting that says what becomes of runs when the window is closed. */
const closing = 'ebm.whenEditorCloses' satisfies keyof typeof settingDefaults;

/** The setting that says how many runs train at once. */
const concurrency = 'ebm.maxConcurrentRuns' satisfies keyof typeof settingDefaults;

/** The setting that has all runs shown in one panel. */
const onePanel = 'ebm.onePanel' satisfies keyof typeof settingDefaults;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('EBM Lab', { log: true });
  const notifications = new Notifications(log);
  const onError = (error: unknown) => notifications.problem(problemOf(error));
  const trainer = {
    script: context.asAbsolutePath('dist/ebm.js'),
    packages: path.join(context.globalStorageUri.fsPath, 'packages'),
  };
  const store = new RunStore({
    log,
    relay: async ({ manifest, directory }) => {
      const job = slurmJobOf(manifest);
      if (job === undefined) return undefined;
      const { path: node, env } = await configuredNode(directory);
      return relayThroughSlurm(directory, job, { node, env, script: trainer.script });
    },
    mayAttach: () => vscode.workspace.isTrusted,
    wish: (directory) => ({
      whenGone: settingsOf(directory).get(closing) === 'stop' ? 'stop' : 'train',
      graceMs: defaultGraceMs,
    }),
  });
  const slurm = new SlurmJobs(() => store.folders);
  const tree = new RunsTree(store, slurm);
  const watcher = new RunWatcher(store, {
    onError,
    isOfInterest: () =>
      vscode.window.state.focused || tree.isVisible || store.runs.some(({ isLiving }) => isLiving),
  });

  const panels = new RunPanels(store, watcher.loaded, {
    extensionUri: context.extensionUri,
    arrangement: new KeptArrangement(context.workspaceState),
    log,
    act: (run, action) => actOnRun(run, action, launcher),
    change: changeRun,
    look: (run) => lookingCommand(run, trainer, log),
    runs: () => store.runs,
    onDidChangeRuns: (listener) => store.onDidChangeSet(listener),
    onProblem: (problem) => notifications.warn(problem),
    isOnePanel: () => vscode.workspace.getConfiguration().get(onePanel) === true,
  });
  const diagnostics = new ExperimentDiagnostics();
  const launcher = new Launcher({ store, panels, diagnostics, notifications, log, trainer });
  const documents = new RunDocuments((directory) => store.contains(directory));
  const again = (run: Parameters<typeof rerun>[1]) => rerun(launcher, run);
  const inspector = new RunInspector({ store, panels, documents, notifications, rerun: again });
  const comparePanels = new ComparePanels(store, watcher.loaded, {
    extensionUri: context.extensionUri,
    log,
    act: (runs, action) => actOnCompared(runs, action, documents),
    onProblem: (problem) => notifications.warn(problem),
  });
  const places = { store, tree, panels, notifications };
  const commands: CommandTable = {
    ...runCommands({ ...places, launcher, inspector, diagnostics, trainer, log }),
    ...treeCommands(places, launcher),
    ...annotationCommands(places),
    ...archiveCommands(places),
    ...transferCommands(places),
    ...compareCommands({ ...places, comparePanels }),
    ...sweepCommands({ ...places, comparePanels, launcher, trainer, log }),
    ...queueCommands(launcher, notifications),
    ...slurmCommands({ slurm, launcher, notifications }),
  };

  const statusBar = new RunStatusBar();
  const contextKeys = new ContextKeys(store, () => tree.filter !== '', onError);
  const codeLens = new ExperimentCodeLens(store);
  const announcements = new RunAnnouncements({
    store,
    notifications,
    rerun: again,
    openLog: (run) => openLog(run.directory),
    resume: (run) => actOnRun(run, 'resume', launcher),
    inspect: () => inspector.chooseRun(),
  });
  let endedBadly: Run | undefined;
  const refresh = () => {
    const living = store.runs.filter(({ isLiving }) => isLiving);
    const active = living.find((run) => run === panels.activeRun) ?? living[0];
    // A run that crashed stays in sight until another one trains.
    if (active) endedBadly = undefined;
    const waiting = launcher.queue.waiting.length;
    statusBar.show(active ?? endedBadly, Math.max(0, living.length - 1), waiting);
    contextKeys.update();
  };
  const noteEnd = (run: Run) => {
    if (factsOf(run.state.status).endedBadly) endedBadly = run;
    refresh();
  };

  const startNext = () => void launcher.queue.startNext().catch(onError);
  // Runs that live already take their places first.
  void watcher.loaded.then(startNext);
  const queueFiles = vscode.workspace.createFileSystemWatcher('**/.ebm/queue/*.json*');
  const lookAtQueue = () => void launcher.queue.refresh().catch(onError);
  // Who does not look costs the cluster nothing.
  const lookAtSlurm = () => {
    if (tree.isVisible && vscode.workspace.isTrusted) void slurm.look().catch(onError);
  };

  context.subscriptions.push(
    log,
    ...registerCommands(commands, onError),
    panels.register(),
    documents.register(),
    comparePanels.register(),
    vscode.languages.registerCodeLensProvider({ scheme: 'file', pattern: '**/*.ebm.ts' }, codeLens),
    store.onDidChangeSet(refresh),
    store.onDidChangeRun(refresh),
    store.onDidEndRun(noteEnd),
    store.onDidEndRun(startNext),
    launcher.queue.onDidChange(refresh),
    queueFiles,
    queueFiles.onDidCreate(lookAtQueue),
    queueFiles.onDidDelete(lookAtQueue),
    watcher.onDidLook(lookAtQueue),
    watcher.onDidLook(lookAtSlurm),
    tree.onDidChangeVisibility(lookAtSlurm),
    vscode.window.onDidChangeWindowState(() => watcher.wake()),
    tree.onDidChangeVisibility(() => watcher.wake()),
    store.onDidChangeSet(() => watcher.wake()),
    vscode.workspace.onDidGrantWorkspaceTrust(startNext),
    panels.onDidChangeActive(refresh),
    tree.onDidChangeFilter(refresh),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(closing)) store.renewWishes().catch(onError);
      if (change.affectsConfiguration(concurrency)) startNext();
    }),
    ...[
      codeLens,
      announcements,
      diagnostics,
      statusBar,
      tree,
      slurm,
      panels,
      comparePanels,
      watcher,
      store,
    ],
  );
}
