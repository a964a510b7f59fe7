/**
 * Makes the extension package for one platform: out/ebm-lab-<target>-<version>.vsix, with all that
 * it needs to train and nothing else. `.vscodeignore` is the list of what ships.
 *
 *   npm run package [-- --target linux-x64]
 */
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { npm, run } from './command.mjs';
import { root, setup } from './setup.mjs';

/**
 * The platform names of the marketplace, with the package that carries esbuild's binary for each, and
 * the folder of ONNX Runtime's native libraries. Where it has none, runs train on `wasm`.
 * @type {Record<string, { esbuild: string, onnx?: string }>}
 */
const platforms = {
  'linux-x64': { esbuild: '@esbuild/linux-x64', onnx: 'linux/x64' },
  'linux-arm64': { esbuild: '@esbuild/linux-arm64', onnx: 'linux/arm64' },
  'linux-armhf': { esbuild: '@esbuild/linux-arm' },
  // esbuild's binary is static, so the same one serves Alpine. ONNX Runtime's needs glibc.
  'alpine-x64': { esbuild: '@esbuild/linux-x64' },
  'alpine-arm64': { esbuild: '@esbuild/linux-arm64' },
  'darwin-x64': { esbuild: '@esbuild/darwin-x64' },
  'darwin-arm64': { esbuild: '@esbuild/darwin-arm64', onnx: 'darwin/arm64' },
  'win32-x64': { esbuild: '@esbuild/win32-x64', onnx: 'win32/x64' },
  'win32-arm64': { esbuild: '@esbuild/win32-arm64', onnx: 'win32/arm64' },
};

/** This machine's, as the marketplace calls it. */
function ownPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  );
  const system = report.header.glibcVersionRuntime === undefined ? 'alpine' : 'linux';
  return `${system}-${arch === 'arm' ? 'armhf' : arch}`;
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: ownPlatform() },
    'no-setup': { type: 'boolean', default: false },
  },
});
const platform = platforms[values.target];
if (platform === undefined) {
  console.error(
    `There is no package for '${values.target}'. Name one of: ${Object.keys(platforms).join(', ')}.`,
  );
  process.exit(2);
}

const { esbuild: binary, onnx } = platform;
if (!values['no-setup']) await setup();

const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
const stage = path.join(root, 'out/vsix');
const result = path.join(root, 'out', `${manifest.name}-${values.target}-${manifest.version}.vsix`);

/**
 * Waits for a step and ends the script with its output where it fails.
 * @param {string} what
 * @param {Promise<import('./command.mjs').Outcome>} outcome
 */
async function must(what, outcome) {
  const { ok, output } = await outcome;
  if (ok) return;
  console.error(`${what} failed.\n${output}`);
  process.exit(1);
}

await rm(stage, { recursive: true, force: true });
await mkdir(path.join(stage, 'node_modules'), { recursive: true });
await must(
  'The production build',
  run(process.execPath, ['scripts/build.mjs', '--production', '--out', path.join(stage, 'dist')], {
    cwd: root,
  }),
);

// What the packaged extension depends on at run time; the rest is inside the bundles.
const esbuild = JSON.parse(
  await readFile(path.join(root, 'node_modules/esbuild/package.json'), 'utf8'),
);
const shipped = { ...manifest };
for (const key of [
  'private',
  'scripts',
  'devDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
]) {
  delete shipped[key];
}
await writeFile(
  path.join(stage, 'package.json'),
  `${JSON.stringify(
    {
      ...shipped,
      dependencies: {
        esbuild: esbuild.version,
        [binary]: esbuild.version,
        ...(onnx === undefined ? {} : { 'onnxruntime-node': '*' }),
        'ebm-lab-typescript-plugin': '*',
      },
    },
    null,
    2,
  )}\n`,
);
for (const file of ['.vscodeignore', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
  await cp(path.join(root, file), path.join(stage, file));
}
for (const folder of ['media', 'docs/images', 'schemas']) {
  await cp(path.join(root, folder), path.join(stage, folder), { recursive: true });
}
await cp(path.join(root, 'node_modules/esbuild'), path.join(stage, 'node_modules/esbuild'), {
  recursive: true,
});
await cp(
  path.join(root, 'typescript-plugin'),
  path.join(stage, 'node_modules/ebm-lab-typescript-plugin'),
  { recursive: true },
);
await placeBinary();
if (onnx !== undefined) await placeOnnxRuntime(onnx);

/** esbuild's binary for the target: from node_modules where it is this machine's, else from npm. */
async function placeBinary() {
  const place = path.join(stage, 'node_modules', binary);
  const own = path.join(root, 'node_modules', binary);
  try {
    await cp(own, place, { recursive: true });
    return;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  const fetched = path.join(root, 'out', 'esbuild-binary');
  await rm(fetched, { recursive: true, force: true });
  await mkdir(fetched, { recursive: true });
  await writeFile(path.join(fetched, 'package.json'), '{ "private": true }\n');
  await must(
    `Fetching ${binary}`,
    npm(
      [
        'install',
        '--force',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        `${binary}@${esbuild.version}`,
      ],
      fetched,
    ),
  );
  await cp(path.join(fetched, 'node_modules', binary), place, { recursive: true });
}

/**
 * ONNX Runtime with the native libraries of one platform, out of the package that has those of all.
 * Which of its JavaScript ships, `.vscodeignore` says.
 * @param {string} libraries the platform's folder
 */
async function placeOnnxRuntime(libraries) {
  for (const name of ['onnxruntime-node', 'onnxruntime-common']) {
    const from = path.join(root, 'node_modules', name);
    const to = path.join(stage, 'node_modules', name);
    await cp(path.join(from, 'dist'), path.join(to, 'dist'), { recursive: true });
    const own = JSON.parse(await readFile(path.join(from, 'package.json'), 'utf8'));
    // Its other dependencies belong to its install script, which fetches the CUDA library.
    const { 'onnxruntime-common': common } = own.dependencies ?? {};
    await writeFile(
      path.join(to, 'package.json'),
      `${JSON.stringify(
        {
          ...own,
          scripts: {},
          devDependencies: {},
          dependencies: common === undefined ? {} : { 'onnxruntime-common': common },
        },
        null,
        2,
      )}\n`,
    );
  }
  const binaries = path.join('node_modules/onnxruntime-node/bin/napi-v6', libraries);
  await cp(path.join(root, binaries), path.join(stage, binaries), {
    recursive: true,
    // The same library as libonnxruntime.1.dylib, which is the name that is loaded.
    filter: (file) => !/libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(file),
  });
}

const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
await must(
  'Packaging',
  run(
    process.execPath,
    [
      vsce,
      'package',
      ...['--target', values.target, '--out', result],
      // There is no public repository for links and pictures to point to; the pictures are shipped.
      ...['--allow-missing-repository', '--no-rewrite-relative-links'],
    ],
    { cwd: stage },
  ),
);
const listing = await run(process.execPath, [vsce, 'ls', '--tree'], { cwd: stage });
console.log(listing.output.trimEnd());
console.log(
  `\n${path.relative(root, result)}  ${((await stat(result)).size / 2 ** 20).toFixed(1)} MB`,
);
