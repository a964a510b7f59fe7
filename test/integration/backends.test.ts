/** Which backend is chosen, what it says and what it computes. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { type BackendName, backendNames, packagesVariable } from '../../protocol/backends';
import type { Backend } from '../../trainer-worker/compiler/backends/backend';
import { chooseBackend } from '../../trainer-worker/compiler/backends/choose';
import { GuardedExecution } from '../../trainer-worker/compiler/backends/guarded';
import { lookAtMachine, type Machine } from '../../trainer-worker/compiler/backends/machine';
import { probe } from '../../trainer-worker/compiler/backends/probe';
import { relativeDifference } from '../../trainer-worker/compiler/backends/time-program';
import type { Arrays } from '../../trainer-worker/compiler/run/execution';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import { arraysFor, contrastiveDivergence, multilayerPerceptron } from '../graph-programs';
import { experimentFolder, smallExperiment } from '../support/experiment-folder';
import { problemFrom } from '../support/problem';
import { useSoftwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan';
import { temporaryFolder } from '../support/temporary';
import { ebm, start } from '../support/trainer';

const definition = contrastiveDivergence(
  multilayerPerceptron({ batch: 8, dimensions: 2, hidden: [8] }),
);
const program = compileProgram(definition);
const initial = arraysFor(definition.state!, 1);
const feedsOf = (step: number): Arrays => ({
  ...arraysFor(definition.inputs, 100 + step),
  steps: Int32Array.of(3),
});

/** A machine that shows these GPUs, under a fingerprint of its own. */
const machineWith = (gpus: readonly string[], changes: Partial<Machine> = {}): Machine => ({
  ...lookAtMachine(),
  gpus,
  hasNvidia: false,
  fingerprint: JSON.stringify([gpus, changes]),
  ...changes,
});

function choose(
  t: TestContext,
  wanted: BackendName | 'auto',
  means: Parameters<typeof chooseBackend>[1] = {},
): Promise<Backend> {
  return (async () =>
    chooseBackend(
      { wanted, program, feeds: feedsOf(0), initial },
      { script: ebm, cache: await temporaryFolder(t), ...means },
    ))();
}

/** The state after some training steps on a backend. */
async function trained(backend: Backend): Promise<Arrays> {
  const execution = await backend.start(program, initial);
  for (let step = 0; step < 3; step++) await execution.run(feedsOf(step), { seed: 5, step });
  const state = await execution.readState();
  await execution.dispose();
  return state;
}

/** Both train alike: a gradient in float32 is good to 1e-6, which the three Adam steps stretch. */
async function assertTrainAlike(actual: Backend, expected: Backend): Promise<void> {
  const [a, b] = [await trained(actual), await trained(expected)];
  for (const [name, values] of Object.entries(b)) {
    const difference = relativeDifference(a[name]!, values);
    assert.ok(difference < 1e-3, `${name} differs by ${difference}`);
  }
}

/** Sets variables for this process and those that it starts, until the test ends. */
function setVariables(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const former = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (former === undefined) delete process.env[name];
      else process.env[name] = former;
    });
  }
}

describe('on a machine that shows no GPU', () => {
  const machine = machineWith([]);

  test('auto takes ONNX Runtime on the processor and says why', async (t) => {
    const backend = await choose(t, 'auto', { machine });
    assert.equal(backend.name, 'onnx-cpu');
    assert.match(
      backend.reason,
      /^ONNX Runtime \d+\.\d+\.\d+ on the processor; this machine shows no GPU$/,
    );
    const state = await trained(backend);
    assert.ok(Object.values(state).every((values) => values.every(Number.isFinite)));
  });

  test('a second launch starts no process to find that out', async (t) => {
    const cache = await temporaryFolder(t);
    await choose(t, 'auto', { machine, cache });
    // A script that is not there would be found out by asking it.
    const again = await choose(t, 'auto', { machine, cache, script: path.join(cache, 'none.js') });
    assert.equal(again.name, 'onnx-cpu');
  });

  test('a GPU backend by name is refused: what, why, the remedy', async (t) => {
    const problem = await problemFrom(choose(t, 'onnx-webgpu', { machine }));
    assert.equal(problem.kind, 'environment');
    assert.equal(
      problem.message,
      'The backend onnx-webgpu is not there: this machine shows no GPU.',
    );
    assert.match(problem.remedy!, /Vulkan driver/);
  });

  test('wasm and the processor by name train alike', async (t) => {
    const wasm = await choose(t, 'wasm', { machine });
    assert.match(wasm.reason, /^TensorFlow\.js .* on WebAssembly.*; chosen by name$/);
    await assertTrainAlike(wasm, await choose(t, 'onnx-cpu', { machine }));
  });
});

