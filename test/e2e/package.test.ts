/** The very file that users install, in a profile that knows nothing of the repository. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { onlyRunIn } from './run-files';
import { repository, story } from './session';

const file = 'two-moons.ebm.ts';

/** Runs `npm run package` and answers with the file it makes. */
async function makePackage(): Promise<string> {
  await promisify(execFile)(process.execPath, ['scripts/package.mjs', '--no-setup'], {
    cwd: repository,
  });
  const out = path.join(repository, 'out');
  const made = (await readdir(out)).filter((name) => name.endsWith('.vsix'));
  assert.equal(made.length, 1, `The packages in out/ are ${made}.`);
  return path.join(out, String(made[0]));
}

story(
  'The package trains in a clean profile',
  async () => ({
    file,
    packages: [await makePackage()],
    // By name: were its library not in the package, `auto` would train on wasm and say nothing here.
    settings: { 'ebm.backend': 'onnx-cpu' },
  }),
  async ({ workbench, panel, folder, host }) => {
    const extensions = await readdir(path.join(host.userData, 'extensions'), {
      withFileTypes: true,
    });
    const installed = extensions.find(
      (entry) => entry.isDirectory() && entry.name.startsWith('ebm-lab.'),
    );
    assert.ok(installed, 'The package is not installed as a folder of its own.');
    const installedIn = path.join(host.userData, 'extensions', installed.name);
    const notices = await readFile(path.join(installedIn, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    assert.match(notices, /^@tensorflow\/tfjs-core [\d.]+ \(Apache-2\.0\)$/m);
    await workbench.tab(file).waitFor();
    await workbench.runCommand('EBM: Launch Run');
    await panel.untilPoints('loss', 20);
    await workbench.runCommand('EBM: Stop Run');
    await panel.untilStatus('Stopped');
    const { manifest } = await onlyRunIn(folder);
    assert.equal(manifest.state.status, 'stopped');
    assert.ok(manifest.state.step >= 20);
    assert.equal(manifest.backend?.name, 'onnx-cpu');
    assert.match(manifest.backend.reason, /^ONNX Runtime .* on the processor; chosen by name$/);
  },
);
