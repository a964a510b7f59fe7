import { type Disposable, Emitter } from 'vscode-jsonrpc';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { PreviewFrame, RunManifest, SeriesChunks } from '../../protocol/run';
import type { Attachment } from '../../protocol/trainer';
import { askTrainer, type RequestedAction } from '../../run-directory/control-requests';
import { readScalars } from '../../run-directory/event-file';
import { thisHost } from '../../run-directory/host';
import { readManifest } from '../../run-directory/manifest';
import { listPreviewSteps, readPreview } from '../../run-directory/previews';
import { presenceNow } from '../../run-directory/trainer-presence';
import { BeatWatch, isSameHost } from '../../vocabulary/presence';
import { contactOf, isLiving } from '../../vocabulary/run-status';
import type { Log } from '../log';
import type { Run } from './run';
import type { RunFollower } from './run-follower';

/** With what a run of another host is followed. */
interface DistantMeans {
  readonly log: Log;
  /** How often one is looked at whose curves are shown (milliseconds)… */
  readonly shown?: number;
  /** …and one that is only listed. */
  readonly listed?: number;
}

/**
 * A living run whose trainer is on another host. No watcher of files tells what that writes, and no
 * socket reaches it: its files are looked at again and again, opened anew each time, and its trainer is
 * asked by files. What cannot be seen just now is no news.
 */
export class DistantRun implements RunFollower {
  readonly #run: Run;
  readonly #log: Log;
  readonly #every: { readonly shown: number; readonly listed: number };
  readonly #watch = new BeatWatch();
  readonly #series = new Emitter<SeriesChunks>();
  readonly #previews = new Emitter<PreviewFrame>();
  readonly #attachments = new Emitter<Attachment>();
  readonly #ended = new Emitter<void>();
  readonly #moved = new Emitter<void>();
  /** Who listens for points: only then are they read. */
  #listeners = 0;
  /** Up to where the event file is told of. */
  #bytes = 0;
  #newestPreview = -1;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isDisposed = false;

  constructor(run: Run, { log, shown = 2_000, listed = 10_000 }: DistantMeans) {
    this.#run = run;
    this.#log = log;
    this.#every = { shown, listed };
    run.setController(this);
    void this.#look();
  }

  onSeries(listener: (series: SeriesChunks) => void): Disposable {
    this.#listeners += 1;
    const subscription = this.#series.event(listener);
    return {
      dispose: () => {
        this.#listeners -= 1;
        subscription.dispose();
      },
    };
  }

  onPreview(listener: (preview: PreviewFrame) => void): Disposable {
    return this.#previews.event(listener);
  }

  onAttached(listener: (attachment: Attachment) => void): Disposable {
    return this.#attachments.event(listener);
  }

  /** Files drop nothing. */
  onGap(): Disposable {
    return { dispose: () => undefined };
  }

  onEnded(listener: () => void): Disposable {
    return this.#ended.event(listener);
  }

  /** Fires when the run goes on on this host, where it is better followed. */
  onMoved(listener: () => void): Disposable {
    return this.#moved.event(listener);
  }

  async attach(): Promise<Attachment> {
    const { directory } = this.#run;
    for await (const { bytes } of readScalars(directory, { from: this.#bytes }))
      this.#bytes = bytes;
    const previewSteps = await listPreviewSteps(directory);
    this.#newestPreview = previewSteps.at(-1) ?? -1;
    const { manifest, state } = this.#run;
    const attachment: Attachment = {
      ...{ manifest, state, previewSteps, eventBytes: this.#bytes },
      control: 'free',
    };
    this.#attachments.fire(attachment);
    this.#schedule();
    return attachment;
  }

  pause = () => this.#ask('pause');
  resume = () => this.#ask('resume');
  step = () => this.#ask('step');
  checkpoint = () => this.#ask('checkpoint');
  stop = () => this.#ask('stop');

  takeOver(): Promise<void> {
    throw new ProblemError({
      kind: 'environment',
      message: `‘${this.#run.name}’ trains on another host, where a window controls it.`,
      remedy: 'Use that window.',
    });
  }

  async renewWish(): Promise<void> {
    // A trainer on another host does not hear when this window is closed.
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    if (this.#run.controller === this) this.#run.setController(undefined);
  }

  async #ask(action: RequestedAction): Promise<void> {
    const state = await askTrainer(this.#run.directory, this.#run.name, action);
    if (isLiving(state.status)) this.#run.update({ state });
    else await this.#look();
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce()
      .catch((error: unknown) => this.#log.info(`‘${this.#run.name}’: ${problemOf(error).message}`))
      .finally(() => {
        this.#looking = undefined;
        this.#schedule();
      });
    return this.#looking;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    const { shown, listed } = this.#every;
    this.#timer = setTimeout(() => void this.#look(), this.#listeners > 0 ? shown : listed);
    this.#timer.unref();
  }

  async #lookOnce(): Promise<void> {
    const { directory } = this.#run;
    // A record that is being replaced, or that a server has lost sight of, is there the next time.
    const manifest = await readManifest(directory).catch(() => this.#run.manifest);
    const presence = await presenceNow(directory, manifest, this.#watch);
    if (this.#isDisposed) return;
    if (!isLiving(manifest.state.status)) return this.#finish(manifest, this.#ended);
    if (isSameHost(manifest.worker?.host, thisHost())) return this.#finish(manifest, this.#moved);
    this.#run.update({ manifest, contact: contactOf(presence) });
    if (this.#listeners > 0) await this.#readOn();
  }

  async #readOn(): Promise<void> {
    const { directory, manifest } = this.#run;
    for await (const { series, restarts, bytes } of readScalars(directory, { from: this.#bytes })) {
      if (this.#isDisposed) return;
      // Curves that begin anew are read from the start by who shows them.
      if (restarts) return void (await this.attach());
      this.#bytes = bytes;
      this.#series.fire(series);
    }
    const newest = (await listPreviewSteps(directory)).at(-1) ?? -1;
    if (newest <= this.#newestPreview || !manifest.preview) return;
    this.#newestPreview = newest;
    this.#previews.fire(await readPreview(directory, newest, manifest.preview));
  }

  #finish(manifest: RunManifest, how: Emitter<void>): void {
    this.dispose();
    this.#run.update({ manifest, contact: 'heard' });
    how.fire();
  }
}
