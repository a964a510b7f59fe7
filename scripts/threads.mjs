/**
 * Threads for esbuild: `import source from './name?thread'` is `name.ts`, bundled into one script as a
 * string, for `new Worker(source, { eval: true })`. So whatever bundle a thread is started from needs
 * no second file beside it.
 */
import path from 'node:path';
import * as esbuild from 'esbuild';
import { assembly } from './assembly.mjs';

/**
 * The files inside the scripts that were built so far, which esbuild's own account of a bundle does not
 * know.
 * @type {Set<string>}
 */
export const threadFiles = new Set();

/** @type {esbuild.Plugin} */
export const threads = {
  name: 'threads',
  setup(build) {
    build.onResolve({ filter: /\?thread$/ }, ({ path: name, resolveDir }) => ({
      path: path.resolve(resolveDir, name.replace(/\?thread$/, '.ts')),
      namespace: 'thread',
    }));
    build.onLoad({ filter: /./, namespace: 'thread' }, async ({ path: file }) => {
      const { outputFiles, metafile } = await esbuild.build({
        entryPoints: [file],
        bundle: true,
        write: false,
        metafile: true,
        minify: build.initialOptions.minify ?? false,
        platform: 'node',
        format: 'cjs',
        target: 'node20',
        plugins: [assembly],
      });
      for (const file of Object.keys(metafile.inputs)) threadFiles.add(file);
      return {
        contents: `export const source = ${JSON.stringify(outputFiles[0]?.text)};`,
        loader: 'js',
        watchFiles: Object.keys(metafile.inputs),
      };
    });
  },
};
