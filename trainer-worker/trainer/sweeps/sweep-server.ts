import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProblemError } from '../../../protocol/problem';
import type { RunGroup } from '../../../protocol/run';
import type {
  SweepAttachment,
  SweepFollowerSide,
  SweepProgress,
  SweepSide,
  TrialEnded,
} from '../../../protocol/sweep';
import { isSettled } from '../../../run-directory/run-group';
import { Beginning } from '../server/beginning';
import { bindOrReplace } from '../server/bind-socket';
import { Client, mostClients } from '../server/client';
import type { LoadedSweep } from './load-sweep';
import type { SweepObserver, TrialEnd } from './sweep-observer';

type Follower = Client<SweepSide, SweepFollowerSide>;

/** How long a client may take to read the last of what it was told. */
const farewellMs = 2_000;

/**
 * Serves one sweep to any number of clients over sockets that only this user can open. May listen before
 * there is a sweep; clients that attach meanwhile are answered when it begins.
 */
export class SweepServer implements SweepObserver {
  readonly #onStop: () => void;
  readonly #servers: Server[] = [];
  readonly #clients = new Set<Follower>();
  /** Those of them that have asked to attach. */
  readonly #attached = new Set<Follower>();
  readonly #beginning = new Beginning<LoadedSweep>();
  readonly #ended: TrialEnded[] = [];
  /** Places of the runs of which nothing is to be trained for now. */
  #settled = new Set<number>();
  #training = 0;
  #sayOver!: () => void;
  readonly #over = new Promise<void>((resolve) => {
    this.#sayOver = resolve;
  });

  /** @param onStop is called each time that a client asks the sweep to stop, once it has begun */
  constructor(onStop: () => void) {
    this.#onStop = onStop;
  }

  /**
   * Listens at one more path.
   *
   * @throws the system's error, `EADDRINUSE` where somebody listens there
   */
  async listen(path: string): Promise<void> {
    const server = createServer((socket) => this.#accept(socket));
    server.maxConnections = mostClients;
    await bindOrReplace(server, path);
    this.#servers.push(server);
  }

  begin(sweep: LoadedSweep, settled: readonly number[]): void {
    this.#settled = new Set(settled);
    this.#beginning.begin(sweep);
  }

  trial({ index }: RunGroup): void {
    this.#settled.delete(index);
    this.#training += 1;
    this.#tellProgress();
  }

  trialEnd({ index }: RunGroup, { run, problem }: TrialEnd): void {
    const ended: TrialEnded = {
      index,
      status: run?.manifest.state.status ?? 'refused',
      ...(problem ? { problem } : {}),
    };
    this.#ended.push(ended);
    for (const { peer } of this.#attached) peer.emit('trialEnded', ended);
    if (run && isSettled(run.manifest)) this.#settled.add(index);
    this.#training -= 1;
    this.#tellProgress();
  }

  /**
   * The sweep cannot begin: whoever attaches gets `problem`. Resolves when at least one client that asked
   * has it, or after `patienceMs` without any.
   */
  async refuse(problem: ProblemError, patienceMs: number): Promise<void> {
    await this.#beginning.refuse(problem, patienceMs, this.#attached.size > 0);
  }

  /** The sweep is over: answers who asked it to stop, stops listening, then ends all connections. */
  async close(): Promise<void> {
    this.#sayOver();
    // A reply is written some microtasks after its handler returned.
    await nextTurn();
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    await Promise.all([...this.#clients].map((client) => client.close(farewellMs)));
    await Promise.all(closed);
  }

  get #progress(): SweepProgress {
    return { done: this.#settled.size, training: this.#training };
  }

  #tellProgress(): void {
    const progress = this.#progress;
    for (const { peer } of this.#attached) peer.emit('progress', progress);
  }

  #accept(socket: Socket): void {
    const client: Follower = new Client(socket);
    this.#clients.add(client);
    // Not the peer's end, which comes when all that it asked is answered.
    socket.once('close', () => {
      this.#clients.delete(client);
      this.#attached.delete(client);
    });
    client.peer.handle('attach', () => this.#attach(client));
    client.peer.handle('stop', async () => {
      await this.#beginning.value;
      this.#onStop();
      await this.#over;
      return this.#progress;
    });
  }

  async #attach(client: Follower): Promise<SweepAttachment> {
    this.#attached.add(client);
    this.#beginning.noteAsked();
    const { id, name, runs } = await this.#beginning.value;
    // In this turn: an event that is later than this reply follows, also where it overtakes it.
    return { id, name, runs: runs.length, progress: this.#progress, ended: [...this.#ended] };
  }
}
