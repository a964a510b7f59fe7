/**
 * From a fresh clone to an example that is open and ready to train.
 *
 *   npm start                          opens the examples in VS Code, or in a VS Code in the browser
 *   npm start -- --browser             the one in the browser, also where there is a desktop
 *   npm start -- --port 8080           at this port
 *   npm start -- --headless [FILE]     trains in the terminal, examples/two-moons.ebm.ts if not told
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDirectory } from './cache-directory.mjs';
import { atEnd, findOnPath, run, runInForeground } from './command.mjs';
import { endRuns } from './end-runs.mjs';
import { root, setup } from './setup.mjs';
import { seconds } from './stages.mjs';
import { installHost, startHost } from './vscode-host.mjs';

const usage = `npm start -- [options] [FILE]

Opens the examples in VS Code with EBM Lab: in the VS Code of this desktop, or,
where there is none, in a VS Code in the browser.

  --browser     the VS Code in the browser, also where there is a desktop
  --port N      the port of the VS Code in the browser
  --headless    trains FILE in this terminal and opens nothing
  --help        prints this

FILE is examples/two-moons.ebm.ts if not given.`;

const examples = path.join(root, 'examples');

/**
 * Does a stage of the work and tells how long it took.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 */
async function timed(name, work) {
  const began = performance.now();
  const result = await work();
  console.log(`${name}: ${seconds(performance.now() - began)}`);
  return result;
}

async function build() {
  const { ok, output } = await run(process.execPath, ['scripts/build.mjs'], { cwd: root });
  if (!ok) throw new Error(`${output.trim()}\n\nThe build failed, see above.`);
}

/** The desktop's own VS Code, where this shell can open its windows. */
function desktopCode() {
  const { env, platform } = process;
  const hasDisplay = platform !== 'linux' || env['DISPLAY'] || env['WAYLAND_DISPLAY'];
  // There `code` speaks to a window on another system, which takes no extension from here.
  const isRemote = env['VSCODE_IPC_HOOK_CLI'] || env['WSL_DISTRO_NAME'] || env['SSH_CONNECTION'];
  return hasDisplay && !isRemote ? findOnPath(['code']) : undefined;
}

/**
 * @param {string} code
 * @param {string} file
 */
async function openInDesktop(code, file) {
  const args = [`--extensionDevelopmentPath=${root}`, path.dirname(file), '--goto', file];
  // Windows starts a .cmd file through its shell only.
  const { ok, output } =
    process.platform === 'win32'
      ? await run('cmd.exe', ['/d', '/c', code, ...args])
      : await run(code, args);
  if (!ok) throw new Error(`${output.trim()}\n\n${code} did not open. Try npm start -- --browser.`);
  console.log(`\nOpened ${path.relative(root, file)} in VS Code (${code}).`);
  console.log('Press Ctrl+Alt+Enter (Cmd+Alt+Enter on a Mac) there to train it.');
}

/**
 * Shows an address in the user's browser, where this shell can open one.
 * @param {string} url
 */
async function openBrowser(url) {
  const { env, platform } = process;
  if (env['CI'] || env['SSH_CONNECTION']) return;
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'] && !env['WSL_DISTRO_NAME'])
    return;
  const opener = { darwin: 'open', win32: 'explorer.exe' }[/** @type {string} */ (platform)];
  const program = findOnPath([opener ?? 'xdg-open', 'wslview']);
  // The address is printed all the same, so a browser that does not open is no failure.
  if (program !== undefined) await run(program, [url], { timeoutMs: 10_000 });
}

/**
 * @param {string} file
 * @param {number | undefined} port
 */
async function openInBrowser(file, port) {
  const userData = cacheDirectory('window');
  await mkdir(userData, { recursive: true });
  const host = await timed('Start VS Code', () =>
    startHost({
      folder: path.dirname(file),
      file,
      extensions: [root],
      userData,
      // Whoever starts this asked for this folder to be opened and its experiments to be run.
      trust: true,
      ...(port === undefined ? {} : { port }),
    }),
  );
  console.log(`\n  EBM Lab is at  ${host.url}\n`);
  console.log('Press Ctrl+Alt+Enter (Cmd+Alt+Enter on a Mac) there to train the example.');
  console.log('Ctrl+C here ends VS Code and the runs that still train.');
  atEnd(() => endRuns(path.dirname(file)));
  await openBrowser(host.url);
  await host.ended;
  throw new Error(`VS Code ended.\n${host.log().slice(-4000)}`);
}

async function main() {
  const { values, positionals } = parseArgs({
    options: {
      browser: { type: 'boolean', default: false },
      headless: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      port: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536)) {
    throw new Error(`--port takes a number from 1 to 65535, not '${values.port}'.`);
  }
  const file = path.resolve(positionals[0] ?? path.join(examples, 'two-moons.ebm.ts'));
  await timed('Packages', setup);
  await timed('Build', build);
  if (values.headless) {
    return await runInForeground(process.execPath, [path.join(root, 'dist/ebm.js'), 'run', file]);
  }
  const code = values.browser || port !== undefined ? undefined : desktopCode();
  if (code !== undefined) {
    await timed('Open VS Code', () => openInDesktop(code, file));
    return 0;
  }
  await timed('Install VS Code for the browser', installHost);
  await openInBrowser(file, port);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
