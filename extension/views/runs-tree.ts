import path from 'node:path';
import * as vscode from 'vscode';
import { readNotes } from '../../run-directory/annotations';
import { diskUse, sizeText } from '../../run-directory/disk-use';
import { thisHost } from '../../run-directory/host';
import { isSameHost } from '../../vocabulary/presence';
import { formatCount } from '../../vocabulary/quantities';
import { contactTexts } from '../../vocabulary/run-status';
import { rungStanding } from '../../vocabulary/rungs';
import { type CommandId, runsViewId } from '../manifest';
import type { Run } from '../runs/run';
import { distinctions } from '../runs/run-difference';
import type { BrokenRun, RunStore } from '../runs/run-store';
import type { SlurmJobs } from '../runs/slurm-jobs';
import { treeContext } from './offered-actions';
import {
  type Arrangement,
  arrange,
  type SweepRow,
  sweepKey,
  sweepProgress,
} from './run-arrangement';
import {
  progressText,
  speedText,
  standingText,
  statusIconId,
  sweepProgressText,
  timeLeftText,
  timeText,
} from './run-text';
import { slurmFolderIn, slurmItem, slurmKey } from './slurm-item';

/** Changes within this time are shown together. */
const gatheringMs = 400;
const here = thisHost();
/** A tooltip is no place for more. */
const longestNotes = 1_000;

/** Themes have a colour for each of these. */
const iconColours: Readonly<Record<string, string>> = {
  pulse: 'charts.green',
  'debug-pause': 'charts.yellow',
  check: 'testing.iconPassed',
  error: 'testing.iconFailed',
  warning: 'problemsWarningIcon.foreground',
};

