import { setTimeout as delay } from 'node:timers/promises';
import { type Disposable, Emitter } from 'vscode-jsonrpc';
import type { Peer } from '../../protocol/peer';
import { ProblemError, problemOf } from '../../protocol/problem';
import type { PreviewFrame, RunManifest, SeriesChunks } from '../../protocol/run';
import { connectToTrainer } from '../../protocol/socket-transport';
import type { Attachment, EditorSide, OwnerWish, TrainerSide } from '../../protocol/trainer';
import { readManifest } from '../../run-directory/manifest';
import { isProcessAlive } from '../../run-directory/process-alive';
import { isLiving, silenceLimitMs } from '../../vocabulary/run-status';
import type { Log } from '../log';
import { isTrainerOf } from '../processes/process-identity';
import type { StartedTrainer } from '../processes/start-trainer';
import {
  endProcess,
  exitsWithin,
  foundProcess,
  type TrainerProcess,
} from '../processes/trainer-process';
import { recordCrash } from './crash';
import type { Run } from './run';
import type { RunFollower } from './run-follower';
import { trustedWorker } from './trusted-worker';

/** How long to wait for what, in milliseconds. */
export interface ControllerTimes {
  /** Without a sign of life for this long, a trainer counts as not responding. */
  readonly silence: number;
  /** An answer to `attach`, `pause` or `resume`: the loop answers between two steps. */
  readonly answer: number;
  /** From the request to stop until all is on disk. */
  readonly stop: number;
  /** From that until the process has ended, then from SIGTERM to SIGKILL. */
  readonly grace: number;
}

const defaultTimes: ControllerTimes = {
  silence: silenceLimitMs,
  answer: 60_000,
  stop: 20_000,
  grace: 5_000,
};

/** With what runs are followed. */
export interface ControllerMeans {
  readonly log: Log;
  readonly times?: Partial<ControllerTimes>;
  /** What is to become of the run when this window is closed, asked whenever it is told to the trainer. */
  readonly wish: () => OwnerWish;
}

type TrainerPeer = Peer<EditorSide, TrainerSide>;

/**
 * The connection to the trainer of one living run: relays its events, asks it things, finds it
 * again when the connection breaks, and notices when it is gone. Disposing it never ends the run.
 */
export class RunController implements RunFollower {
  readonly run: Run;
  readonly #process: TrainerProcess;
  readonly #log: Log;
  readonly #times: ControllerTimes;
  readonly #wish: () => OwnerWish;
  readonly #disposal = new AbortController();
  readonly #series = new Emitter<SeriesChunks>();
  readonly #previews = new Emitter<PreviewFrame>();
  readonly #attachments = new Emitter<Attachment>();
  readonly #gaps = new Emitter<void>();
  readonly #ended = new Emitter<void>();
  readonly #pulse: NodeJS.Timeout;
  #peer: TrainerPeer | undefined;
  #lastHeard = performance.now();
  #hasExited = false;
  /** Connections in a row that led to nothing. */
  #failures = 0;
  #attaching: Promise<Attachment> | undefined;
  #stopping: Promise<void> | undefined;
  /** The trainer could not write the checkpoint of a stop. */
  #stopWasRefused = false;

  private constructor(run: Run, process: TrainerProcess, { log, times, wish }: ControllerMeans) {
    this.run = run;
    this.#process = process;
    this.#log = log;
    this.#times = { ...defaultTimes, ...times };
    this.#wish = wish;
    this.#pulse = setInterval(() => this.#checkPulse(), Math.min(1000, this.#times.silence / 2));
    this.#pulse.unref();
    void process.exited.then(() => {
      this.#hasExited = true;
      this.#peer?.close();
    });
    run.setController(this);
  }

  /** Takes over a trainer that was just started. */
  static started(
    run: Run,
    { process, peer, attachment }: StartedTrainer,
    means: ControllerMeans,
  ): RunController {
    const controller = new RunController(run, process, means);
    controller.#adopt(peer);
    run.update({ control: attachment.control });
    return controller;
  }

  /**
   * Looks for the trainer of a run that some other window started, or this one before it was
   * reloaded; marks the run as crashed when it is gone.
   *
   * @throws ProblemError `storage` when `run.json` does not name its own trainer.
   */
  static found(run: Run, means: ControllerMeans): RunController {
    const worker = trustedWorker(run.manifest);
    const process = foundProcess(worker.pid, run.directory);
    const controller = new RunController(run, process, means);
    controller.#findAgain();
    return controller;
  }

  /** New points, in order; after a gap, some before them are on disk only. */
  onSeries(listener: (series: SeriesChunks) => void): Disposable {
    return this.#series.event(listener);
  }

