import * as vscode from 'vscode';
import type { Problem } from '../../protocol/problem';
import { factsOf } from '../../vocabulary/run-status';
import { canBeAsked } from '../commands/applicable-runs';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import type { NotificationAction, Notifications } from './notifications';

export interface AnnouncementMeans {
  readonly store: RunStore;
  readonly notifications: Notifications;
  readonly rerun: (run: Run) => Promise<void>;
  readonly openLog: (run: Run) => Promise<void>;
  /** Goes on with a run that is paused or has ended. */
  readonly resume: (run: Run) => Promise<void>;
  readonly inspect: () => Promise<void>;
}

/** What a toast about a run may offer. */
type Offer = 'rerunWithChanges' | 'resume' | 'rerun' | 'showLog';

/** Ends within this time of each other are told in one message. */
const gatheringMs = 200;

/** Tells the user what happens to runs that nobody asked for: a death, a pause for a reason. */
export class RunAnnouncements {
  readonly #means: AnnouncementMeans;
  /** The problem last told, by run. */
  readonly #told = new Map<string, string>();
  readonly #ended: { readonly run: Run; readonly problem: Problem }[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #subscriptions: readonly { dispose(): void }[];

  constructor(means: AnnouncementMeans) {
    this.#means = means;
    this.#subscriptions = [
      means.store.onDidEndRun((run) => this.#announceEnd(run)),
      means.store.onDidChangeRun((run) => this.#announcePause(run)),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #announceEnd(run: Run): void {
    const { status, problem } = run.state;
    if (!factsOf(status).endedBadly || !problem) return;
    this.#ended.push({ run, problem });
    // Several are found dead at once after the machine went down: that is one message.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#announceEnds(this.#ended.splice(0));
    }, gatheringMs);
  }

  #announceEnds(ended: readonly { readonly run: Run; readonly problem: Problem }[]): void {
    const { notifications, inspect } = this.#means;
    const [first] = ended;
    if (first === undefined) return;
    const { run, problem } = first;
    if (ended.length === 1) {
      notifications.problem(problem, this.#offered(run, offersFor(problem)));
      return;
    }
    const names = ended.map((one) => `‘${one.run.name}’`).join(', ');
    notifications.problem(
      {
        kind: 'worker',
        message: `${ended.length} runs have ended before their time: ${names}.`,
        remedy: 'All that they recorded is kept. Each can be resumed from its panel.',
      },
      [{ title: 'Inspect Run…', run: inspect }],
    );
  }

  #announcePause(run: Run): void {
    const { status, problem } = run.state;
    if (status !== 'paused' || !problem) {
      this.#told.delete(run.directory);
      return;
    }
    if (this.#told.get(run.directory) === problem.message) return;
    this.#told.set(run.directory, problem.message);
    const offered = this.#offered(run, offersFor(problem));
    this.#means.notifications.warn(named(run, problem), offered);
  }

  /** Those of `actions` that can be done now. */
  #offered(run: Run, actions: readonly Offer[]): readonly NotificationAction[] {
    const { resume, rerun, openLog } = this.#means;
    const offers: Readonly<Record<Offer, NotificationAction>> = {
      rerunWithChanges: {
        title: 'Rerun with Changes…',
        run: () => vscode.commands.executeCommand('ebm.rerunWithChanges', run.directory),
      },
      resume: { title: 'Resume', run: () => resume(run) },
      rerun: { title: 'Rerun', run: () => rerun(run) },
      showLog: { title: 'Show Log', run: () => openLog(run) },
    };
    return actions.filter((action) => canBeAsked(run, action)).map((action) => offers[action]);
  }
}

/** What diverged does so again where nothing is changed; what was interrupted need only go on. */
function offersFor({ kind }: Problem): readonly Offer[] {
  return kind === 'training'
    ? ['rerunWithChanges', 'resume', 'showLog']
    : ['resume', 'rerun', 'showLog'];
}

function named(run: Run, problem: Problem): Problem {
  return { ...problem, message: `‘${run.name}’ was paused: ${problem.message}` };
}
