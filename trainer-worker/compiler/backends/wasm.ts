import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ProblemError } from '../../../protocol/problem';
import { runOnTfjs } from '../run/run-tfjs';
import type { BackendMethod } from './backend';
import { registerFastMatMul } from './wasm-mat-mul';

/** tfjs on WebAssembly: what trains where no native library loads. */
export const wasmBackend: BackendMethod = {
  name: 'wasm',
  missing: () => undefined,
  version: () => tf.version_core,
  // They are part of this program.
  files: () => [],
  load: async () => ({
    description: await startWasm(),
    start: (program, initial) => runOnTfjs(program, 'wasm', initial),
  }),
};

let started: Promise<string> | undefined;

/**
 * Starts WebAssembly in this process; further calls give the same.
 *
 * @returns what it is
 * @throws ProblemError (`environment`) where WebAssembly does not work
 */
export function startWasm(): Promise<string> {
  started ??= start();
  return started;
}

async function start(): Promise<string> {
  tf.env().set('PROD', true);
  setWasmPaths(wasmFolder());
  const works = await withoutNewProcessListeners(() => tf.setBackend('wasm'));
  if (!works) {
    throw new ProblemError({
      kind: 'environment',
      message: 'WebAssembly does not start in this Node.js.',
      remedy: 'Use Node.js 20 or newer, or set ebm.nodePath to one.',
    });
  }
  registerFastMatMul();
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  return `TensorFlow.js ${tf.version_core} on WebAssembly${simd ? ' with SIMD' : ''}, one thread`;
}

/** The folder of the `.wasm` files, with a separator at its end. */
function wasmFolder(): string {
  // Beside the bundle, where there is one; in the package when run from separate modules.
  const bundled = typeof __dirname === 'string' ? path.join(__dirname, 'wasm') : undefined;
  if (bundled !== undefined && existsSync(bundled)) return bundled + path.sep;
  const resolve = createRequire(process.argv[1] ?? path.join(process.cwd(), 'index.js')).resolve;
  const manifest = resolve('@tensorflow/tfjs-backend-wasm/package.json');
  return path.join(path.dirname(manifest), 'dist') + path.sep;
}

/**
 * Runs `body` and takes off the listeners that it put on the process.
 *
 * Emscripten's start-up code rethrows every uncaught exception and rejection of the whole process,
 * which would take from us the decision of what becomes of a run.
 */
async function withoutNewProcessListeners<T>(body: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = new Map(events.map((event) => [event, process.listeners(event as 'exit')]));
  try {
    return await body();
  } finally {
    for (const event of events) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before.get(event)?.includes(listener)) process.off(event, listener);
      }
    }
  }
}
