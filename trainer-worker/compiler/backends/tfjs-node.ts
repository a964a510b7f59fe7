import path from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import type { BackendName } from '../../../protocol/backends';
import { ProblemError } from '../../../protocol/problem';
import { runOnTfjs } from '../run/run-tfjs';
import type { BackendMethod, Missing } from './backend';
import { gpuLibraries } from './gpu-libraries';
import { restoreLegacyUtil } from './legacy-util';
import type { Machine } from './machine';
import { findPackage, type UserPackage } from './packages';
import { plainMessage } from './plain-message';
import { logLevelVariable } from './tensorflow-log';

/** What the packages register with tfjs (`NodeJSKernelBackend` of their nodejs_kernel_backend.js). */
interface NativeBackend {
  readonly binding: { readonly TF_Version?: string };
  /** Whether TensorFlow found a CUDA device; without one it computes on the CPU and says nothing. */
  readonly isUsingGpuDevice: boolean;
}

/** The name under which both packages register. */
const registered = 'tensorflow';

const gpuName = '@tensorflow/tfjs-node-gpu';
const cpuName = '@tensorflow/tfjs-node';

/** TensorFlow's own library, where the user installed a package that carries it. */
export const tfjsNodeBackends: readonly BackendMethod[] = [
  tfjsNode('tfjs-node-gpu', gpuName, ({ platform, arch, hasNvidia }) => {
    if (!/^(linux|win32)-x64$/.test(`${platform}-${arch}`)) {
      return {
        why: `${gpuName} has GPU libraries for Linux and Windows on x64 only, and this is ${platform}-${arch}`,
        remedy: 'Choose onnx-webgpu, or auto, in the setting ebm.backend.',
      };
    }
    if (hasNvidia) return undefined;
    return {
      why: 'no NVIDIA driver is loaded, and TensorFlow knows no other GPU',
      remedy: 'Install the NVIDIA driver, or choose auto in the setting ebm.backend.',
    };
  }),
  tfjsNode('tfjs-node', cpuName, () => undefined),
];

function tfjsNode(
  name: BackendName,
  packageName: string,
  unsuited: BackendMethod['missing'],
): BackendMethod {
  return {
    name,
    missing: (machine) => unsuited(machine) ?? missingPackage(packageName, machine),
    version: (machine) => {
      const found = findPackage(packageName, machine);
      return found ? `${found.name} ${found.version} in ${found.folder}` : 'not installed';
    },
    files: (machine) => {
      const folder = findPackage(packageName, machine)?.folder;
      // The native part, one for each Node-API; TensorFlow; and what its CUDA build loads.
      const own = folder ? ['package.json', 'lib', 'deps/lib'] : [];
      return [
        ...own.map((place) => path.join(folder!, place)),
        ...(name === 'tfjs-node-gpu' ? gpuLibraries() : []),
      ];
    },
    load: async (machine) => {
      const found = findPackage(packageName, machine);
      const missing = missingPackage(packageName, machine);
      if (found === undefined || missing !== undefined) {
        throw notThere(missing ?? { why: `${packageName} is gone`, remedy: 'Install it again.' });
      }
      const native = await loadNative(found);
      const deviceProblem = name === 'tfjs-node-gpu' ? missingDevice(native) : undefined;
      if (deviceProblem) throw notThere(deviceProblem);
      const library = native.binding.TF_Version ? `TensorFlow ${native.binding.TF_Version}` : '';
      const device = native.isUsingGpuDevice ? 'a CUDA device' : 'the processor';
      return {
        description: `${found.name} ${found.version}${library ? ` (${library})` : ''} on ${device}`,
        start: (program, initial) => runOnTfjs(program, registered, initial),
      };
    },
  };
}

const notThere = ({ why, remedy }: Missing) =>
  new ProblemError({ kind: 'environment', message: `${why}.`, remedy });

function missingPackage(name: string, machine: Machine): Missing | undefined {
  const found = findPackage(name, machine);
  if (found === undefined) {
    return {
      why: `the package ${name} is not installed`,
      remedy:
        name === gpuName
          ? `Run 'EBM: Install GPU Backend…' in the editor, or 'npm install ${name}' in your project.`
          : `Run 'npm install ${name}' in your project.`,
    };
  }
  // One engine serves all copies of tfjs in a process, so that they must be of one kind.
  const [major] = found.version.split('.');
  const [own] = tf.version_core.split('.');
  if (major === own) return undefined;
  return {
    why: `${name} ${found.version} in ${found.folder} does not fit TensorFlow.js ${tf.version_core}`,
    remedy: `Install ${name}@${tf.version_core}.`,
  };
}

/**
 * Loads the package and answers with the backend that it registered.
 *
 * Its kernels meet our tfjs because all copies of tfjs in a process share one engine and one registry
 * of kernels, kept in the global object (tfjs-core, `global_util.ts`).
 */
async function loadNative(found: UserPackage): Promise<NativeBackend> {
  restoreLegacyUtil(util);
  // What TensorFlow tells of itself is for nobody who watches a run; its warnings stay.
  process.env[logLevelVariable] ??= '1';
  // Or else tfjs warns of its second copy, some hundred lines.
  tf.env().set('PROD', true);
  const before = tf.getBackend();
  try {
    found.load();
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'environment',
        message: `${found.name} ${found.version} in ${found.folder} cannot be loaded: ${plainMessage(error)}.`,
        remedy: `Install it again, or build it with 'npm rebuild ${found.name} --build-addon-from-source'.`,
        ...(error instanceof Error && error.stack ? { detail: error.stack } : {}),
      },
      { cause: error },
    );
  }
  const native = tf.findBackend(registered) as unknown as NativeBackend | null;
  // It makes itself the current one, which is for its programs to do.
  if (before && before !== registered) await tf.setBackend(before);
  if (native) return native;
  throw new ProblemError({
    kind: 'environment',
    message: `${found.name} ${found.version} in ${found.folder} registered no backend with TensorFlow.js.`,
    remedy: `Install ${found.name}@${tf.version_core}.`,
  });
}

/**
 * Why TensorFlow computes on the CPU, if it does: `tfjs-node-gpu` falls back to it silently.
 *
 * @returns undefined where a CUDA device answers
 */
export function missingDevice(
  native: Pick<NativeBackend, 'isUsingGpuDevice'>,
): Missing | undefined {
  if (native.isUsingGpuDevice) return undefined;
  return {
    why: `${gpuName} is installed, but no CUDA device answers, so that TensorFlow would compute on the processor`,
    remedy:
      'Install the NVIDIA driver, CUDA 11.2 and cuDNN 8.1, which its TensorFlow 2.9 needs, or choose auto in the setting ebm.backend.',
  };
}
