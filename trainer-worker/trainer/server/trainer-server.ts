import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { ProblemError } from '../../../protocol/problem';
import type { PreviewFrame, RunManifest, RunState } from '../../../protocol/run';
import type { Attachment } from '../../../protocol/trainer';
import type { Request } from '../../../run-directory/control-requests';
import type { ScalarEvent } from '../../../run-directory/event-message';
import { errorCode } from '../../../run-directory/storage-problem';
import type { KnobTurn } from '../training/loop';
import type { RunObserver } from '../training/run-observer';
import { Beginning } from './beginning';
import { bindOrReplace } from './bind-socket';
import { mostClients } from './client';
import { Ownership, tickMs } from './ownership';
import { Subscriber } from './subscriber';

/** What the server needs of the run that it serves. */
export interface ServedRun {
  readonly state: RunState;
  readonly manifest: RunManifest;
  pause(): Promise<RunState>;
  step(): Promise<RunState>;
  resume(): Promise<RunState>;
  checkpoint(): Promise<RunState>;
  change(turn: KnobTurn): Promise<RunState>;
  stop(): Promise<RunState>;
  /** Writes all values recorded before this call; resolves with the event file's length then. */
  flush(): Promise<number>;
  /** What could not be written. */
  unwritten(): { readonly bytes: number; readonly events: readonly ScalarEvent[] };
  previewSteps(): Promise<number[]>;
}

/** At most so many milliseconds go by between metrics events while points come. */
const metricsMs = 100;
/** Progress is told at most this often… */
const stateMs = 250;
/** …and is looked after this often, so that the sign of life comes within both together. */
const heartbeatMs = 200;
const ownRequest = z.strictObject({
  whenGone: z.enum(['train', 'stop']),
  graceMs: z.number().nonnegative(),
  takeOver: z.boolean(),
});
const changeRequest = z.strictObject({ option: z.string().max(200), value: z.number() });
/** How long a client may take to read the last of what it was told. */
const farewellMs = 2_000;

/**
 * Serves one run to any number of clients over a socket that only this user can open. Listens
 * before there is a run; clients that attach meanwhile hear what it is busy with.
 */
