import type { Problem } from '../../protocol/problem';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import type { Notifications } from './notifications';

export interface AnnouncementMeans {
  readonly store: RunStore;
  readonly notifications: Notifications;
  readonly rerun: (run: Run) => Promise<void>;
  readonly openLog: (run: Run) => Promise<void>;
  readonly resume: (run: Run) => Promise<void>;
}

/** Tells the user what happens to runs that nobody asked for: a death, a pause for a reason. */
export class RunAnnouncements {
  readonly #means: AnnouncementMeans;
  /** The problem last told, by run. */
  readonly #told = new Map<string, string>();
  readonly #subscriptions: readonly { dispose(): void }[];

  constructor(means: AnnouncementMeans) {
    this.#means = means;
    this.#subscriptions = [
      means.store.onDidEndRun((run) => this.#announceEnd(run)),
      means.store.onDidChangeRun((run) => this.#announcePause(run)),
    ];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #announceEnd(run: Run): void {
    const { status, problem } = run.state;
    if ((status !== 'failed' && status !== 'crashed') || !problem) return;
    const { notifications, rerun, openLog } = this.#means;
    notifications.problem(problem, [
      { title: 'Rerun', run: () => rerun(run) },
      { title: 'Show Log', run: () => openLog(run) },
    ]);
  }

  #announcePause(run: Run): void {
    const { status, problem } = run.state;
    if (status !== 'paused' || !problem) {
      this.#told.delete(run.directory);
      return;
    }
    if (this.#told.get(run.directory) === problem.message) return;
    this.#told.set(run.directory, problem.message);
    this.#means.notifications.warn(named(run, problem), [
      { title: 'Resume', run: () => this.#means.resume(run) },
      { title: 'Show Log', run: () => this.#means.openLog(run) },
    ]);
  }
}

function named(run: Run, problem: Problem): Problem {
  return { ...problem, message: `‘${run.name}’ was paused: ${problem.message}` };
}
