import * as tf from '@tensorflow/tfjs';

/** The part of tfjs's engine that tracing replaces; not in its published types. */
export interface Engine {
  backendName: string | undefined;
  readonly state: { readonly activeScope?: { readonly name: string } | null };
  gradients: (
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy?: tf.Tensor | null,
    allowNoGradients?: boolean,
  ) => { value: tf.Tensor; grads: tf.Tensor[] };
  customGrad: (
    f: (...args: unknown[]) => { value: tf.Tensor; gradFunc: GradientFunction },
  ) => (...inputs: tf.Tensor[]) => tf.Tensor;
  makeVariable: (...args: never[]) => tf.Variable;
  startScope: (name?: string) => void;
  endScope: (result?: tf.TensorContainer) => void;
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend: tf.KernelBackend): tf.Tensor;
  tidy<T extends tf.TensorContainer>(f: () => T): T;
}
type GradientFunction = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

export const engine = tf.engine() as unknown as Engine;

/** A kernel call as tfjs makes it. */
export interface Call {
  readonly name: string;
  readonly inputs: Readonly<Record<string, tf.Tensor | undefined>>;
  readonly attributes: Readonly<Record<string, unknown>>;
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

/** Registers the backend, with every kernel tfjs knows: an unknown one is refused by name. */
function symbolicBackend(): tf.KernelBackend {
  if (backend === undefined) {
    const created = new SymbolicBackend();
    tf.registerBackend(backendName, () => created, -1);
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
            attributes: attrs ?? {},
          }),
      });
    }
    backend = created;
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
  const previousBackend = engine.backendName;
  const own = engine as unknown as Record<string, unknown>;
  recorder = by;
  switchTo(backendName);
  for (const [name, value] of Object.entries(overrides)) own[name] = value;
  engine.startScope('trace');
  try {
    return body(backend);
  } finally {
    for (const name of Object.keys(overrides)) delete own[name];
    engine.endScope();
    recorder = previousRecorder;
    switchTo(previousBackend ?? 'cpu');
  }
}

/** Makes a registered backend the active one; those met here are ready at once. */
function switchTo(name: string): void {
  // The promise has nothing left to do: the switch itself is synchronous once a backend exists.
  void tf.setBackend(name);
}