describe('where no native library loads', () => {
  test('auto trains on wasm and says what is missing', async (t) => {
    const machine = machineWith([], { platform: 'freebsd' });
    const backend = await choose(t, 'auto', { machine });
    assert.equal(backend.name, 'wasm');
    assert.match(
      backend.reason,
      /ONNX Runtime does not load \(onnxruntime-node has no library for freebsd-/,
    );
  });

  test('and where the library brings its process down, this one lives', async (t) => {
    const script = path.join(await temporaryFolder(t), 'crashes.js');
    await writeFile(script, 'process.abort();');
    const backend = await choose(t, 'auto', { machine: machineWith([]), script });
    assert.equal(backend.name, 'wasm');
    assert.match(backend.reason, /does not load \(its process ended \(signal SIGABRT\)/);
  });
});

describe('a probe', () => {
  const script = async (t: TestContext, text: string) => {
    const file = path.join(await temporaryFolder(t), 'probed.js');
    await writeFile(file, text);
    return file;
  };

  test('ends a process that hangs, also one that ignores everything', async (t) => {
    const pidFile = path.join(await temporaryFolder(t), 'pid');
    const hangs = await script(
      t,
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
      process.on('SIGTERM', () => {}); for (;;);`,
    );
    const answer = await probe('onnx-webgpu', { script: hangs, limitMs: 5_000 });
    assert.deepEqual(answer, { works: false, why: 'it did not answer within 5 s' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
  });

  test('tells how a process ended, with its last words', async (t) => {
    const fails = await script(t, "console.error('no such driver'); process.exit(3);");
    assert.deepEqual(await probe('onnx-webgpu', { script: fails, limitMs: 20_000 }), {
      works: false,
      why: 'its process ended (exit code 3): no such driver',
    });
  });

  test('takes no answer that is not one', async (t) => {
    const chatters = await script(t, "process.send({ works: 'perhaps' });");
    assert.deepEqual(await probe('onnx-webgpu', { script: chatters, limitMs: 20_000 }), {
      works: false,
      why: 'it answered with something else',
    });
  });
});

describe('on a machine with a Vulkan device in software', { skip: withoutSoftwareVulkan }, () => {
  let machine: Machine;
  before(() => {
    useSoftwareVulkan();
    machine = lookAtMachine();
  });

  test('auto times it, finds the processor faster, says so and remembers', async (t) => {
    const cache = await temporaryFolder(t);
    const backend = await choose(t, 'auto', { machine, cache });
    assert.equal(backend.name, 'onnx-cpu');
    assert.match(
      backend.reason,
      /on the processor; onnx-webgpu needs [\d.]+ ms for this step and the processor [\d.]+$/,
    );
    const script = path.join(cache, 'none.js');
    const again = await choose(t, 'auto', { machine, cache, script });
    assert.equal(again.reason, backend.reason);
  });

  for (const name of ['onnx-webgpu', 'tfjs-webgpu'] as const) {
    test(`${name} by name trains like the processor`, async (t) => {
      const backend = await choose(t, name, { machine });
      assert.equal(backend.name, name);
      assert.match(backend.reason, /on WebGPU \(.+\); chosen by name$/);
      await assertTrainAlike(backend, await choose(t, 'onnx-cpu', { machine }));
    });
  }

  test('a driver that does not load is told, and passed over by auto', async (t) => {
    const folder = await temporaryFolder(t);
    const driver = path.join(folder, 'driver.json');
    await writeFile(
      driver,
      JSON.stringify({
        file_format_version: '1.0.0',
        ICD: { library_path: path.join(folder, 'gone.so'), api_version: '1.0.5' },
      }),
    );
    setVariables(t, { VK_ICD_FILENAMES: driver });
    const broken = lookAtMachine();
    const problem = await problemFrom(choose(t, 'onnx-webgpu', { machine: broken }));
    assert.equal(problem.kind, 'environment');
    assert.equal(
      problem.message,
      'The backend onnx-webgpu is not there: Failed to get a WebGPU adapter: No supported adapters.',
    );
    const backend = await choose(t, 'auto', { machine: broken });
    assert.equal(backend.name, 'onnx-cpu');
    assert.match(backend.reason, /onnx-webgpu does not work here \(.*adapter/);
  });
});

/**
 * A stand-in for a package whose native library cannot be installed here: it does with tfjs what the
 * real one's `index.js` and `nodejs_kernel_backend.js` do, and computes with the kernels of `cpu`.
 */
async function installNative(t: TestContext, name: string, main: string): Promise<string> {
  const folder = await temporaryFolder(t);
  setVariables(t, { [packagesVariable]: folder });
  return await installIn(folder, name, main);
}

async function installIn(folder: string, name: string, main: string): Promise<string> {
  const place = path.join(folder, 'node_modules', name);
  await mkdir(place, { recursive: true });
  await symlink(
    path.resolve('node_modules/@tensorflow/tfjs'),
    path.join(folder, 'node_modules/@tensorflow/tfjs'),
  );
  await writeFile(path.join(place, 'package.json'), JSON.stringify({ name, version: '4.22.0' }));
  await writeFile(path.join(place, 'index.js'), main);
  return place;
}

/** What a package says whose native part was not fetched or built, as the real ones word it. */
const needsFile = (file: string) => `
  const file = require('path').resolve(__dirname, ${JSON.stringify(file)});
  if (!require('fs').existsSync(file)) {
    throw new Error('The Node.js native addon module (tfjs_binding.node) can not be found at path: ' + file + '. \\nPlease run command');
  }
`;

const nativeMain = (isUsingGpuDevice: boolean) => `
  const util = require('util');
  const tf = require('@tensorflow/tfjs');
  if (!util.isNullOrUndefined(null) || !util.isArray([])) throw new Error('util');
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    tf.registerKernel({ ...kernel, backendName: 'tensorflow' });
  }
  tf.registerBackend('tensorflow', () => {
    const backend = tf.findBackendFactory('cpu')();
    backend.isUsingGpuDevice = ${isUsingGpuDevice};
    backend.binding = { TF_Version: '2.9.1' };
    if (${isUsingGpuDevice}) {
      if (process.env.TF_CPP_MIN_LOG_LEVEL === '0') console.error('Created device /job:localhost/replica:0/task:0/device:GPU:0 with 78909 MB memory:  -> device: 0, name: NVIDIA H100, pci bus id: 0000:19:00.0');
    }
    if (!${isUsingGpuDevice}) {
      console.error("Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file");
    }
    return backend;
  }, 3);
  tf.setBackend('tensorflow');
`;

describe('a package with TensorFlow’s library', () => {
  const nvidia = machineWith([], { hasNvidia: true, platform: 'linux', arch: 'x64' });

  test('auto times it on this very step, and tells where the processor is faster', async (t) => {
    // Its kernels are JavaScript's, which compute the same and are no match for ONNX Runtime.
    await installNative(t, '@tensorflow/tfjs-node-gpu', nativeMain(true));
    const backend = await choose(t, 'auto', { machine: nvidia });
    assert.equal(backend.name, 'onnx-cpu');
    assert.match(
      backend.reason,
      /; tfjs-node-gpu needs [\d.]+ ms for this step and the processor [\d.]+$/,
    );
  });

  test('auto takes it where it is faster; it trains like the processor', async (t) => {
    await installNative(t, '@tensorflow/tfjs-node-gpu', nativeMain(true));
    const script = path.join(await temporaryFolder(t), 'fast.js');
    const timing = { milliseconds: 1, cpuMilliseconds: 8, difference: 0 };
    await writeFile(
      script,
      `process.send({ works: true, description: 'a CUDA device', timing: ${JSON.stringify(timing)} });`,
    );
    const backend = await choose(t, 'auto', { machine: nvidia, script });
    assert.equal(backend.name, 'tfjs-node-gpu');
    assert.equal(
      backend.reason,
      'a CUDA device; 8.0 times as fast on this step as the processor (1 ms, 8 ms)',
    );
    await assertTrainAlike(backend, await choose(t, 'onnx-cpu', { machine: machineWith([]) }));
  });

  test('auto takes it where ONNX Runtime does not load, and says what it is', async (t) => {
    await installNative(t, '@tensorflow/tfjs-node-gpu', nativeMain(true));
    const script = path.join(await temporaryFolder(t), 'without-onnx.js');
    await writeFile(
      script,
      `if (process.argv.includes('onnx-cpu')) process.abort(); process.argv[1] = ${JSON.stringify(ebm)}; require(process.argv[1]);`,
    );
    const backend = await choose(t, 'auto', { machine: nvidia, script });
    assert.equal(backend.name, 'tfjs-node-gpu');
    assert.equal(
      backend.reason,
      '@tensorflow/tfjs-node-gpu 4.22.0 (TensorFlow 2.9.1) on a CUDA device, NVIDIA H100; a CUDA device answers',
    );
  });

  test('that fell back to the processor is passed over, and refused by name', async (t) => {
    await installNative(t, '@tensorflow/tfjs-node-gpu', nativeMain(false));
    const backend = await choose(t, 'auto', { machine: nvidia });
    assert.equal(backend.name, 'onnx-cpu');
    assert.match(backend.reason, /tfjs-node-gpu does not work here \(.*no CUDA device answers/);
    const problem = await problemFrom(choose(t, 'tfjs-node-gpu', { machine: nvidia }));
    assert.match(
      problem.message,
      /is not there: .*no CUDA device answers.*; it did not find libcudart\.so\.11\.0\.$/,
    );
    assert.match(problem.remedy!, /CUDA 11\.2 and cuDNN 8\.1/);
  });

  test('that brings its process down brings no run down', async (t) => {
    await installNative(t, '@tensorflow/tfjs-node', 'process.abort();');
    const problem = await problemFrom(choose(t, 'tfjs-node'));
    assert.match(problem.message, /its process ended \(signal SIGABRT\)/);
  });

  test('whose native part is missing says how to get it', async (t) => {
    await installNative(
      t,
      '@tensorflow/tfjs-node',
      "throw new Error('The Node.js native addon module (tfjs_binding.node) can not be found at path: lib/napi-v8');",
    );
    const problem = await problemFrom(choose(t, 'tfjs-node'));
    assert.match(problem.message, /tfjs_binding\.node\) can not be found/);
    assert.match(problem.remedy!, /npm rebuild @tensorflow\/tfjs-node /);
  });

  for (const [what, file] of [
    ['its binding', 'lib/napi-v8/tfjs_binding.node'],
    ['TensorFlow itself', 'deps/lib/libtensorflow.so.2'],
  ] as const) {
    test(`is asked anew as soon as ${what} is there, and when it is gone again`, async (t) => {
      const main = needsFile(file) + nativeMain(false);
      const place = await installNative(t, '@tensorflow/tfjs-node', main);
      const cache = await temporaryFolder(t);
      const refused = async () => (await problemFrom(choose(t, 'tfjs-node', { cache }))).message;
      assert.match(await refused(), /can not be found/);
      await mkdir(path.join(place, path.dirname(file)), { recursive: true });
      await writeFile(path.join(place, file), '');
      assert.equal((await choose(t, 'tfjs-node', { cache })).name, 'tfjs-node');
      // A script that is not there would be found out by asking it.
      const script = path.join(cache, 'none.js');
      assert.equal((await choose(t, 'tfjs-node', { cache, script })).name, 'tfjs-node');
      await rm(path.join(place, file));
      assert.match(await refused(), /can not be found/);
    });
  }

  test('repaired without a trace: what ‘ebm backends’ says then, runs go by', async (t) => {
    const folder = await experimentFolder(t, { 'quick.ebm.ts': smallExperiment({ steps: '2' }) });
    const part = path.join(folder, 'a part of the system');
    await installNative(t, '@tensorflow/tfjs-node', needsFile(part) + nativeMain(false));
    setVariables(t, { XDG_CACHE_HOME: folder, LOCALAPPDATA: folder });
    const said = async (...args: string[]) => {
      const program = start(t, [process.execPath, ebm, ...args], { cwd: folder });
      await program.exited;
      return program.out() + program.errors();
    };
    const run = () => said('run', 'quick.ebm.ts', '--backend', 'tfjs-node');
    assert.match(await run(), /can not be found/);
    await writeFile(part, '');
    assert.match(await said('backends', 'tfjs-node'), /^tfjs-node +works/);
    assert.match(await run(), /tfjs-node 4\.22\.0.*chosen by name/);
  });

  test('is taken from the project of the experiment, wherever it is launched', async (t) => {
    const [project, elsewhere] = [await temporaryFolder(t), await temporaryFolder(t)];
    await installIn(project, '@tensorflow/tfjs-node', nativeMain(false));
    const file = path.join(project, 'experiments/quick.ebm.ts');
    await mkdir(path.dirname(file));
    await writeFile(file, smallExperiment({ steps: '2' }));
    setVariables(t, { XDG_CACHE_HOME: elsewhere, LOCALAPPDATA: elsewhere });
    const ends = async (...args: string[]) => {
      const command = [process.execPath, ebm, ...args, '--backend', 'tfjs-node', '--runs', 'runs'];
      const program = start(t, command, { cwd: elsewhere });
      assert.equal(await program.exited, 0, program.errors());
      assert.match(program.out(), /tfjs-node 4\.22\.0.*chosen by name/);
    };
    await ends('run', file);
    // From its copy, too.
    const [run] = await readdir(path.join(elsewhere, 'runs'));
    await ends('run', '--exactly', run!);
    await ends('resume', run!, '--steps', '4');
  });

  test('that is not installed is refused by name, with the command that installs it', async (t) => {
    const problem = await problemFrom(choose(t, 'tfjs-node-gpu', { machine: nvidia }));
    assert.match(problem.message, /the package @tensorflow\/tfjs-node-gpu is not installed/);
    assert.match(problem.remedy!, /EBM: Install GPU Backend/);
  });
});

test('a backend that fails in the middle of a run becomes a problem, and the run can go on', async (t) => {
  const backend = await choose(t, 'onnx-cpu');
  const execution = await backend.start(program, initial);
  let lost = true;
  const failing = new GuardedExecution('onnx-webgpu', {
    run: async (feeds, key, accept) => {
      if (lost) throw new Error('device lost\n  somewhere');
      return await execution.run(feeds, key, accept);
    },
    readState: () => execution.readState(),
    writeState: (state) => execution.writeState(state),
    dispose: () => execution.dispose(),
  });
  const problem = await problemFrom(failing.run(feedsOf(0), { seed: 0, step: 0 }));
  assert.equal(problem.kind, 'environment');
  assert.equal(problem.message, 'The backend onnx-webgpu failed: device lost.');
  assert.match(problem.remedy!, /ebm\.backend, for example onnx-cpu/);
  assert.deepEqual(await failing.readState(), initial);
  lost = false;
  await failing.run(feedsOf(0), { seed: 0, step: 0 });
  assert.notDeepEqual(await failing.readState(), initial);
  await failing.dispose();
});

test('what is wrong with the feeds stays the problem that it is', async (t) => {
  const execution = await (await choose(t, 'onnx-cpu')).start(program, initial);
  const problem = await problemFrom(execution.run({}, { seed: 0, step: 0 }));
  assert.equal(problem.kind, 'experiment');
  await execution.dispose();
});

test('every name has a backend', async () => {
  const { backendMethod } = await import('../../trainer-worker/compiler/backends/index');
  for (const name of backendNames) assert.equal(backendMethod(name).name, name);
});
