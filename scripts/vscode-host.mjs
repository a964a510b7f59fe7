/**
 * A real VS Code with no desktop: code-server, which is the workbench served to a browser and the
 * Node extension host behind it. The tests drive it, and `npm start` uses it where there is no
 * desktop VS Code.
 *
 * It lives outside the repository, because its `node` package would shadow every script's Node.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { cacheDirectory } from './cache-directory.mjs';
import { hasExited, npm, run, start, stop } from './command.mjs';
import { makeWhole } from './whole-folder.mjs';

/** VS Code 1.139, and the Node it was built for. Both come from npm. */
const packages = { 'code-server': '4.139.1', node: '24.21.0' };

/** The native parts that VS Code needs here, of those that its own install script would build. */
const nativeParts = ['@vscode/spdlog', '@vscode/native-watchdog'];

/** Where the host is installed: `EBM_VSCODE_HOST`, or a folder of this version in the cache. */
export function hostDirectory() {
  const version = `${packages['code-server']}-${process.platform}-${process.arch}`;
  return process.env['EBM_VSCODE_HOST'] || cacheDirectory('vscode-host', version);
}

/** @param {string} directory */
function partsOf(directory) {
  const modules = path.join(directory, 'node_modules');
  return {
    node: path.join(modules, 'node/bin', process.platform === 'win32' ? 'node.exe' : 'node'),
    entry: path.join(modules, 'code-server/out/node/entry.js'),
  };
}

/** @param {string} directory */
function isWhole(directory) {
  const { node, entry } = partsOf(directory);
  return existsSync(node) && existsSync(entry);
}

/**
 * Installs the host where it is missing: about 45 seconds and 800 MB. A broken-off install is
 * never taken for a whole one, and two at once do the work once.
 * @returns {Promise<'installed' | 'up to date'>}
 * @throws an Error whose message says what to do
 */
export async function installHost() {
  return makeWhole(hostDirectory(), { what: 'install of VS Code', isWhole, fill });
}

/** @param {string} directory */
async function fill(directory) {
  await writeFile(
    path.join(directory, 'package.json'),
    JSON.stringify({
      name: 'ebm-lab-vscode-host',
      private: true,
      dependencies: packages,
      // npm 11 and later want a consent to each install script that is to run.
      allowScripts: { node: true },
    }),
  );
  // `node-gyp` warns about engines: code-server runs on the Node beside it, not on ours.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const bare = ['--ignore-scripts', ...quiet];
  // A script that npm has started hands the repository's own `ignore-scripts` on to what it starts.
  const rebuild = ['rebuild', '--ignore-scripts=false', ...quiet];
  const vscode = path.join(directory, 'node_modules/code-server/lib/vscode');
  /** @type {[string, string[], string][]} */
  const steps = [
    // code-server's own install script builds parts that nobody here needs and that want Kerberos.
    ['code-server', ['install', ...bare], directory],
    ['its Node', [...rebuild, 'node'], directory],
    ['VS Code', ['install', '--omit=dev', ...bare], vscode],
    ["VS Code's extensions", ['install', '--omit=dev', ...bare], path.join(vscode, 'extensions')],
  ];
  for (const [what, args, cwd] of steps) {
    const { ok, output } = await npm(args, cwd);
    if (!ok) {
      throw new Error(
        `${output.trim()}\n\nVS Code for the browser could not be installed: npm failed at ` +
          `${what}. See whether npm reaches its registry ('npm ping'), then try again.`,
      );
    }
  }
  const native = await npm([...rebuild, ...nativeParts], vscode);
  if (!native.ok) {
    console.warn(
      'Warning: the browser VS Code will show no output channels, because its native parts could ' +
        'not be built. That takes a C++ compiler, make and Python 3.',
    );
  }
}

/** Settings of a window in which nothing distracts and nothing is fetched. */
const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'workbench.startupEditor': 'none',
  // A reload keeps what was open, though the address names a file to open.
  'window.restoreWindows': 'preserve',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'git.openRepositoryInParentFolders': 'never',
  'remote.autoForwardPorts': false,
};

/** A port of this machine's own interface that was free a moment ago. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Links an extension's folder into the place where VS Code looks for installed ones.
 * @param {string} extension
 * @param {string} extensions
 */
async function linkExtension(extension, extensions) {
  const { publisher, name, version } = JSON.parse(
    await readFile(path.join(extension, 'package.json'), 'utf8'),
  );
  const link = path.join(extensions, `${publisher}.${name}-${version}`);
  await symlink(path.resolve(extension), link, process.platform === 'win32' ? 'junction' : 'dir');
}

/**
 * @typedef {object} HostOptions
 * @property {string} [folder] the folder to open; none: an empty window
 * @property {string} [file] a file to open in the editor
 * @property {string[]} [extensions] folders of extensions that run from where they are
 * @property {string[]} [packages] VSIX files to install
 * @property {Record<string, unknown>} [settings] user settings, on top of the quiet ones
 * @property {NodeJS.ProcessEnv} [env] environment on top of this process's
 * @property {boolean} [trust] whether every folder is trusted; false: VS Code asks as usual
 * @property {string} [userData] a folder that keeps the window's state; none: one for this time
 * @property {number} [port] none: a free one
 * @property {boolean} [automation] whether the page tells what extension tests do, see
 *   {@link Target}
 */

