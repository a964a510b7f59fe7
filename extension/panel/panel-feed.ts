import { setTimeout as delay } from 'node:timers/promises';
import type { Disposable } from 'vscode-jsonrpc';
import {
  movableSections,
  type PanelArrangement,
  type PanelSnapshot,
  type PanelUpdate,
} from '../../protocol/panel';
import { type Problem, problemOf } from '../../protocol/problem';
import type { Contact, PreviewFrame, RunState, SeriesChunks } from '../../protocol/run';
import { listCheckpoints } from '../../run-directory/checkpoints';
import { readScalars } from '../../run-directory/event-file';
import { EventIndex, readEventIndex } from '../../run-directory/event-index';
import { listPreviewSteps, readData, readPreview } from '../../run-directory/previews';
import type { Log } from '../log';
import type { Run } from '../runs/run';
import type { RunFollower } from '../runs/run-follower';
import {
  concatChunks,
  countPoints,
  exactArrays,
  pointBytes,
  splitChunks,
  unseenPoints,
} from './series-chunks';
import { Showing } from './showing';

/** The page, as the feed needs it. Each promise resolves when the page has taken the message in. */
export interface PanelPage {
  snapshot(snapshot: PanelSnapshot, signal: AbortSignal): Promise<unknown>;
  update(update: PanelUpdate, signal: AbortSignal): Promise<unknown>;
}

export interface PanelFeedOptions {
  readonly log: Log;
  /** A part of the run cannot be shown. */
  readonly onProblem: (problem: Problem) => void;
  /** What tells the run from others of its name now; nothing where absent. */
  readonly distinction?: () => string;
  /** How sections lie in panels of this workspace now; as at first where absent. */
  readonly arrangement?: () => PanelArrangement;
  /** Whether an index of the curves may be written: not in an untrusted workspace. */
  readonly mayKeepIndex: () => boolean;
  /**
   * Least time between two messages. More than ten a second tell nothing more of curves, and drawing
   * them takes a core of a machine that has no graphics card.
   */
  readonly intervalMs?: number;
  /** Most points of one message. */
  readonly pointsPerMessage?: number;
}

/** Points that may wait for a slow page before they are dropped and read from disk later. */
const mostWaitingPoints = 1_000_000;

/**
 * Tells one page about one run: a snapshot, the curves so far from disk, then what is new.
 *
 * Never more than one message is unanswered, none goes to a page that is hidden, and what a slow
 * page has not taken yet is merged meanwhile, so it costs neither memory nor the trainer's time.
 */
export class PanelFeed {
  readonly #run: Run;
  readonly #page: PanelPage;
  readonly #options: Required<PanelFeedOptions>;
  readonly #showing: Showing;
  #lastSent = Number.NEGATIVE_INFINITY;

