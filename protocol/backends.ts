/** What can run a compiled training step, by the name that settings and manifests use. */
export const backendNames = [
  'tfjs-node-gpu',
  'onnx-cuda',
  'onnx-directml',
  'onnx-coreml',
  'onnx-webgpu',
  'onnx-cpu',
  'tfjs-webgpu',
  'tfjs-node',
  'wasm',
] as const;
export type BackendName = (typeof backendNames)[number];

/** A backend by name, or the best that this machine has. */
export type WantedBackend = BackendName | 'auto';

/** What `ebm backends --json` says of each backend, one object a line. */
export type BackendReport =
  | { readonly name: BackendName; readonly works: true; readonly description: string }
  | {
      readonly name: BackendName;
      readonly works: false;
      /** What was found, a clause. */
      readonly why: string;
      readonly remedy?: string;
    };

/** The environment variable that names the folder with packages installed on the user's consent. */
export const packagesVariable = 'EBM_PACKAGES';