/**
 * What a window shows.
 * @typedef {object} Target
 * @property {string} [folder] the folder to open; none: an empty window
 * @property {string} [file] a file to open in the editor
 * @property {{ extension: string, suite: string }} [tests] an extension that runs from where it is, and a
 *   script that its host runs. With `automation` the page calls `codeAutomationLog` and
 *   `codeAutomationExit`, which are for whoever drives it to define
 */

/**
 * @typedef {object} Host
 * @property {string} url the address of the window, with folder and file
 * @property {number} port
 * @property {string} userData
 * @property {(target?: Target) => string} urlOf the address of another window
 * @property {() => string} log what the server wrote so far
 * @property {Promise<void>} ended when the server has ended, for whatever reason
 * @property {() => Promise<void>} stop ends every process of it and removes what was for this time
 */

/**
 * Starts the host on 127.0.0.1 and waits until it answers.
 * @param {HostOptions} [options]
 * @returns {Promise<Host>}
 */
export async function startHost(options = {}) {
  const { extensions = [], trust = true, settings = {}, env = {} } = options;
  const directory = hostDirectory();
  if (!isWhole(directory)) {
    throw new Error(`VS Code is not in ${directory}: 'npm start -- --browser' installs it.`);
  }
  const { node, entry } = partsOf(directory);
  const userData = options.userData ?? (await mkdtemp(path.join(os.tmpdir(), 'ebm-vscode-')));
  const extensionsDirectory = path.join(userData, 'extensions');
  // VS Code remembers what this folder held and would not see what is new in it.
  await rm(extensionsDirectory, { recursive: true, force: true });
  await mkdir(extensionsDirectory, { recursive: true });
  await mkdir(path.join(userData, 'User'), { recursive: true });
  // Without a file of its own, code-server writes one into the user's home.
  await writeFile(path.join(userData, 'config.yaml'), '');
  const settingsFile = path.join(userData, 'User/settings.json');
  if (options.userData === undefined || !existsSync(settingsFile)) {
    await writeFile(settingsFile, JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  }
  for (const extension of extensions) await linkExtension(extension, extensionsDirectory);

  /** @type {NodeJS.ProcessEnv} */
  const environment = { ...process.env, EXTENSIONS_GALLERY: '{}', ...env };
  // Would make it another VS Code's command line, another Node, or not the address we ask for.
  for (const name of ['VSCODE_IPC_HOOK_CLI', 'ELECTRON_RUN_AS_NODE', 'NODE_OPTIONS', 'PORT']) {
    delete environment[name];
  }
  const common = [
    entry,
    ...['--config', path.join(userData, 'config.yaml')],
    ...['--user-data-dir', userData],
    ...['--extensions-dir', extensionsDirectory],
  ];
  for (const file of options.packages ?? []) {
    const { ok, output } = await run(node, [...common, '--install-extension', file], {
      env: environment,
    });
    if (!ok) throw new Error(`${file} could not be installed:\n${output}`);
  }

  const port = options.port ?? (await freePort());
  const server = start(
    node,
    [
      ...common,
      ...['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none'],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...['--disable-proxy', '--ignore-last-opened'],
      ...(trust ? ['--disable-workspace-trust'] : []),
      ...(options.automation ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
    ],
    { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
  }
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const stopHost = async () => {
    await stop(server);
    if (options.userData === undefined) {
      await rm(userData, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  };

  const address = `127.0.0.1:${port}`;
  try {
    await untilHealthy(`http://${address}/healthz`, server);
  } catch (error) {
    await stopHost();
    throw new Error(`VS Code did not start on ${address}.\n${log.slice(-4000)}`, { cause: error });
  }
  /** @type {Host['urlOf']} */
  const urlOf = ({ folder, file, tests } = {}) => {
    const url = new URL(`http://${address}/`);
    if (folder === undefined) url.searchParams.set('ew', 'true');
    else url.searchParams.set('folder', pathToFileURL(folder).pathname);
    const remote = (/** @type {string} */ place) =>
      `vscode-remote://${address}${pathToFileURL(place).pathname}`;
    const payload = [
      ...(file === undefined ? [] : [['openFile', remote(file)]]),
      ...(tests === undefined
        ? []
        : [
            ['extensionDevelopmentPath', remote(tests.extension)],
            ['extensionTestsPath', remote(tests.suite)],
          ]),
    ];
    if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
    return url.href;
  };
  return { url: urlOf(options), port, userData, urlOf, log: () => log, ended, stop: stopHost };
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
async function untilHealthy(url, server) {
  for (const deadline = Date.now() + 60_000; ; await delay(50)) {
    if (hasExited(server) || server.pid === undefined) throw new Error('The server ended.');
    const answer = await fetch(url).catch((error) => error);
    if (answer instanceof Response && answer.ok) return;
    if (Date.now() > deadline) throw new Error('No answer within a minute.', { cause: answer });
  }
}