/** The tree of all runs. Its elements are their directories, the keys of sweeps and of what is with Slurm. */
export class RunsTree implements vscode.TreeDataProvider<string> {
  readonly #store: RunStore;
  readonly #slurm: SlurmJobs;
  readonly #view: vscode.TreeView<string>;
  readonly #changed = new vscode.EventEmitter<string[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #filterChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeFilter = this.#filterChanged.event;
  readonly #subscriptions: readonly { dispose(): void }[];
  #filter = '';
  #arrangement: Arrangement | undefined;
  /** What is to be shown anew: some runs, or all. */
  #stale: Set<string> | 'all' = new Set();
  #starred = new Map<string, boolean>();
  #living = new Map<string, boolean>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: RunStore, slurm: SlurmJobs) {
    this.#store = store;
    this.#slurm = slurm;
    this.#view = vscode.window.createTreeView(runsViewId, {
      treeDataProvider: this,
      canSelectMany: true,
    });
    this.#subscriptions = [
      this.#view,
      this.#changed,
      this.#filterChanged,
      store.onDidChangeSet(() => this.#invalidate()),
      store.onDidChangeRun((run) => this.#invalidate(run)),
      slurm.onDidChange(() => this.#invalidate()),
      this.#view.onDidChangeVisibility(() => this.#schedule()),
    ];
    this.#decorate();
  }

  get filter(): string {
    return this.#filter;
  }

  /** Shows only the runs that fit, see `runFilter`. */
  setFilter(text: string): void {
    this.#filter = text.trim();
    this.#filterChanged.fire();
    this.#decorate();
    this.#invalidate();
  }

  /** Whether it is to be seen. */
  get isVisible(): boolean {
    return this.#view.visible;
  }

  /** It came to be seen, or is hidden now. */
  onDidChangeVisibility(listener: () => void): vscode.Disposable {
    return this.#view.onDidChangeVisibility(listener);
  }

  /** Runs and sweeps that are selected in the tree. */
  get selected(): readonly string[] {
    return this.#view.selection;
  }

  getChildren(element?: string): string[] {
    if (element !== undefined) return [...(this.sweep(element)?.children ?? [])];
    const { runs, broken } = this.#store;
    this.#arrangement = arrange(runs, broken, this.#filter);
    this.#starred = new Map(runs.map((run) => [run.directory, run.annotations.starred]));
    this.#living = new Map(runs.map((run) => [run.directory, run.isLiving]));
    // What is yet to come is newer than any run.
    const slurm = this.#filter === '' ? this.#slurm.standings : [];
    return [...slurm.map(slurmKey), ...this.#arrangement.roots];
  }

  /** The sweep that an element stands for. */
  sweep(element: string): SweepRow | undefined {
    return this.#arrangement?.sweeps.get(element);
  }

  getTreeItem(directory: string): vscode.TreeItem {
    const sweep = this.sweep(directory);
    if (sweep) return sweepItem(sweep);
    const submitted = this.#slurm.find(slurmFolderIn(directory));
    if (submitted) return slurmItem(submitted, this.#slurm.problem);
    const run = this.#store.find(directory);
    if (run) return runItem(run, this.#arrangement?.before.get(directory));
    const broken = this.#store.broken.find((entry) => entry.directory === directory);
    return broken ? brokenItem(broken) : new vscode.TreeItem(path.basename(directory));
  }

  async resolveTreeItem(
    item: vscode.TreeItem,
    directory: string,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    const run = this.#store.find(directory);
    if (!run) return item;
    const [bytes, notes] = await Promise.all([
      // A directory that is being deleted has no size, and notes that cannot be read are not shown.
      diskUse(directory).catch(() => undefined),
      readNotes(directory).catch(() => ''),
    ]);
    if (!token.isCancellationRequested) {
      item.tooltip = tooltip(run, this.#arrangement?.before.get(directory), bytes, notes);
    }
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #invalidate(run?: Run): void {
    // A star moves the run.
    const isMoved = run && this.#starred.get(run.directory) !== run.annotations.starred;
    if (run === undefined || isMoved || this.#filter !== '') this.#stale = 'all';
    else if (this.#stale !== 'all') {
      this.#stale.add(run.directory);
      const { group } = run.manifest;
      // A sweep's row is drawn with all below it, so not at every step of its runs.
      if (group && this.#living.get(run.directory) !== run.isLiving) {
        this.#living.set(run.directory, run.isLiving);
        this.#stale.add(sweepKey(group.id));
      }
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#decorate();
      // What is hidden is shown anew when it is to be seen again.
      if (!this.#view.visible) return;
      const stale = this.#stale;
      this.#stale = new Set();
      if (stale === 'all') this.#changed.fire(undefined);
      else if (stale.size > 0) this.#changed.fire([...stale]);
    }, gatheringMs);
  }

  #decorate(): void {
    const living = this.#store.runs.filter(({ isLiving }) => isLiving).length;
    const inTraining = `${living} ${living === 1 ? 'run' : 'runs'} in training`;
    this.#view.badge = living === 0 ? undefined : { value: living, tooltip: inTraining };
    if (this.#filter === '') {
      delete this.#view.message;
      return;
    }
    const count = this.#store.runs.length;
    this.#view.message = `Filtered by “${this.#filter}”, of ${count === 1 ? 'one run' : `${count} runs`}.`;
  }
}

/** Of a run that waits at a rung: nothing is wrong with it, and nobody has stopped it. */
const rungIcon = 'milestone';

function runItem(run: Run, before: Run | undefined): vscode.TreeItem {
  const { state, contact, directory, manifest, annotations } = run;
  const { group } = manifest;
  const told = distinctions(manifest, group ? undefined : before?.manifest).join(' ');
  // The runs of a sweep have one name, unless somebody gave them another.
  const name = (group && annotations.name === undefined && told) || run.name;
  const item = new vscode.TreeItem(name);
  const status = standingText(run);
  const progress = state.status === 'finished' ? formatCount(state.step) : progressText(state);
  const difference = name === told ? '' : told;
  const standing = rungStanding(manifest);
  // The whole words are in the tooltip: a narrow side bar has no room for them.
  const rung = standing?.waits ? `rung ${standing.values.length} of ${standing.of}` : '';
  const icon = rung === '' ? statusIconId(state, contact) : rungIcon;
  const facts = [
    annotations.starred ? '★' : '',
    // A narrow side bar shows the first of them only: what changes, else what tells runs apart.
    ...(run.isLiving ? [progress, difference] : [difference, rung, progress]),
    annotations.tags.map((tag) => `#${tag}`).join(' '),
    timeText(manifest.createdAt, Date.now()),
  ].filter((fact) => fact !== '');
  item.id = directory;
  item.description = facts.join(' · ');
  item.iconPath = themeIcon(icon);
  item.contextValue = treeContext(run);
  item.command = {
    title: 'Open Panel',
    command: 'ebm.openRun' satisfies CommandId,
    arguments: [directory],
  };
  const star = annotations.starred ? 'starred, ' : '';
  item.accessibilityInformation = {
    label: `${name}, ${star}${status}, ${facts.filter((fact) => fact !== '★').join(', ')}`,
  };
  return item;
}

function sweepItem(sweep: SweepRow): vscode.TreeItem {
  const { key, name, children } = sweep;
  const progress = sweepProgress(sweep);
  const { done, waiting, of, living } = progress;
  const hidden = sweep.runs.length - children.length;
  const facts = [sweepProgressText(progress), ...(hidden > 0 ? [`${hidden} hidden`] : [])];
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed);
  const icon = living > 0 ? new vscode.ThemeColor(iconColours['pulse']!) : undefined;
  item.id = key;
  item.description = facts.join(' · ');
  item.iconPath = new vscode.ThemeIcon('layers', icon);
  item.tooltip = `Sweep ‘${name}’: ${facts.join(', ')}`;
  item.contextValue = living > 0 || done + waiting < of ? 'sweep unfinished' : 'sweep';
  item.accessibilityInformation = { label: `${name}, sweep, ${facts.join(', ')}` };
  return item;
}

function brokenItem({ directory, problem }: BrokenRun): vscode.TreeItem {
  const name = path.basename(directory);
  const item = new vscode.TreeItem(name);
  const reason = [problem.message, problem.remedy ?? ''].join(' ').trim();
  item.id = directory;
  item.description = `cannot be opened: ${problem.message.replace(`${directory}${path.sep}`, '').replace(directory, name)}`;
  item.tooltip = reason;
  item.iconPath = themeIcon('error');
  item.contextValue = 'broken';
  item.accessibilityInformation = { label: `${name}, cannot be opened: ${reason}` };
  return item;
}

function themeIcon(id: string): vscode.ThemeIcon {
  const colour = iconColours[id];
  return colour === undefined
    ? new vscode.ThemeIcon(id)
    : new vscode.ThemeIcon(id, new vscode.ThemeColor(colour));
}

function tooltip(
  run: Run,
  before: Run | undefined,
  bytes: number | undefined,
  notes: string,
): vscode.MarkdownString {
  const { name, state, contact, manifest, annotations, directory } = run;
  // Nothing that a run says of itself becomes a link, an image or markup.
  const text = new vscode.MarkdownString('', true);
  const line = (icon: string, words: string) => {
    text.appendMarkdown(`\n\n$(${icon}) `);
    text.appendText(words);
  };
  text.appendText(name);
  if (name !== manifest.name) line('file-code', manifest.name);
  const progress = [
    standingText(run),
    progressText(state),
    timeLeftText(state),
    speedText(state),
  ].filter((fact) => fact !== '');
  line(statusIconId(state, contact), progress.join(' · '));
  const { worker } = manifest;
  if (worker?.job) line('server-process', `${worker.job.system} job ${worker.job.id}`);
  if (worker?.host && !isSameHost(worker.host, here)) line('remote', `on ${worker.host.name}`);
  if (contact !== 'heard') line('warning', contactTexts[contact]);
  if (state.problem) {
    line('error', [state.problem.message, state.problem.remedy ?? ''].join(' ').trim());
  }
  const told = distinctions(manifest, before?.manifest);
  if (told.length > 0) line('settings', told.join(', '));
  if (annotations.tags.length > 0) line('tag', annotations.tags.join(', '));
  if (notes.trim() !== '') {
    const isLong = notes.length > longestNotes;
    line('note', isLong ? `${notes.slice(0, longestNotes)}…` : notes.trim());
  }
  line('calendar', timeText(manifest.createdAt, Number.NaN));
  line('folder', path.basename(directory) + (bytes === undefined ? '' : `, ${sizeText(bytes)}`));
  return text;
}