  constructor(run: Run, page: PanelPage, options: PanelFeedOptions) {
    this.#run = run;
    this.#page = page;
    this.#options = {
      distinction: () => '',
      arrangement: () => ({ folded: [], order: movableSections }),
      intervalMs: 100,
      pointsPerMessage: Math.floor(1_000_000 / pointBytes),
      ...options,
    };
    this.#showing = new Showing(
      (generation, signal) => this.#show(generation, signal),
      (problem) => this.#options.onProblem(problem),
    );
  }

  /** Begins anew with a snapshot: the page's script has just begun to run. */
  start(): void {
    this.#showing.start();
  }

  /** Sends nothing any more, until started again. Idempotent. */
  stop(): void {
    this.#showing.stop();
  }

  async #show(generation: number, signal: AbortSignal): Promise<void> {
    const news = new News();
    const subscriptions = this.#subscribe(news, signal);
    try {
      const snapshot = await this.#snapshot(generation);
      await this.#page.snapshot(snapshot, signal);
      const seen = new Map<string, number>();
      const send = (update: Omit<PanelUpdate, 'generation'>) =>
        this.#send({ generation, ...update }, signal);
      const index = await readEventIndex(this.#run.directory);
      const overview = splitChunks(index?.series() ?? {}, this.#options.pointsPerMessage);
      for (const part of overview) await send({ overview: part, ...news.takeState() });
      const sendSeries = async (parts: readonly SeriesChunks[]) => {
        const fresh = unseenPoints(concatChunks(parts), seen);
        for (const series of splitChunks(fresh, this.#options.pointsPerMessage)) {
          await send({ series, ...news.takeState() });
        }
      };
      let told = {
        steps: snapshot.previewSteps,
        checkpoints: snapshot.checkpointSteps,
        newest: snapshot.preview?.step ?? -1,
      };
      /** Tells which previews there are, with a frame, or with the newest on disk where that is newer. */
      const sendKept = async (frame: PreviewFrame | undefined) => {
        const steps = await this.#orProblem(listPreviewSteps(this.#run.directory));
        const newest = steps?.at(-1) ?? -1;
        const preview = frame ?? (newest > told.newest ? await this.#kept(newest) : undefined);
        const isNews = steps !== undefined && String(steps) !== String(told.steps);
        const checkpoints = await this.#orProblem(listCheckpoints(this.#run.directory));
        const areNews =
          checkpoints !== undefined && String(checkpoints) !== String(told.checkpoints);
        if (!preview && !isNews && !areNews) return;
        told = {
          steps: steps ?? told.steps,
          checkpoints: checkpoints ?? told.checkpoints,
          newest: Math.max(told.newest, preview?.step ?? -1),
        };
        await send({
          ...(isNews ? { previewSteps: steps } : {}),
          ...(areNews ? { checkpointSteps: checkpoints } : {}),
          ...(preview ? { preview: exactArrays(preview) } : {}),
          ...news.takeState(),
        });
      };
      for (;;) {
        signal.throwIfAborted();
        for (let range = news.takeRange(); range; range = news.takeRange()) {
          await this.#sendHistory(range, index, {
            restart: async (restarts) => {
              for (const [metric, step] of Object.entries(restarts)) {
                seen.set(metric, Math.min(step - 1, seen.get(metric) ?? step - 1));
              }
              await send({ restarts });
            },
            series: sendSeries,
            signal,
          });
          if (range.from === 0) await send({ isComplete: true });
          // Frames that came while nobody listened, or that a slow reader was spared.
          await sendKept(undefined);
        }
        await sendSeries(news.takeSeries());
        for (let preview = news.takePreview(); preview; preview = news.takePreview()) {
          await sendKept(preview);
        }
        const state = news.takeState();
        if (Object.keys(state).length > 0) await send(state);
        await news.arrives(signal);
      }
    } finally {
      for (const subscription of subscriptions) subscription.dispose();
    }
  }

  /** Listens to the run from now on, and asks its trainer from where in the file that is. */
  #subscribe(news: News, signal: AbortSignal): Disposable[] {
    const run = this.#run;
    const { controller } = run;
    const subscriptions: Disposable[] = [];
    const attach = (to: RunFollower) => {
      // If it ended meanwhile or cannot be reached, what is on disk is all there is to show.
      to.attach().catch(() => news.addRange());
    };
    if (controller) {
      subscriptions.push(
        controller.onAttached(({ eventBytes }) => news.addRange(eventBytes)),
        controller.onGap(() => news.hold()),
        controller.onPreview((preview) => news.addPreview(preview)),
        controller.onSeries((series) => {
          if (news.addSeries(series) > mostWaitingPoints) attach(controller);
        }),
      );
      attach(controller);
    } else {
      news.addRange();
    }
    let { state, isWatchedOnly, contact } = run;
    const { name } = run;
    const { warnings } = run.manifest;
    let hasTrainer = controller !== undefined;
    subscriptions.push(
      run.onDidChange(() => {
        if (run.state !== state) news.addState(run.state);
        state = run.state;
        if (run.contact !== contact) news.addContact(run.contact);
        contact = run.contact;
        if (run.isWatchedOnly !== isWatchedOnly) news.addControl(run.isWatchedOnly);
        isWatchedOnly = run.isWatchedOnly;
        // Warnings and the name are part of the snapshot only: they hardly ever change.
        const isOther = run.name !== name || run.manifest.warnings?.length !== warnings?.length;
        if (isOther && !signal.aborted) return this.start();
        if (run.controller === controller) return;
        // Another trainer connection than the one listened to: start over.
        if (run.controller) return signal.aborted ? undefined : this.start();
        // It ended: disk may hold more than the last events told.
        if (hasTrainer) news.addRange();
        hasTrainer = false;
      }),
    );
    return subscriptions;
  }

  async #snapshot(generation: number): Promise<PanelSnapshot> {
    const { directory } = this.#run;
    const [data, previewSteps = [], checkpointSteps = []] = await Promise.all([
      this.#orProblem(readData(directory)),
      this.#orProblem(listPreviewSteps(directory)),
      this.#orProblem(listCheckpoints(directory)),
    ]);
    const newest = previewSteps.at(-1);
    const preview = newest === undefined ? undefined : await this.#kept(newest);
    return {
      generation,
      runDirectory: directory,
      // Shown by the name that people gave it.
      manifest: { ...this.#run.manifest, name: this.#run.name },
      distinction: this.#options.distinction(),
      state: this.#run.state,
      isWatchedOnly: this.#run.isWatchedOnly,
      contact: this.#run.contact,
      previewSteps,
      checkpointSteps,
      arrangement: this.#options.arrangement(),
      ...(data ? { data: exactArrays(data) } : {}),
      ...(preview ? { preview: exactArrays(preview) } : {}),
    };
  }

  /** A broken file takes only itself out of the picture. */
  async #orProblem<T>(reading: Promise<T>): Promise<T | undefined> {
    return await reading.catch((error: unknown) => {
      this.#options.onProblem(problemOf(error, 'storage'));
      return undefined;
    });
  }

  /** A preview on disk, if it can be read. */
  async #kept(step: number): Promise<PreviewFrame | undefined> {
    const { directory, manifest } = this.#run;
    return manifest.preview && this.#orProblem(readPreview(directory, step, manifest.preview));
  }

  /**
   * Sends what the event files have in `range`, in messages of full size. Of a run that has ended, an
   * index that is missing is made on the way.
   */
  async #sendHistory(
    range: EventRange,
    index: EventIndex | undefined,
    { restart, series: send, signal }: HistorySink,
  ): Promise<void> {
    const { directory, controller } = this.#run;
    const isIndexing = range.from === 0 && !index && !controller && this.#options.mayKeepIndex();
    const made = isIndexing ? new EventIndex() : undefined;
    let parts: SeriesChunks[] = [];
    let points = 0;
    try {
      for await (const { series, restarts, bytes, problem } of readScalars(directory, range)) {
        signal.throwIfAborted();
        // A torn last record is what a crash leaves, or what is being written: nothing to alarm about.
        if (problem) this.#options.log.warn(problem.message);
        if (restarts) {
          await send(parts);
          parts = [];
          points = 0;
          await restart(restarts);
        }
        made?.take({ series, bytes, ...(restarts ? { restarts } : {}) });
        parts.push(series);
        points += countPoints(series);
        if (points < this.#options.pointsPerMessage) continue;
        await send(parts);
        parts = [];
        points = 0;
      }
    } catch (error) {
      signal.throwIfAborted();
      this.#options.onProblem(problemOf(error, 'storage'));
    }
    await send(parts);
    await made?.save(directory).catch((error: unknown) => {
      this.#options.log.info(`No index is kept: ${problemOf(error, 'storage').message}`);
    });
  }

  async #send(update: PanelUpdate, signal: AbortSignal): Promise<void> {
    const wait = this.#lastSent + this.#options.intervalMs - performance.now();
    if (wait > 0) await delay(wait, undefined, { signal });
    this.#lastSent = performance.now();
    await this.#page.update(update, signal);
  }
}

