/**
 * Builds everything into dist/: the extension, the trainer (which is also the `ebm` command), the
 * panel's page, the types that experiments see, and with `--tests` the test files.
 *
 *   node scripts/build.mjs [--tests] [--production] [--out DIRECTORY]
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import * as esbuild from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    tests: { type: 'boolean', default: false },
    production: { type: 'boolean', default: false },
    out: { type: 'string', default: path.join(root, 'dist') },
  },
});
const dist = path.resolve(options.out);
const { production } = options;

/** @type {esbuild.BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  // Licences of bundled packages go with the bundle.
  legalComments: 'eof',
  logLevel: 'warning',
  target: 'es2022',
};

/** @type {esbuild.BuildOptions} */
const node = { ...common, platform: 'node', format: 'cjs', target: 'node20' };

/**
 * The UI toolkit finds the global object by `new Function('return this')()` where `globalThis` is
 * missing, which it never is. The page's policy forbids such code, so it is not shipped.
 * @type {esbuild.Plugin}
 */
const withoutDynamicCode = {
  name: 'without-dynamic-code',
  setup(build) {
    build.onLoad(
      { filter: /fast-element[\\/]dist[\\/]esm[\\/]platform\.js$|lodash-es[\\/]_root\.js$/ },
      async (args) => ({
        contents: (await readFile(args.path, 'utf8'))
          .replace(/new Function\("return this"\)\(\)/g, 'globalThis')
          .replace(/Function\('return this'\)\(\)/g, 'globalThis'),
        loader: 'js',
      }),
    );
  },
};

async function buildExtension() {
  await esbuild.build({
    ...node,
    entryPoints: { extension: 'extension/extension.ts' },
    outdir: dist,
    external: ['vscode'],
  });
}

async function buildTrainer() {
  await esbuild.build({
    ...node,
    entryPoints: { ebm: 'trainer-worker/main.ts' },
    outdir: dist,
    // esbuild compiles the user's file at run time; its binary stays a package.
    external: ['esbuild'],
    banner: { js: '#!/usr/bin/env node' },
  });
  await chmod(path.join(dist, 'ebm.js'), 0o755);
  await mkdir(path.join(dist, 'wasm'), { recursive: true });
  const wasm = path.join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
  for (const file of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
    await copyFile(path.join(wasm, file), path.join(dist, 'wasm', file));
  }
}

async function buildPage() {
  await esbuild.build({
    ...common,
    platform: 'browser',
    format: 'iife',
    entryPoints: { panel: 'webview/app.ts' },
    outdir: dist,
    plugins: [withoutDynamicCode],
  });
}

/** The declarations of `ebm-lab`, which the TypeScript plugin shows to experiment files. */
async function buildTypes() {
  await promisify(execFile)(
    process.execPath,
    [
      path.join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      'trainer-worker/api',
      '--outDir',
      path.join(dist, 'types'),
    ],
    { cwd: root },
  ).catch((error) => {
    throw new Error(`The declarations of ebm-lab do not compile:\n${error.stdout}`);
  });
}

async function buildTests() {
  const files = await readdir(path.join(root, 'test'), { recursive: true });
  const entryPoints = files
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join('test', file));
  await esbuild.build({
    ...node,
    format: 'esm',
    entryPoints,
    outdir: path.join(dist, 'test'),
    outbase: 'test',
    outExtension: { '.js': '.mjs' },
    packages: 'external',
    splitting: true,
    sourcemap: 'inline',
    minify: false,
  });
}

await rm(dist, { recursive: true, force: true });
const jobs = [buildExtension(), buildTrainer(), buildPage(), buildTypes()];
if (options.tests) jobs.push(buildTests());
await Promise.all(jobs);
