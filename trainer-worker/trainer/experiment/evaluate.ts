import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { ProblemError } from '../../../protocol/problem';
import { mapStacks } from '../../compiler/trace/source-maps';
import type { Bundle } from './bundle';

/** Where {@link withTimeLimit} puts what is to run, for the script that it runs. */
const slot = Symbol.for('ebm-lab.evaluate');

/** Runs `body` and ends it with an error if it takes longer. It must not be asynchronous. */
function withTimeLimit(milliseconds: number, body: () => void): void {
  const shared = globalThis as { [slot]?: () => void };
  shared[slot] = body;
  try {
    // In this context, not a new one: arrays that an experiment makes must be instances of our Array.
    vm.runInThisContext(`globalThis[Symbol.for('ebm-lab.evaluate')]()`, { timeout: milliseconds });
  } finally {
    delete shared[slot];
  }
}

/**
 * Evaluates a bundle and gives its exports.
 *
 * @param file the launched file, `original` where it lay if it is a copy
 * @param modules what the bundle's own imports of `ebm-lab` and tfjs give, by name
 * @throws what the file throws, or a ProblemError when it takes longer than `timeoutMs`
 */
export function evaluateBundle(
  bundle: Bundle,
  { file, original }: { readonly file: string; readonly original: string },
  modules: ReadonlyMap<string, unknown>,
  timeoutMs: number,
): { readonly [name: string]: unknown } {
  mapStacks(bundle.scriptName, bundle.map);
  const native = createRequire(file);
  const require = (name: string): unknown => {
    if (modules.has(name)) return modules.get(name);
    if (isBuiltin(name)) return native(name);
    throw new Error(
      name.startsWith('@tensorflow/')
        ? `The package '${name}' cannot be imported by an experiment; import '@tensorflow/tfjs'.`
        : `require('${name}') names its module only when it runs; createRequire(import.meta.url) of node:module finds it.`,
    );
  };
  const module: { exports: { readonly [name: string]: unknown } } = { exports: {} };
  try {
    withTimeLimit(timeoutMs, () => {
      vm.compileFunction(bundle.code, ['exports', 'require', 'module', '__filename', '__dirname'], {
        filename: bundle.scriptName,
      }).call(module.exports, module.exports, require, module, original, path.dirname(original));
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new ProblemError(
      {
        kind: 'experiment',
        message: `${path.basename(file)} did not finish loading within ${timeoutMs / 1000} s.`,
        remedy: 'Look for a loop at the top level of the file that never ends.',
        location: { file, line: 1, column: 1 },
      },
      { cause: error },
    );
  }
  return module.exports;
}
