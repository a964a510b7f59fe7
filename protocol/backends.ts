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
