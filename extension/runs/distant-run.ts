import type { Duplex } from 'node:stream';
import { type Disposable, Emitter } from 'vscode-jsonrpc';
import { Peer } from '../../protocol/peer';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { PreviewFrame, RunManifest, SeriesChunks } from '../../protocol/run';
import { socketTransport } from '../../protocol/socket-transport';
import type { Attachment, EditorSide, TrainerSide } from '../../protocol/trainer';
import { askTrainer, type Request } from '../../run-directory/control-requests';
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
  /** A stream to its trainer, where there is a way to that host; else its files are all there is. */
  readonly relay?: (run: Run) => Promise<Duplex | undefined>;
}

/** A way that has failed is not tried again for so long (milliseconds): each try asks the cluster. */
const relayAgainMs = 60_000;
/** So long it may take until a trainer answers through it. */
const relayPatienceMs = 30_000;

/**
 * A living run whose trainer is on another host. No watcher of files tells what that writes, and no
 * socket reaches it: its files are looked at again and again, opened anew each time, and its trainer is
 * asked by files. What cannot be seen just now is no news. While its curves are shown, a relay to its
 * trainer tells of them at once, where there is one; whatever becomes of that, the files stay.
 */
export class DistantRun implements RunFollower {
  readonly #run: Run;
  readonly #log: Log;
  readonly #every: { readonly shown: number; readonly listed: number };
  readonly #watch = new BeatWatch();
  readonly #series = new Emitter<SeriesChunks>();
  readonly #previews = new Emitter<PreviewFrame>();
  readonly #attachments = new Emitter<Attachment>();
  readonly #gaps = new Emitter<void>();
  readonly #ended = new Emitter<void>();
  readonly #moved = new Emitter<void>();
  /** Who listens for points: only then are they read. */
  #listeners = 0;
  readonly #relay: DistantMeans['relay'];
  /** The trainer itself, once it has answered through a relay. */
  #live: Peer<EditorSide, TrainerSide> | undefined;
  #opened = Number.NEGATIVE_INFINITY;
  /** Up to where the event file is told of. */
  #bytes = 0;
  #newestPreview = -1;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isDisposed = false;

  constructor(run: Run, { log, shown = 2_000, listed = 10_000, relay }: DistantMeans) {
    this.#run = run;
    this.#log = log;
    this.#relay = relay;
    this.#every = { shown, listed };
    run.setController(this);
    void this.#look();
  }

  onSeries(listener: (series: SeriesChunks) => void): Disposable {
    this.#listeners += 1;
    void this.#openRelay();
    const subscription = this.#series.event(listener);
    return {
      dispose: () => {
        this.#listeners -= 1;
        subscription.dispose();
        if (this.#listeners === 0) this.#closeRelay();
      },
    };
  }

  onPreview(listener: (preview: PreviewFrame) => void): Disposable {
    return this.#previews.event(listener);
  }

  onAttached(listener: (attachment: Attachment) => void): Disposable {
    return this.#attachments.event(listener);
  }

  onGap(listener: () => void): Disposable {
    return this.#gaps.event(listener);
  }

  onEnded(listener: () => void): Disposable {
    return this.#ended.event(listener);
  }

  /** Fires when the run goes on on this host, where it is better followed. */
  onMoved(listener: () => void): Disposable {
    return this.#moved.event(listener);
  }

  async attach(): Promise<Attachment> {
    if (this.#live) return await this.#attachTo(this.#live);
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

  pause = () => this.#ask({ action: 'pause' });
  resume = () => this.#ask({ action: 'resume' });
  step = () => this.#ask({ action: 'step' });
  checkpoint = () => this.#ask({ action: 'checkpoint' });
  stop = () => this.#ask({ action: 'stop' });

  async change(option: string, value: number): Promise<void> {
    await this.#ask({ action: 'change', option, value });
    // What it is now is in its record, which is shown anew with what follows from it.
    await this.#look();
    await this.attach();
  }

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
    this.#closeRelay();
    if (this.#run.controller === this) this.#run.setController(undefined);
  }

  async #ask(request: Request): Promise<void> {
    const state = await askTrainer(this.#run.directory, this.#run.name, request);
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
    if (this.#listeners > 0 && !this.#live) await this.#readOn();
  }

  async #readOn(): Promise<void> {
    const { directory, manifest } = this.#run;
    for await (const { series, restarts, bytes } of readScalars(directory, { from: this.#bytes })) {
      // What its trainer tells itself meanwhile begins behind what is on disk.
      if (this.#isDisposed || this.#live) return;
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

  async #openRelay(): Promise<void> {
    const now = performance.now();
    if (!this.#relay || this.#live || now - this.#opened < relayAgainMs) return;
    this.#opened = now;
    try {
      const stream = await this.#relay(this.#run);
      if (!stream) return;
      const peer = new Peer<EditorSide, TrainerSide>(...socketTransport(stream));
      this.#hear(peer);
      const attachment = await this.#attachTo(peer);
      this.#log.info(
        `‘${this.#run.name}’ is heard through Slurm, at step ${attachment.state.step}.`,
      );
    } catch (error) {
      this.#log.info(`No way to ‘${this.#run.name}’ but its files: ${problemOf(error).message}`);
    }
  }

  #closeRelay(): void {
    const live = this.#live;
    this.#live = undefined;
    // Who looks again soon has it again.
    if (live) this.#opened = Number.NEGATIVE_INFINITY;
    live?.close();
  }

  #hear(peer: Peer<EditorSide, TrainerSide>): void {
    const isLive = () => this.#live === peer;
    peer.on('state', (state) => isLive() && this.#run.update({ state }));
    peer.on('metrics', (series) => isLive() && this.#series.fire(series));
    peer.on('preview', (preview) => isLive() && this.#previews.fire(preview));
    peer.on('lagging', () => {
      this.#gaps.fire();
      this.#attachTo(peer).catch((error: unknown) => peer.close(error as Error));
    });
    peer.onClose(() => {
      if (!isLive()) return;
      this.#live = undefined;
      if (this.#isDisposed) return;
      // What it has told last may not have come: its files have it.
      this.#gaps.fire();
      this.attach().catch((error: unknown) => this.#log.info(problemOf(error).message));
    });
  }

  /** From now on it is this one that tells what comes. */
  async #attachTo(peer: Peer<EditorSide, TrainerSide>): Promise<Attachment> {
    try {
      const told = await peer.request('attach', {}, { timeoutMs: relayPatienceMs });
      if (this.#isDisposed || this.#listeners === 0) throw new Error('Nobody looks any more.');
      // Messages are taken up one by one, so what comes right behind the answer comes after this.
      this.#live = peer;
      // It is asked by files, as by anybody on this host.
      const attachment: Attachment = { ...told, control: 'free' };
      this.#bytes = told.eventBytes;
      this.#newestPreview = told.previewSteps.at(-1) ?? -1;
      this.#run.update({ manifest: told.manifest, state: told.state });
      this.#attachments.fire(attachment);
      return attachment;
    } catch (error) {
      peer.close(error as Error);
      throw error;
    }
  }

  #finish(manifest: RunManifest, how: Emitter<void>): void {
    this.dispose();
    this.#run.update({ manifest, contact: 'heard' });
    how.fire();
  }
}
