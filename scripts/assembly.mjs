/**
 * AssemblyScript for esbuild: `import { add } from './name.wasm'` is what `assembly/name.ts`, beside
 * the importing file, exports: compiled now, carried in the bundle, instantiated on import.
 */
import path from 'node:path';
import asc from 'assemblyscript/asc';

/** @type {Map<string, Promise<Uint8Array>>} */
const compiled = new Map();

/**
 * @param {string} file
 * @returns {Promise<Uint8Array>}
 */
async function compile(file) {
  /** @type {Uint8Array | undefined} */
  let output;
  const { error, stderr } = await asc.main(
    // No runtime: the module's memory is its own static buffers.
    [
      path.basename(file),
      ...['--outFile', 'out.wasm', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '-O3'],
      ...['--baseDir', path.dirname(file)],
    ],
    {
      writeFile(name, contents) {
        if (name === 'out.wasm' && typeof contents !== 'string') output = contents;
      },
    },
  );
  if (error !== null || output === undefined) throw new Error(`${file}:\n${stderr}`);
  return output;
}

/** @type {import('esbuild').Plugin} */
export const assembly = {
  name: 'assembly',
  setup(build) {
    build.onResolve({ filter: /^\..*\.wasm$/ }, ({ path: name, resolveDir }) => {
      const { dir, name: base } = path.parse(name);
      const source = path.resolve(resolveDir, dir, 'assembly', `${base}.ts`);
      return { path: source, namespace: 'assembly' };
    });
    build.onLoad({ filter: /./, namespace: 'assembly' }, async ({ path: file }) => {
      const module = compiled.get(file) ?? compile(file);
      compiled.set(file, module);
      const base64 = Buffer.from(await module).toString('base64');
      return {
        contents:
          `const bytes = Buffer.from('${base64}', 'base64');` +
          'module.exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;',
        loader: 'js',
      };
    });
  },
};
