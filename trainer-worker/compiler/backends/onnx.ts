import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { BackendName } from '../../../protocol/backends';
import { ProblemError } from '../../../protocol/problem';
import type { Program } from '../graph/program';
import type { Execution } from '../run/execution';
import { compileProgram } from '../trace/compile-program';
import type { BackendMethod, Missing } from './backend';
import { gpuLibraries } from './gpu-libraries';
import type { Machine } from './machine';

/** What an execution provider of ONNX Runtime needs beside ONNX Runtime. */
interface Provider {
  readonly name: BackendName;
  /** What `onnxruntime-node` calls it. */
  readonly provider: string;
  readonly label: string;
  readonly missing: (machine: Machine, libraries: string) => Missing | undefined;
}

const providers: readonly Provider[] = [
  {
    name: 'onnx-cuda',
    provider: 'cuda',
    label: 'CUDA',
    missing: ({ platform, arch, hasNvidia }, libraries) => {
      if (platform !== 'linux' || arch !== 'x64') {
        return {
          why: `onnxruntime-node has its CUDA library for linux-x64 only, and this is ${platform}-${arch}`,
          remedy: 'Use onnx-webgpu, or onnx-directml on Windows.',
        };
      }
      if (!hasNvidia) return { why: 'no NVIDIA driver is loaded', remedy: 'Install its driver.' };
      const library = path.join(libraries, 'libonnxruntime_providers_cuda.so');
      if (existsSync(library)) return undefined;
      return {
        why: `its CUDA library is not installed (${library})`,
        remedy: `Put libonnxruntime_providers_cuda.so and libonnxruntime_providers_shared.so of the NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux ${version()} there (in a project of your own, 'npm install onnxruntime-node' does), and install CUDA 12 and cuDNN 9.`,
      };
    },
  },
  {
    name: 'onnx-directml',
    provider: 'dml',
    label: 'DirectML',
    missing: ({ platform }) =>
      platform === 'win32'
        ? undefined
        : { why: 'DirectML is a part of Windows', remedy: 'Use onnx-webgpu here.' },
  },
  {
    name: 'onnx-coreml',
    provider: 'coreml',
    label: 'Core ML',
    missing: ({ platform }) =>
      platform === 'darwin'
        ? undefined
        : { why: 'Core ML is a part of macOS', remedy: 'Use onnx-webgpu here.' },
  },
  {
    name: 'onnx-webgpu',
    provider: 'webgpu',
    label: 'WebGPU',
    missing: ({ gpus }) =>
      gpus.length > 0
        ? undefined
        : {
            why: 'this machine shows no GPU',
            remedy: 'If it has one, install its Vulkan driver.',
          },
  },
  { name: 'onnx-cpu', provider: 'cpu', label: 'the processor', missing: () => undefined },
];

/** ONNX Runtime on each of its execution providers. */
export const onnxBackends: readonly BackendMethod[] = providers.map(
  ({ name, provider, label, missing }) => ({
    name,
    provider,
    missing: (machine) => missingRuntime(machine) ?? missing(machine, libraryFolder(machine)),
    version: () => `onnxruntime-node ${version()}`,
    files: (machine) => [libraryFolder(machine), ...(name === 'onnx-cpu' ? [] : gpuLibraries())],
    load: async ({ gpus }) => {
      // Loaded now and not before: where its native library is missing, others can still train.
      const { listSupportedBackends } = await import('onnxruntime-node');
      const { runOnOnnx } = await import('../run/run-onnx');
      const { runOnProcessor } = await import('../run/run-sharded');
      if (!listSupportedBackends().some((supported) => supported.name === provider)) {
        throw new ProblemError({
          kind: 'environment',
          message: `This build of ONNX Runtime has no ${label}.`,
          remedy: 'Choose another backend in the setting ebm.backend.',
        });
      }
      await tryOut((program) => runOnOnnx(program, {}, { executionProviders: [provider] }));
      const device = name === 'onnx-cpu' || gpus.length === 0 ? '' : ` (${gpus.join(', ')})`;
      return {
        description: `ONNX Runtime ${version()} on ${label}${device}`,
        start: (program, initial = {}) =>
          name === 'onnx-cpu'
            ? runOnProcessor(program, initial, here())
            : runOnOnnx(program, initial, { executionProviders: [provider] }),
      };
    },
  }),
);

/** Runs the smallest program: a session alone opens no device, and no processor refuses to load one. */
async function tryOut(start: (program: Program) => Promise<Execution>): Promise<void> {
  const program = compileProgram({
    inputs: { x: { shape: [2] } },
    step: ({ x }) => ({ outputs: { y: tf.add(x!, x!) } }),
  });
  const execution = await start(program);
  const { y } = await execution.run({ x: Float32Array.of(1, 2) }, { seed: 0, step: 0 });
  await execution.dispose();
  if (y?.[0] === 2 && y[1] === 4) return;
  throw new Error(`1 + 1 and 2 + 2 became ${y}`);
}

/** A file to find packages from: the bundle, where there is one; in the project when run from separate modules. */
const here = () => (typeof __filename === 'string' ? __filename : path.resolve('index.js'));

/** Where the package lies, or undefined where it is not installed. */
function runtimeFolder(): string | undefined {
  try {
    return path.dirname(createRequire(here()).resolve('onnxruntime-node/package.json'));
  } catch {
    return undefined;
  }
}

function version(): string {
  const folder = runtimeFolder();
  if (folder === undefined) return 'not installed';
  const read = createRequire(path.join(folder, 'index.js'));
  return (read('./package.json') as { version: string }).version;
}

const libraryFolder = ({ platform, arch }: Machine) =>
  path.join(runtimeFolder() ?? '', 'bin/napi-v6', platform, arch);

function missingRuntime(machine: Machine): Missing | undefined {
  const { platform, arch } = machine;
  const remedy = 'Choose wasm or auto in the setting ebm.backend: it needs no native library.';
  if (runtimeFolder() === undefined) return { why: 'onnxruntime-node is not installed', remedy };
  if (existsSync(path.join(libraryFolder(machine), 'onnxruntime_binding.node'))) return undefined;
  return { why: `onnxruntime-node has no library for ${platform}-${arch}`, remedy };
}