export class TrainerServer implements RunObserver {
  readonly #server: Server;
  readonly #path: string;
  readonly #subscribers = new Set<Subscriber>();
  readonly #beginning = new Beginning<ServedRun>();
  #state: RunState;
  #stateSentAt = 0;
  #pointsSentAt = 0;
  #pointsTimer: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;
  /** Windows ask over their connections, others by files: those never own a run. */
  readonly #ownership = new Ownership<Subscriber | 'files'>((client, control) => {
    if (client !== 'files') client.peer.emit('control', { control });
  });
  readonly #ownershipClock: NodeJS.Timeout;

  private constructor(server: Server, path: string, onAbandoned: () => void) {
    this.#server = server;
    this.#path = path;
    this.#state = { status: 'starting', step: 0, steps: 0 };
    server.on('connection', (socket) => this.#accept(socket));
    this.#heartbeat = setInterval(() => {
      if (performance.now() - this.#stateSentAt >= stateMs) this.#sendState();
    }, heartbeatMs);
    this.#heartbeat.unref();
    this.#ownershipClock = setInterval(() => {
      if (this.#ownership.tick()) onAbandoned();
    }, tickMs);
    this.#ownershipClock.unref();
  }

  /**
   * Listens at `path`, see `trainerSocketPath`.
   *
   * @param onAbandoned is called when the run's owner is gone for good and wished it to stop then
   * @throws ProblemError of kind `environment` when that cannot be
   */
  static async listen(
    path: string,
    onAbandoned: () => void = () => undefined,
  ): Promise<TrainerServer> {
    const server = createServer();
    server.maxConnections = mostClients;
    // Before it listens: a connection that comes at once must not be missed.
    const made = new TrainerServer(server, path, onAbandoned);
    try {
      await bindOrReplace(server, path);
      return made;
    } catch (thrown) {
      made.#rest();
      throw new ProblemError(
        {
          kind: 'environment',
          message: `Cannot listen at ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}.`,
          remedy:
            errorCode(thrown) === 'EADDRINUSE'
              ? 'Another trainer listens there: stop it first.'
              : 'Set TMPDIR to a folder that you can write to.',
        },
        { cause: thrown },
      );
    }
  }

  /** The run trains now: those who wait are attached, those who come are attached at once. */
  begin(run: ServedRun): void {
    this.#beginning.begin(run);
  }

  /**
   * The run cannot begin: whoever attaches gets `problem`. Resolves when at least one client that
   * asked has it, or after `patienceMs` without any.
   */
  async refuse(problem: ProblemError, patienceMs: number): Promise<void> {
    const isAwaited = [...this.#subscribers].some(({ isAttached }) => isAttached);
    await this.#beginning.refuse(problem, patienceMs, isAwaited);
  }

  state(state: RunState): void {
    const before = this.#state;
    this.#state = state;
    const changed =
      state.status !== before.status ||
      state.phase !== before.phase ||
      state.problem !== before.problem;
    if (changed || performance.now() - this.#stateSentAt >= stateMs) this.#sendState();
  }

  metrics(step: number, values: Readonly<Record<string, number>>): void {
    if (this.#subscribers.size === 0) return;
    for (const subscriber of this.#subscribers) subscriber.add(step, values);
    const wait = this.#pointsSentAt + metricsMs - performance.now();
    if (wait <= 0) this.#sendPoints();
    else this.#pointsTimer ??= setTimeout(() => this.#sendPoints(), wait).unref();
  }

  /** The manifest has changed: whoever follows the run attaches anew, and so gets it. */
  notice(): void {
    for (const subscriber of this.#subscribers) subscriber.lag();
  }

  /** As {@link notice}: what was changed is in the manifest. */
  async change(): Promise<void> {
    this.notice();
  }

  async preview(frame: PreviewFrame): Promise<void> {
    for (const subscriber of this.#subscribers) subscriber.preview(frame);
  }

  /**
   * Does what is asked for by somebody without a connection, by the rules for those who have one.
   *
   * @throws ProblemError of kind `environment` while a window owns the run, and what the run says
   */
  async ask(request: Request): Promise<RunState> {
    const run = await this.#beginning.value;
    const { action } = request;
    if (action !== 'checkpoint') this.#ownership.require('files');
    return await (action === 'change' ? run.change(request) : run[action]());
  }

  /** Lets replies and events go out, then ends all connections and stops listening. */
  async close(): Promise<void> {
    this.#rest();
    this.#sendPoints();
    this.#sendState();
    // A reply is written some microtasks after its handler returned.
    await nextTurn();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([...this.#subscribers].map((subscriber) => subscriber.close(farewellMs)));
    await closed;
    // libuv removes it on closing; after a crash of the system it may be a leftover.
    if (process.platform !== 'win32') await rm(this.#path, { force: true });
  }

  #rest(): void {
    clearInterval(this.#heartbeat);
    clearInterval(this.#ownershipClock);
  }

  #accept(socket: Socket): void {
    const subscriber = new Subscriber(socket);
    const { peer } = subscriber;
    this.#subscribers.add(subscriber);
    // Not the peer's end, which comes when all that it asked is answered.
    socket.once('close', () => {
      this.#subscribers.delete(subscriber);
      this.#ownership.leave(subscriber);
    });
    peer.on('alive', () => this.#ownership.alive(subscriber));
    peer.handle('attach', () => this.#attach(subscriber));
    peer.handle('own', (params) => {
      const { takeOver, ...wish } = ownRequest.parse(params);
      return this.#ownership.ask(subscriber, wish, takeOver);
    });
    const controlled = async () => {
      const run = await this.#beginning.value;
      this.#ownership.require(subscriber);
      return run;
    };
    peer.handle('pause', async () => (await controlled()).pause());
    peer.handle('resume', async () => (await controlled()).resume());
    peer.handle('step', async () => (await controlled()).step());
    peer.handle('change', async (params) => {
      const turn = changeRequest.parse(params);
      return (await controlled()).change(turn);
    });
    peer.handle('stop', async () => (await controlled()).stop());
    // It changes nothing for the owner, so anybody may ask for it.
    peer.handle('checkpoint', async () => (await this.#beginning.value).checkpoint());
  }

  async #attach(subscriber: Subscriber): Promise<Attachment> {
    subscriber.wait();
    subscriber.state(this.#state);
    this.#beginning.noteAsked();
    const run = await this.#beginning.value;
    // In this turn of the event loop: what was recorded before it is in the file when `flush`
    // resolves, and what is recorded after it is held for the client. Nothing in between.
    let goLive = subscriber.hold([]);
    let eventBytes: number;
    try {
      eventBytes = await run.flush();
    } catch {
      // The run's state tells the problem. What is not in the file comes as events instead.
      const { bytes, events } = run.unwritten();
      eventBytes = bytes;
      goLive = subscriber.hold(events.map(({ step, scalars }) => [step, scalars]));
    }
    const previewSteps = await run.previewSteps();
    // After the reply, which is written in the microtasks that follow.
    setImmediate(goLive);
    const control = this.#ownership.of(subscriber);
    return { manifest: run.manifest, state: run.state, eventBytes, previewSteps, control };
  }

  #sendPoints(): void {
    clearTimeout(this.#pointsTimer);
    this.#pointsTimer = undefined;
    this.#pointsSentAt = performance.now();
    for (const subscriber of this.#subscribers) subscriber.sendPoints();
  }

  #sendState(): void {
    this.#stateSentAt = performance.now();
    for (const subscriber of this.#subscribers) subscriber.state(this.#state);
  }
}
