/**
 * Makes the extension package for one platform: out/ebm-lab-<target>-<version>.vsix, with all that
 * it needs to train and nothing else. `.vscodeignore` is the list of what ships, `dependencies` of
 * package.json those packages that ship as they are; what else is used is inside the bundles.
 *
 *   npm run package [-- --target linux-x64]
 */
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { npm, run } from './command.mjs';
import { root, setup } from './setup.mjs';
import { thirdPartyNotices } from './third-party.mjs';

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

/**
 * Packages that ship as they are, in node_modules of the extension: how each is placed there, and which
 * ones it brings along. Every dependency of package.json is one.
 * @type {Record<string, () => Promise<Record<string, string>>>}
 */
const placements = {
  'ebm-lab-typescript-plugin': async () => {
    const name = 'ebm-lab-typescript-plugin';
    await cp(path.join(root, 'typescript-plugin'), placeOf(name), { recursive: true });
    return { [name]: await versionOf(name) };
  },
  esbuild: async () => {
    const version = await versionOf('esbuild');
    const from = path.join(root, 'node_modules/esbuild');
    await cp(from, placeOf('esbuild'), { recursive: true });
    await placeBinary(version);
    return { esbuild: version, [binary]: version };
  },
  'onnxruntime-node': async () => {
    if (onnx === undefined) return {};
    await placeOnnxRuntime(onnx);
    return { 'onnxruntime-node': await versionOf('onnxruntime-node') };
  },
};
const named = Object.keys(manifest.dependencies);
const odd = [
  ...named.filter((name) => !(name in placements)),
  ...Object.keys(placements).filter((name) => !named.includes(name)),
];
if (odd.length > 0) {
  console.error(
    `The dependencies of package.json and those that are placed here differ in ${odd.join(', ')}.`,
  );
  process.exit(1);
}

await rm(stage, { recursive: true, force: true });
await mkdir(path.join(stage, 'node_modules'), { recursive: true });
const inputs = path.join(root, 'out/bundled-files.json');
await must(
  'The production build',
  run(
    process.execPath,
    [
      ...['scripts/build.mjs', '--production', '--out', path.join(stage, 'dist')],
      ...['--inputs', inputs],
    ],
    { cwd: root },
  ),
);

/** @type {Record<string, string>} */
const dependencies = {};
for (const name of named) Object.assign(dependencies, await placements[name]?.());
const shipped = { ...manifest, dependencies };
for (const key of [
  'private',
  'scripts',
  'devDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
]) {
  delete shipped[key];
}
await writeFile(path.join(stage, 'package.json'), `${JSON.stringify(shipped, null, 2)}\n`);
for (const file of ['.vscodeignore', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
  await cp(path.join(root, file), path.join(stage, file));
}
for (const folder of ['media', 'docs/images', 'schemas']) {
  await cp(path.join(root, folder), path.join(stage, folder), { recursive: true });
}
await writeNotices();

/** @param {string} name */
function placeOf(name) {
  return path.join(stage, 'node_modules', name);
}

/** @param {string} name */
async function versionOf(name) {
  const file = path.join(root, 'node_modules', name, 'package.json');
  return JSON.parse(await readFile(file, 'utf8')).version;
}

/** The licences of all that is in the bundles, and of the packages beside them. */
async function writeNotices() {
  /** @type {string[]} */
  const files = JSON.parse(await readFile(inputs, 'utf8'));
  // The plugin is this project's own, and esbuild's licence is its binary's as well.
  const packages = Object.keys(dependencies).filter(
    (name) => name !== 'ebm-lab-typescript-plugin' && name !== binary,
  );
  if (onnx !== undefined) packages.push('onnxruntime-common');
  for (const name of packages) {
    const folder = path.join('node_modules', name);
    const own = await readdir(path.join(root, folder, 'dist')).catch(() => []);
    files.push(path.join(folder, 'package.json'));
    files.push(...own.map((file) => path.join(folder, 'dist', file)));
  }
  const notices = await thirdPartyNotices(root, files);
  // Its package does not carry the notices of what is inside its library.
  const further =
    onnx === undefined
      ? ''
      : `\n${'-'.repeat(80)}\n\nONNX Runtime's library carries code of others itself. It is listed at\n` +
        'https://github.com/microsoft/onnxruntime/blob/main/ThirdPartyNotices.txt\n';
  await writeFile(path.join(stage, 'THIRD-PARTY-NOTICES.txt'), notices + further);
}

/**
 * esbuild's binary for the target: from node_modules where it is this machine's, else from npm.
 * @param {string} version
 */
async function placeBinary(version) {
  const place = placeOf(binary);
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
      ['install', '--force', '--ignore-scripts', '--no-audit', '--no-fund', `${binary}@${version}`],
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
    const to = placeOf(name);
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
const files = (await run(process.execPath, [vsce, 'ls'], { cwd: stage })).output.split('\n');
const missing = Object.keys(dependencies).filter(
  (name) => !files.includes(`node_modules/${name}/package.json`),
);
if (missing.length > 0) {
  console.error(`.vscodeignore leaves out ${missing.join(', ')}, which package.json depends on.`);
  process.exit(1);
}
const listing = await run(process.execPath, [vsce, 'ls', '--tree'], { cwd: stage });
console.log(listing.output.trimEnd());
console.log(
  `\n${path.relative(root, result)}  ${((await stat(result)).size / 2 ** 20).toFixed(1)} MB`,
);
