import type { Arrays } from '../graph/execution';
import type { Program } from '../graph/program';
import { runOnOnnx } from '../graph/run-onnx';
import type { Backend } from './backend';

/** Names of backends. */
export type BackendName = 'onnx-cpu';

interface BackendChoice {
  /** What the user asked for. */
  readonly wanted: BackendName | 'auto';
  /** The training step of the experiment. */
  readonly program: Program;
  /** Arrays for one run of it, for timing. */
  readonly feeds: Arrays;
  readonly initial: Arrays;
}

/** The backend that a run trains on. */
export async function chooseBackend(_choice: BackendChoice): Promise<Backend> {
  return {
    name: 'onnx-cpu',
    reason: 'ONNX Runtime on the processor',
    start: (program, initial) => runOnOnnx(program, initial),
  };
}
