import { startWasm } from '../backends/wasm';

/** Which tfjs backend computes, and why that one. */
export interface TensorBackend {
  readonly name: string;
  readonly reason: string;
}

/**
 * Starts the tfjs backend of this process; further calls give the same.
 *
 * @throws ProblemError of kind `environment` where WebAssembly does not work
 */
export async function startTensorBackend(): Promise<TensorBackend> {
  return { name: 'wasm', reason: await startWasm() };
}
