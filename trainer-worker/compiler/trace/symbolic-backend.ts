import * as tf from '@tensorflow/tfjs';

/** The part of tfjs's engine that tracing replaces; not in its published types. */
export interface Engine {
  /** The active backend, by name, which kernels are found by, and as such. */
  backendName: string;
  backendInstance: tf.KernelBackend | null | undefined;
  readonly state: { readonly activeScope?: { readonly name: string } | null };
  gradients: (
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy?: tf.Tensor | null,
    allowNoGradients?: boolean,
  ) => { value: tf.Tensor; grads: tf.Tensor[] };
  runKernelFunc: (call: KernelRun) => tf.Tensor | tf.Tensor[];
  makeVariable: (...args: never[]) => tf.Variable;
  startScope: (name?: string) => void;
  endScope: (result?: tf.TensorContainer) => void;
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend: tf.KernelBackend): tf.Tensor;
  tidy<T extends tf.TensorContainer>(f: () => T): T;
}

/** What tfjs runs: a kernel by its name, or a function with a gradient written by hand. */
export type KernelRun = { readonly kernelName: string } | CustomGradient;

interface CustomGradient {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly forwardFunc: (
    backend: tf.KernelBackend,
    save: (tensors: tf.Tensor[]) => void,
  ) => tf.Tensor;
  readonly backwardsFunc: (
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

export const engine = tf.engine() as unknown as Engine;

/** A kernel call as tfjs makes it. */
export interface Call {
  readonly name: string;
  readonly inputs: Readonly<Record<string, tf.Tensor | undefined>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

/** Who records what the symbolic backend is asked for. */
export interface Recorder {
  call(call: Call): tf.TensorInfo | tf.TensorInfo[];
  /** Values made in JavaScript become a tensor. */
  write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): object;
  /** Values of a tensor are asked for; throws where they are not known yet. */
  read(dataId: object): tf.backend_util.BackendValues;
}

let recorder: Recorder | undefined;

function recording(): Recorder {
  if (recorder === undefined) {
    throw new Error('A tensor of a compiled function was used after its trace had ended.');
  }
  return recorder;
}

/** A tfjs backend that owns no memory and computes nothing. */
class SymbolicBackend extends tf.KernelBackend {
  override write(
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): object {
    return recording().write(values, shape, dtype);
  }
  override readSync(dataId: object): tf.backend_util.BackendValues {
    return recording().read(dataId);
  }
  override read(dataId: object): Promise<tf.backend_util.BackendValues> {
    try {
      return Promise.resolve(recording().read(dataId));
    } catch (error) {
      if (recorder === undefined) return Promise.reject(error);
      // The trace ends with this refusal by itself. Whoever waits is not to go on.
      return new Promise(() => undefined);
    }
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {
    // Nodes are kept by whatever uses them.
  }
  override disposeData(): boolean {
    return true;
  }
  override numDataIds(): number {
    return 0;
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override timerAvailable(): boolean {
    return false;
  }
  override dispose(): void {
    // There is nothing to free.
  }
}

const backendName = 'ebm-symbolic';
let backend: SymbolicBackend | undefined;

/** The backend, with every kernel tfjs knows: an unknown one is refused by name. */
function symbolicBackend(): tf.KernelBackend {
  if (backend === undefined) {
    const names = new Set(
      ['cpu', 'wasm'].flatMap((name) => tf.getKernelsForBackend(name)).map((k) => k.kernelName),
    );
    for (const kernelName of names) {
      tf.registerKernel({
        kernelName,
        backendName,
        kernelFunc: ({ inputs, attrs }) =>
          recording().call({
            name: kernelName,
            inputs: inputs as unknown as Call['inputs'],
            attrs: attrs ?? {},
          }),
      });
    }
    backend = new SymbolicBackend();
  }
  return backend;
}

/**
 * Runs `body` with tfjs recording instead of computing. Synchronous throughout: no other code can
 * meet the symbolic backend. tfjs is put back as it was, also after an error.
 */
export function whileRecording<T>(
  by: Recorder,
  overrides: Partial<Engine>,
  body: (backend: tf.KernelBackend) => T,
): T {
  const backend = symbolicBackend();
  const previousRecorder = recorder;
  const { backendName: previousName, backendInstance: previousBackend } = engine;
  const own = engine as unknown as Record<string, unknown>;
  recorder = by;
  // Not by `setBackend`, which goes through all kernels of all backends.
  engine.backendName = backendName;
  engine.backendInstance = backend;
  for (const [name, value] of Object.entries(overrides)) own[name] = value;
  engine.startScope('trace');
  try {
    return body(backend);
  } finally {
    for (const name of Object.keys(overrides)) delete own[name];
    engine.endScope();
    recorder = previousRecorder;
    engine.backendName = previousName;
    engine.backendInstance = previousBackend;
    // Where none was chosen yet it is the one that is there at once, and asks for nothing.
    if (!previousBackend) void tf.setBackend('cpu');
  }
}
