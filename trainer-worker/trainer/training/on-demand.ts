import type { Backend } from '../../compiler/backends/backend';
import type { Program } from '../../compiler/graph/program';
import type { Execution } from '../../compiler/run/execution';

/** A program on a backend. */
interface Started {
  readonly program: Program;
  readonly execution: Execution;
}

/** A program that is compiled, and handed to its backend, when it is first asked for. */
export class OnDemand {
  readonly #backend: Backend;
  readonly #compile: () => Program;
  #started: Promise<Started> | undefined;

  constructor(backend: Backend, compile: () => Program) {
    this.#backend = backend;
    this.#compile = compile;
  }

  /** @throws ProblemError (`experiment`) where it cannot be compiled */
  started(): Promise<Started> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Frees what the backend holds, if it was ever asked for. */
  async dispose(): Promise<void> {
    // Where it did not come about, whoever asked for it was told.
    const started = await this.#started?.catch(() => undefined);
    await started?.execution.dispose();
  }

  async #start(): Promise<Started> {
    const program = this.#compile();
    return { program, execution: await this.#backend.start(program) };
  }
}
