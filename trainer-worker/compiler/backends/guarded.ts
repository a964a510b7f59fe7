import type { BackendName } from '../../../protocol/backends';
import { ProblemError } from '../../../protocol/problem';
import type { Arrays, Execution, NoiseKey } from '../run/execution';
import { plainMessage } from './plain-message';

/**
 * An execution whose failures people can read: whatever a backend throws becomes a problem that names
 * it. The state is then as the last run that succeeded left it, as far as the device still has it.
 */
export class GuardedExecution implements Execution {
  readonly #name: BackendName;
  readonly #execution: Execution;

  constructor(name: BackendName, execution: Execution) {
    this.#name = name;
    this.#execution = execution;
  }

  get shards(): number | undefined {
    return this.#execution.shards;
  }

  run(feeds: Arrays, key: NoiseKey, accept?: (outputs: Arrays) => boolean): Promise<Arrays> {
    return named(this.#name, 'failed', () => this.#execution.run(feeds, key, accept));
  }

  readState(): Promise<Arrays> {
    return named(this.#name, 'cannot hand back its state', () => this.#execution.readState());
  }

  writeState(state: Arrays): void {
    this.#execution.writeState(state);
  }

  async dispose(): Promise<void> {
    await this.#execution.dispose();
  }
}

/**
 * Does work of a backend.
 *
 * @param what the backend did where it throws: `failed`
 * @throws ProblemError as it came, or (`environment`) one that names the backend
 */
export async function named<T>(
  name: BackendName,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    const detail = error instanceof Error && error.stack ? { detail: error.stack } : {};
    const other = name === 'onnx-cpu' ? 'wasm' : 'onnx-cpu';
    throw new ProblemError(
      {
        kind: 'environment',
        message: `The backend ${name} ${what}: ${plainMessage(error)}.`,
        remedy: `Try again; if it stays so, choose another one in the setting ebm.backend, for example ${other}.`,
        ...detail,
      },
      { cause: error },
    );
  }
}
