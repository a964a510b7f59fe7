/**
 * Runs the suite of test/electron inside the desktop's VS Code, which it fetches: started as F5 does, on a
 * copy of the examples. Needs a display, on Linux that of `xvfb-run` will do.
 *
 *   node scripts/electron.mjs [VERSION]...    stable where none is named; `oldest` is that of engines.vscode
 */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.mjs';
import { launchConfiguration } from './launch-configuration.mjs';
import { root, setup } from './setup.mjs';
import { shorten } from './short-run.mjs';

/** The oldest VS Code that package.json says it works with. */
async function oldestVersion() {
  const { engines } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  return String(engines.vscode).replace(/^[^\d]*/, '');
}

/** @param {string} version */
async function test(version) {
  // Late, because setup may install it first.
  const { runTests } = await import('@vscode/test-electron');
  const { extensionDevelopmentPath, folder } = await launchConfiguration(root);
  // Sockets in the user data folder must have short paths.
  const temporary = await mkdtemp(path.join(os.tmpdir(), 'ebm-'));
  try {
    const copy = path.join(temporary, 'examples');
    await cp(folder, copy, {
      recursive: true,
      filter: (source) => path.basename(source) !== '.ebm',
    });
    await shorten(copy);
    await runTests({
      version,
      extensionDevelopmentPath,
      extensionTestsPath: path.join(root, 'dist/test/electron/suite.js'),
      launchArgs: [
        copy,
        ...['--user-data-dir', path.join(temporary, 'user'), '--disable-workspace-trust'],
        ...['--disable-extensions', '--disable-telemetry', '--skip-welcome'],
        // Containers have no sandbox for Chromium.
        ...(process.platform === 'linux' ? ['--no-sandbox'] : []),
      ],
    });
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

await setup();
const { ok, output } = await run(process.execPath, ['scripts/build.mjs', '--tests'], { cwd: root });
if (!ok) throw new Error(output);
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : ['stable']) {
  const version = name === 'oldest' ? await oldestVersion() : name;
  console.log(`VS Code ${version}`);
  await test(version);
}