  onPreview(listener: (preview: PreviewFrame) => void): Disposable {
    return this.#previews.event(listener);
  }

  /**
   * From now on events continue at `eventBytes` of the event file. Fires on each attachment, whoever
   * asked for it: what came before is on disk, and not all of it came as events.
   */
  onAttached(listener: (attachment: Attachment) => void): Disposable {
    return this.#attachments.event(listener);
  }

  /** Events were dropped: nothing that comes before the next attachment continues what came so far. */
  onGap(listener: () => void): Disposable {
    return this.#gaps.event(listener);
  }

  /** Fires once, when the run has ended one way or another; the run's state says how. */
  onEnded(listener: () => void): Disposable {
    return this.#ended.event(listener);
  }

  /** Subscribes anew: resolves with where the live events continue. */
  attach(): Promise<Attachment> {
    this.#attaching ??= this.#attach().finally(() => {
      this.#attaching = undefined;
    });
    return this.#attaching;
  }

  async #attach(): Promise<Attachment> {
    const attachment = await this.#open().request('attach', {}, { timeoutMs: this.#times.answer });
    const { manifest, state, control } = attachment;
    this.run.update({ manifest, state, control });
    this.#attachments.fire(attachment);
    return attachment;
  }

  /** Resolves once the loop stands still between two steps. */
  async pause(): Promise<void> {
    const state = await this.#open().request('pause', {}, { timeoutMs: this.#times.answer });
    this.run.update({ state });
  }

  async resume(): Promise<void> {
    const state = await this.#open().request('resume', {}, { timeoutMs: this.#times.answer });
    this.run.update({ state });
  }

  /** Trains one step; resolves once the loop stands still again. */
  async step(): Promise<void> {
    const state = await this.#open().request('step', {}, { timeoutMs: this.#times.answer });
    this.run.update({ state });
  }

  /** Gives an option another value between two steps; resolves once it is durable. */
  async change(option: string, value: number): Promise<void> {
    const timeoutMs = this.#times.answer;
    const state = await this.#open().request('change', { option, value }, { timeoutMs });
    this.run.update({ state });
  }

  /** Writes a checkpoint between two steps; resolves once it is durable. */
  async checkpoint(): Promise<void> {
    const state = await this.#open().request('checkpoint', {}, { timeoutMs: this.#times.answer });
    this.run.update({ state });
  }

  /** Controls the run from here, whoever did so before. */
  async takeOver(): Promise<void> {
    await this.#own(this.#open(), true);
  }

  /** Tells the trainer anew what is to become of the run when this window is closed. */
  async renewWish(): Promise<void> {
    if (this.#peer?.isOpen) await this.#own(this.#peer, false);
  }

  async #own(peer: TrainerPeer, takeOver: boolean): Promise<void> {
    const wish = { ...this.#wish(), takeOver };
    const control = await peer.request('own', wish, { timeoutMs: this.#times.answer });
    this.run.update({ control });
  }

  /**
   * Ends the run: asks it to; when it does not answer in time, ends the process. A run whose
   * checkpoint cannot be written stays paused; asked again, it is ended without.
   *
   * @throws ProblemError that says why it goes on, or `worker` when it had to be ended by force.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** Lets go of the trainer, which trains on. Idempotent. */
  dispose(): void {
    this.#process.dispose();
    this.#letGo();
  }

  #letGo(): void {
    if (this.#disposal.signal.aborted) return;
    this.#disposal.abort();
    clearInterval(this.#pulse);
    this.#peer?.close();
    if (this.run.controller === this) this.run.setController(undefined);
  }

  async #stop(): Promise<void> {
    try {
      await this.#open().request('stop', {}, { timeoutMs: this.#times.stop });
    } catch (error) {
      const problem = problemOf(error);
      // A connection that closes first is how a stop may look from here; the process decides.
      this.#log.warn(`Asking ‘${this.run.name}’ to stop: ${problem.message}`);
      if (problem.kind === 'storage' && !this.#stopWasRefused) {
        this.#stopWasRefused = true;
        const remedy = `${problem.remedy ?? ''} Stopping it once more ends it without a checkpoint.`;
        throw new ProblemError({ ...problem, remedy: remedy.trim() }, { cause: error });
      }
      if (problem.kind === 'environment') throw error;
    }
    if (await exitsWithin(this.#process, this.#times.grace)) return;
    await endProcess(this.#process, this.#times.grace);
    const manifest = await recordCrash(this.run.directory, this.run.state, 'by force');
    this.#finish(manifest);
    throw new ProblemError({
      kind: 'worker',
      message: `The trainer of ‘${this.run.name}’ did not stop when asked and was ended.`,
      remedy: 'All that it recorded is kept; its last checkpoint is the newest one in the folder.',
    });
  }

  #open(): TrainerPeer {
    if (this.#peer?.isOpen) return this.#peer;
    throw new ProblemError({
      kind: 'worker',
      message: `The trainer of ‘${this.run.name}’ cannot be reached just now.`,
      remedy: 'Try again in a moment, or look into its log.',
    });
  }

  #adopt(peer: TrainerPeer): void {
    this.#peer = peer;
    this.#heard();
    peer.on('state', (state) => {
      this.#heard();
      this.run.update({ state });
    });
    peer.on('metrics', (series) => {
      this.#heard();
      this.#series.fire(series);
    });
    peer.on('preview', (preview) => {
      this.#heard();
      this.#previews.fire(preview);
    });
    peer.on('control', ({ control }) => {
      this.#heard();
      this.run.update({ control });
    });
    peer.on('lagging', () => {
      this.#log.warn(`‘${this.run.name}’ sent more than could be read: catching up from disk.`);
      this.#gaps.fire();
      this.attach().catch((error: unknown) => peer.close(error as Error));
    });
    peer.onClose((reason) => {
      if (this.#disposal.signal.aborted) return;
      if (reason) this.#log.warn(`Connection to ‘${this.run.name}’: ${reason.message}`);
      this.#peer = undefined;
      this.#findAgain();
    });
  }

  #heard(): void {
    this.#lastHeard = performance.now();
    if (this.run.contact !== 'heard') this.run.update({ contact: 'heard' });
  }

  #checkPulse(): void {
    this.#peer?.emit('alive', {});
    if (this.run.contact === 'heard' && performance.now() - this.#lastHeard > this.#times.silence) {
      this.#log.warn(`‘${this.run.name}’ has given no sign of life for too long.`);
      this.run.update({ contact: 'silent' });
    }
  }

  /** Without a connection: the run has ended, or its trainer is gone, or it can be reached again. */
  #findAgain(): void {
    this.#search().catch((error: unknown) => {
      if (this.#disposal.signal.aborted) return;
      // The directory cannot be read any more (deleted, unmounted): the run is over for us.
      const problem = problemOf(error, 'storage');
      this.#log.error(`‘${this.run.name}’: ${problem.message}`);
      const { step, steps } = this.run.state;
      this.#finish({ ...this.run.manifest, state: { status: 'crashed', step, steps, problem } });
    });
  }

  async #search(): Promise<void> {
    const { directory } = this.run;
    const { signal } = this.#disposal;
    // What answers but makes no sense is not asked again and again at once.
    if (this.#failures > 0)
      await delay(Math.min(25 * 2 ** this.#failures, 5_000), null, { signal });
    for (let pause = 25; !signal.aborted; pause = Math.min(2 * pause, 1000)) {
      const manifest = await readManifest(directory);
      if (!isLiving(manifest.state.status)) return this.#finish(manifest);
      const { pid } = this.#process;
      if (this.#hasExited || !(await isProcessAlive(pid))) return await this.#crashed();
      const peer = await this.#connect(trustedWorker(manifest).socket);
      if (peer) {
        this.#adopt(peer);
        // Closing it starts the next search.
        const begin = async () => {
          await this.#own(peer, false);
          await this.attach();
          this.#failures = 0;
        };
        this.#failures += 1;
        await begin().catch((error: unknown) => peer.close(error as Error));
        return;
      }
      // Nobody listens: is that process the trainer at all, or a later one with its number?
      if (!this.#hasExited && !(await isTrainerOf(pid, directory))) return await this.#crashed();
      await delay(pause, undefined, { signal });
    }
  }

  async #connect(socket: string): Promise<TrainerPeer | undefined> {
    try {
      return await connectToTrainer(socket, this.#disposal.signal);
    } catch (error) {
      this.#log.info(`‘${this.run.name}’ is not listening: ${problemOf(error).message}`);
      return undefined;
    }
  }

  async #crashed(): Promise<void> {
    this.#finish(await recordCrash(this.run.directory, this.run.state, 'without a word'));
  }

  #finish(manifest: RunManifest): void {
    if (this.#disposal.signal.aborted) return;
    // The process itself may take a moment more, and a stop waits for that.
    this.#letGo();
    this.run.update({ manifest, contact: 'heard' });
    // Where somebody has just resumed it, the store finds it again.
    if (!isLiving(manifest.state.status)) this.#ended.fire();
  }
}
