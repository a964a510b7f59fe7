import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../../protocol/problem';
import { runOnTfjs } from '../run/run-tfjs';
import type { BackendMethod } from './backend';
import { gpuLibraries } from './gpu-libraries';
import type { Machine } from './machine';
import { findPackage } from './packages';

const dawnName = 'webgpu';
const kernelsName = '@tensorflow/tfjs-backend-webgpu';

/** The parts of the package `webgpu` (Dawn for Node) that are used. */
interface Dawn {
  create(options: readonly string[]): Gpu;
  readonly globals: object;
}
interface Gpu {
  requestAdapter(options?: object): Promise<Adapter | null>;
}
interface Adapter {
  readonly info: { readonly vendor: string; readonly description: string; readonly device: string };
}

/** tfjs on WebGPU, by Dawn, where the user installed both. */
export const tfjsWebgpuBackend: BackendMethod = {
  name: 'tfjs-webgpu',
  missing: (machine) => {
    const { gpus } = machine;
    const absent = [dawnName, kernelsName].filter(
      (name) => findPackage(name, machine) === undefined,
    );
    if (absent.length > 0) {
      return {
        why: `the package ${absent.join(' and the package ')} ${absent.length > 1 ? 'are' : 'is'} not installed`,
        remedy: `Run 'npm install ${dawnName} ${kernelsName}' in your project, or choose onnx-webgpu, which needs nothing more.`,
      };
    }
    if (gpus.length > 0) return undefined;
    return {
      why: 'this machine shows no GPU',
      remedy: 'If it has one, install its Vulkan driver.',
    };
  },
  version: (machine) =>
    [dawnName, kernelsName].map((name) => findPackage(name, machine)?.version).join(' '),
  files: (machine) => {
    const [dawn, kernels] = [findPackage(dawnName, machine), findPackage(kernelsName, machine)];
    return [
      ...(dawn ? [path.join(dawn.folder, 'package.json'), path.join(dawn.folder, 'dist')] : []),
      ...(kernels ? [path.join(kernels.folder, 'package.json'), kernels.main] : []),
      ...gpuLibraries(),
    ];
  },
  load: async (machine) => {
    const adapter = await openGpu(machine);
    // It registers itself with the one engine that all copies of tfjs in a process share, which warns
    // of every copy unless told not to.
    tf.env().set('PROD', true);
    findPackage(kernelsName, machine)?.load();
    const before = tf.getBackend();
    await tf.setBackend('webgpu');
    if (before) await tf.setBackend(before);
    const { description, device, vendor } = adapter.info;
    return {
      description: `TensorFlow.js ${tf.version_core} on WebGPU (${description || device || vendor})`,
      start: (program, initial) => runOnTfjs(program, 'webgpu', initial),
    };
  },
};

/** Makes `navigator.gpu` and the globals that go with it, as a browser has them. */
async function openGpu(machine: Machine): Promise<Adapter> {
  const found = findPackage(dawnName, machine);
  const { create, globals } = (await import(pathToFileURL(found?.main ?? dawnName).href)) as Dawn;
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // Node has a navigator from version 21 on.
  const { navigator = {} } = globalThis as { readonly navigator?: object };
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter) return adapter;
  throw new ProblemError({
    kind: 'environment',
    message: 'No WebGPU adapter answers.',
    remedy: "Install the GPU's Vulkan driver, or choose auto in the setting ebm.backend.",
  });
}
