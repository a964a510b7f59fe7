import type { BackendName } from '../../../protocol/backends';
import type { BackendMethod } from './backend';
import { onnxBackends } from './onnx';
import { tfjsNodeBackends } from './tfjs-node';
import { tfjsWebgpuBackend } from './tfjs-webgpu';
import { wasmBackend } from './wasm';

const table = new Map<BackendName, BackendMethod>(
  [...onnxBackends, ...tfjsNodeBackends, tfjsWebgpuBackend, wasmBackend].map((method) => [
    method.name,
    method,
  ]),
);

/** The row of a backend. */
export function backendMethod(name: BackendName): BackendMethod {
  const method = table.get(name);
  if (method === undefined) throw new Error(`There is no backend named ${name}.`);
  return method;
}
