import type { ChainsPassed, LookingSide } from '../../protocol/looking';
import { ProblemError } from '../../protocol/problem';
import { type LookingCommand, type LookingProcess, startLooking } from './looking-process';

type Methods = LookingSide['methods'];
type Question = keyof Methods & string;

export interface ModelAskerOptions {
  /** What is to be started; rejects where it may not be. */
  readonly command: () => Promise<LookingCommand>;
  /** Hears where chains are that are being drawn. */
  readonly passed: (stop: ChainsPassed) => void;
  /** How long a process lives that is asked nothing, in milliseconds. Default 5 minutes. */
  readonly idleMs?: number;
}

/** Long enough to think about an answer, short enough that nothing is kept that nobody needs. */
const defaultIdleMs = 300_000;

/**
 * Asks the model of one run, by a process that is started at the first question and kept warm for the next.
 * One question at a time: another one ends the process that is still at the last.
 */
export class ModelAsker {
  readonly #options: ModelAskerOptions;
  readonly #idleMs: number;
  #process: Promise<LookingProcess> | undefined;
  /** Tells the question that is being answered that nobody waits for it any more. */
  #giveUp: (() => void) | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: ModelAskerOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? defaultIdleMs;
  }

  /**
   * Asks.
   *
   * @throws ProblemError with what is wrong with the question or the model; of kind `worker` where the
   *   process has ended meanwhile, be it because another thing was asked
   */
  async ask<Q extends Question>(
    question: Q,
    params: Parameters<Methods[Q]>[0],
  ): Promise<ReturnType<Methods[Q]>> {
    if (this.#giveUp) this.end();
    clearTimeout(this.#idle);
    const left = new Promise<never>((_, reject) => {
      this.#giveUp = () =>
        reject(
          new ProblemError({ kind: 'worker', message: 'Ended: it is not waited for any more.' }),
        );
    });
    const giveUp = this.#giveUp;
    try {
      this.#process ??= this.#start();
      return await Promise.race([this.#answer(this.#process, question, params), left]);
    } finally {
      // Another question may have taken its place.
      if (this.#giveUp === giveUp) {
        this.#giveUp = undefined;
        this.#idle = setTimeout(() => this.end(), this.#idleMs);
        this.#idle.unref();
      }
    }
  }

  /** Ends the process, whatever it is at. Idempotent; another question starts another one. */
  end(): void {
    clearTimeout(this.#idle);
    const running = this.#process;
    this.#process = undefined;
    this.#giveUp?.();
    this.#giveUp = undefined;
    running?.then((process) => process.end()).catch(() => undefined);
  }

  /** The process now, if there is one. */
  get process(): Promise<LookingProcess> | undefined {
    return this.#process;
  }

  async #answer<Q extends Question>(
    running: Promise<LookingProcess>,
    question: Q,
    params: Parameters<Methods[Q]>[0],
  ): Promise<ReturnType<Methods[Q]>> {
    const { peer, ended } = await running;
    try {
      return (await peer.request(question, params)) as ReturnType<Methods[Q]>;
    } catch (thrown) {
      if (peer.isOpen) throw thrown;
      throw new ProblemError(
        {
          kind: 'worker',
          message: `The process that looks at the model ended ${await ended} before it answered.`,
          remedy: 'The log has its last words.',
        },
        { cause: thrown },
      );
    }
  }

  #start(): Promise<LookingProcess> {
    const starting = this.#options.command().then(startLooking);
    const forget = () => {
      if (this.#process === starting) this.#process = undefined;
    };
    starting.then((process) => {
      process.peer.on('passed', (stop) => this.#options.passed(stop));
      process.peer.onClose(forget);
    }, forget);
    return starting;
  }
}
