/** Finds or installs a Chromium for the tests that drive a real VS Code. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findOnPath, run } from './command.mjs';

/** Where each system keeps Chrome, Edge and Chromium. */
function knownPlaces() {
  if (process.platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (process.platform === 'win32') {
    return [
      process.env['PROGRAMFILES'],
      process.env['PROGRAMFILES(X86)'],
      process.env['LOCALAPPDATA'],
    ]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => [
        path.join(folder, 'Google/Chrome/Application/chrome.exe'),
        path.join(folder, 'Microsoft/Edge/Application/msedge.exe'),
      ]);
  }
  // A snap's wrapper cannot read pages or profiles in /tmp, so those come last.
  return ['chromium', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'chromium-browser']
    .map((name) => findOnPath([name]))
    .filter((file) => file !== undefined)
    .sort((a, b) => Number(a.startsWith('/snap/')) - Number(b.startsWith('/snap/')));
}

/** The one that playwright-core downloaded, if it did. */
async function downloaded() {
  const { chromium } = await import('playwright-core');
  return chromium.executablePath();
}

/**
 * The browser to use: what `CHROMIUM` names, an installed one, or playwright's own.
 * @returns {Promise<string | undefined>}
 * @throws an Error where `CHROMIUM` names no file
 */
export async function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named) {
    if (!existsSync(named)) throw new Error(`CHROMIUM names ${named}, which does not exist.`);
    return named;
  }
  return [...knownPlaces(), await downloaded()].find((file) => file !== '' && existsSync(file));
}

/** Debian's package, where we are root (a container, CI): nobody's own system is changed unasked. */
async function installFromDebian() {
  const apt = findOnPath(['apt-get']);
  if (apt === undefined || process.getuid?.() !== 0) return { ok: false, output: '' };
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = await run(apt, ['update'], { env });
  if (!update.ok) return update;
  return run(apt, ['install', '-y', '--no-install-recommends', 'chromium'], { env });
}

/** Playwright's download, where the internet is there. */
async function download() {
  const require = createRequire(import.meta.url);
  const cli = path.join(path.dirname(require.resolve('playwright-core/package.json')), 'cli.js');
  return run(process.execPath, [cli, 'install', 'chromium'], { timeoutMs: 300_000 });
}

/**
 * Finds a browser, and installs one where there is none.
 * @returns {Promise<string>} its path
 * @throws an Error whose message says what to do
 */
export async function ensureChromium() {
  const found = await findChromium();
  if (found !== undefined) return found;
  console.log('Installing Chromium ...');
  let output = '';
  for (const install of [installFromDebian, download]) {
    const outcome = await install();
    output += outcome.output;
    const file = await findChromium();
    if (file !== undefined) return file;
  }
  throw new Error(
    `${output.trim()}\n\nThere is no Chromium, and none could be installed. Install Chrome, Edge ` +
      'or Chromium, or set CHROMIUM to the path of one.',
  );
}
