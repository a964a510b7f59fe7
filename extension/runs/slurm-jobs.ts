import { type Disposable, Emitter } from 'vscode-jsonrpc';
import type { JobAction } from '../../run-directory/slurm-commands';
import { actOnSubmission, lookAtQueue, type Standing } from '../../run-directory/slurm-queue';
import { slurmFolderOf } from '../../run-directory/slurm-submissions';

/** What was handed to Slurm from the folders of a workspace, as it was seen last. */
export class SlurmJobs {
  readonly #folders: () => readonly string[];
  readonly #changed = new Emitter<void>();
  #standings: readonly Standing[] = [];
  #problem: string | undefined;
  #looking: Promise<void> | undefined;

  /** @param folders of runs */
  constructor(folders: () => readonly string[]) {
    this.#folders = folders;
  }

  get standings(): readonly Standing[] {
    return this.#standings;
  }

  /** Why Slurm gave no answer when it was asked last. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @param folder where it was submitted from */
  find(folder: string | undefined): Standing | undefined {
    return this.#standings.find((one) => one.folder === folder);
  }

  onDidChange(listener: () => void): Disposable {
    return this.#changed.event(listener);
  }

  /** Looks how all stands; Slurm itself is asked once a minute at most, however often this is. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** @returns how many tasks that were */
  async act({ folder }: Standing, action: JobAction): Promise<number> {
    const count = await actOnSubmission(folder, action);
    await this.look();
    return count;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #lookOnce(): Promise<void> {
    const views = await Promise.all(
      this.#folders().map((folder) => lookAtQueue(slurmFolderOf(folder))),
    );
    const standings = views.flatMap((view) => view.standings);
    const problem = views.find((view) => view.problem !== undefined)?.problem;
    const before = JSON.stringify([this.#standings, this.#problem ?? '']);
    this.#standings = standings;
    this.#problem = problem;
    if (JSON.stringify([standings, problem ?? '']) !== before) this.#changed.fire();
  }
}
