/**
 * Builds everything into dist/: the extension, the trainer (which is also the `ebm` command), the
 * panels' pages, the types that experiments see, and with `--tests` the test files.
 *
 *   node scripts/build.mjs [--tests] [--production] [--out DIRECTORY] [--inputs FILE]
 *   node scripts/build.mjs --only-tests     what a build before has made stays
 *
 * `--inputs` writes the names of all files that the bundles were made of, as a JSON list.
 */
import { execFile } from 'node:child_process';
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { assembly } from './assembly.mjs';
import { threadFiles, threads } from './threads.mjs';

const root = path.join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    tests: { type: 'boolean', default: false },
    'only-tests': { type: 'boolean', default: false },
    production: { type: 'boolean', default: false },
    out: { type: 'string', default: path.join(root, 'dist') },
    inputs: { type: 'string' },
  },
});
const dist = path.resolve(options.out);
const { production } = options;
/** The packages that ship as they are: what a bundle asks for at run time. */
const { dependencies } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));

/** @type {esbuild.BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  // The packaged extension has the whole licences beside it, see third-party.mjs.
  legalComments: 'eof',
  logLevel: 'warning',
  target: 'es2022',
};

/** @type {esbuild.BuildOptions} */
const node = { ...common, platform: 'node', format: 'cjs', target: 'node20' };

/**
 * What the UI toolkit does that the page's content security policy forbids, and what it becomes. The
 * first two find the global object where `globalThis` is missing, the third tries with an inline
 * style whether `:focus-visible` is known; an editor's browser has had both for years.
 * @type {readonly (readonly [file: RegExp, code: string, allowed: string])[]}
 */
const forbiddenInPages = [
  [
    /fast-element[\\/]dist[\\/]esm[\\/]platform\.js$/,
    'new Function("return this")()',
    'globalThis',
  ],
  [/lodash-es[\\/]_root\.js$/, "Function('return this')()", 'globalThis'],
  [
    /fast-web-utilities[\\/]dist[\\/]dom\.js$/,
    'if (typeof _canUseFocusVisible === "boolean") {',
    'return true;\n    if (typeof _canUseFocusVisible === "boolean") {',
  ],
];

/** @type {esbuild.Plugin} */
const withoutForbiddenCode = {
  name: 'without-forbidden-code',
  setup(build) {
    for (const [filter, code, allowed] of forbiddenInPages) {
      build.onLoad({ filter }, async ({ path: file }) => {
        const contents = await readFile(file, 'utf8');
        if (!contents.includes(code)) {
          return {
            errors: [{ text: `${file} no longer contains ${code}: look what it does now.` }],
          };
        }
        return { contents: contents.replaceAll(code, allowed), loader: 'js' };
      });
    }
  },
};

/** What the bundles are made of. @type {Set<string>} */
const inputs = new Set();

/** @param {esbuild.BuildOptions} settings */
async function bundle(settings) {
  const { metafile } = await esbuild.build(settings);
  for (const file of Object.keys(metafile?.inputs ?? {})) inputs.add(file);
}

async function buildExtension() {
  await bundle({
    ...node,
    entryPoints: { extension: 'extension/extension.ts' },
    outdir: dist,
    external: ['vscode'],
    // The editor complains of whoever asks for it, which zod does to know whether it is in a browser.
    define: { navigator: 'undefined' },
  });
}

async function buildTrainer() {
  await bundle({
    ...node,
    entryPoints: { ebm: 'trainer-worker/main.ts' },
    outdir: dist,
    plugins: [assembly, threads],
    // esbuild compiles the user's file at run time; its binary stays a package, and so do the native
    // libraries of ONNX Runtime, which are loaded only where a program runs on them.
    external: Object.keys(dependencies),
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
  await bundle({
    ...common,
    platform: 'browser',
    format: 'iife',
    entryPoints: { panel: 'webview/app.ts', compare: 'webview/compare.ts' },
    outdir: dist,
    plugins: [withoutForbiddenCode],
  });
}

/** The packages whose declarations experiment files may see beside those of `ebm-lab`. */
const typedPackages = ['tfjs', 'tfjs-core', 'tfjs-layers', 'tfjs-data', 'tfjs-converter'];

/** The declarations of `ebm-lab` and tfjs, which the TypeScript plugin shows to experiment files. */
async function buildTypes() {
  for (const name of typedPackages) {
    const from = path.join(root, 'node_modules/@tensorflow', name);
    await cp(from, path.join(dist, 'types/node_modules/@tensorflow', name), {
      recursive: true,
      filter: async (file) =>
        (await stat(file)).isDirectory()
          ? !file.slice(from.length).includes('node_modules')
          : /(?<!_test)\.d\.ts$|[\\/]package\.json$|[\\/]LICENSE$/.test(file),
    });
  }
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
  const outdir = path.join(dist, 'test');
  const { metafile } = await esbuild.build({
    ...node,
    format: 'esm',
    entryPoints,
    metafile: true,
    outdir,
    outbase: 'test',
    outExtension: { '.js': '.mjs' },
    packages: 'external',
    plugins: [assembly, threads],
    splitting: true,
    sourcemap: 'inline',
    minify: false,
  });
  // What an earlier build made of tests that are gone.
  const made = new Set(Object.keys(metafile.outputs).map((file) => path.join(root, file)));
  for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(file)) await rm(file);
  }
  // The suite that an extension host loads, in one file.
  await esbuild.build({
    ...node,
    entryPoints: ['test/electron/suite.ts'],
    outdir: path.join(outdir, 'electron'),
    external: ['vscode'],
    minify: false,
  });
}

if (options['only-tests']) {
  await buildTests();
} else {
  await rm(dist, { recursive: true, force: true });
  const jobs = [buildExtension(), buildTrainer(), buildPage(), buildTypes()];
  if (options.tests) jobs.push(buildTests());
  await Promise.all(jobs);
  if (options.inputs !== undefined) {
    await writeFile(options.inputs, JSON.stringify([...inputs, ...threadFiles]));
  }
}