/** Where history goes. */
interface HistorySink {
  /** Curves begin anew at these steps. */
  restart(restarts: Readonly<Record<string, number>>): Promise<void>;
  series(parts: readonly SeriesChunks[]): Promise<void>;
  readonly signal: AbortSignal;
}

/** A stretch of the event file, in bytes. Without an end: all there is. */
interface EventRange {
  readonly from: number;
  readonly to?: number;
}

/** What has happened since the page was last told, merged. */
class News {
  /** Still to be read, in this order. */
  #ranges: EventRange[] = [];
  /** Up to where the event file is read or will be. */
  #bytes = 0;
  #series: SeriesChunks[] = [];
  #points = 0;
  /** The newest that waits: who looks wants it, and the others are on disk, where the scrubber finds them. */
  #preview: PreviewFrame | undefined;
  #state: RunState | undefined;
  #isWatchedOnly: boolean | undefined;
  #contact: Contact | undefined;
  /** Whether points that come as events do not continue what was told: until the next range. */
  #isHeld = true;
  #wake: (() => void) | undefined;

  /** Everything up to `to` is on disk, so points that came as events and wait here are not needed. */
  addRange(to?: number): void {
    this.#isHeld = false;
    this.#series = [];
    this.#points = 0;
    this.#ranges.push({ from: this.#bytes, ...(to === undefined ? {} : { to }) });
    this.#bytes = to ?? this.#bytes;
    this.#wake?.();
  }

  /** Points that come from now on would leave a gap: drop them, the next range has them. */
  hold(): void {
    this.#isHeld = true;
  }

  /** @returns how many points wait. */
  addSeries(series: SeriesChunks): number {
    if (this.#isHeld) return 0;
    this.#series.push(series);
    this.#points += countPoints(series);
    this.#wake?.();
    return this.#points;
  }

  addPreview(preview: PreviewFrame): void {
    this.#preview = preview;
    this.#wake?.();
  }

  addState(state: RunState): void {
    this.#state = state;
    this.#wake?.();
  }

  addControl(isWatchedOnly: boolean): void {
    this.#isWatchedOnly = isWatchedOnly;
    this.#wake?.();
  }

  addContact(contact: Contact): void {
    this.#contact = contact;
    this.#wake?.();
  }

  takeRange(): EventRange | undefined {
    return this.#ranges.shift();
  }

  takeSeries(): SeriesChunks[] {
    const series = this.#series;
    this.#series = [];
    this.#points = 0;
    return series;
  }

  takePreview(): PreviewFrame | undefined {
    const preview = this.#preview;
    this.#preview = undefined;
    return preview;
  }

  /** How the run stands, who controls it and how much is heard of it, where that has changed. */
  takeState(): Pick<PanelUpdate, 'state' | 'isWatchedOnly' | 'contact'> {
    const state = this.#state;
    const isWatchedOnly = this.#isWatchedOnly;
    const contact = this.#contact;
    this.#state = undefined;
    this.#isWatchedOnly = undefined;
    this.#contact = undefined;
    return {
      ...(state ? { state } : {}),
      ...(isWatchedOnly === undefined ? {} : { isWatchedOnly }),
      ...(contact === undefined ? {} : { contact }),
    };
  }

  /** Resolves when there is something to tell; rejects when `signal` aborts. */
  async arrives(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#ranges.length + this.#series.length > 0 || this.#preview) return;
    if (this.#state || this.#contact || this.#isWatchedOnly !== undefined) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        this.#wake = undefined;
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
    });
  }
}
