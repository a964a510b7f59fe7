/** What computes: told where it is not there, and exported where it is wanted elsewhere. */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { livingTrainers, runsIn } from './run-files';
import type { Play } from './session';

/** A backend that no system has on which VS Code runs in these tests. */
const foreign = process.platform === 'win32' ? 'onnx-coreml' : 'onnx-directml';

function settingsOf(folder: string): string {
  return path.join(folder, '.vscode/settings.json');
}

/** The window has read the settings when the minimap goes, and is without them when it is back. */
export async function chooseForeignBackend(folder: string): Promise<void> {
  await mkdir(path.dirname(settingsOf(folder)));
  const settings = { 'ebm.backend': foreign, 'editor.minimap.enabled': false };
  await writeFile(settingsOf(folder), JSON.stringify(settings));
}

export const backends: Play = async ({ workbench, folder }, tell) => {
  const { page } = workbench;
  const minimap = page.locator('.editor-instance .minimap').first();
  await minimap.waitFor({ state: 'hidden' });
  await tell.part('the backend is named, with the remedy, and nothing is left', async () => {
    await workbench.runCommand('EBM: Launch Run');
    await workbench.notifications(new RegExp(`The backend ${foreign} is not there: `)).waitFor();
    assert.deepEqual(await runsIn(folder), []);
    assert.deepEqual(await livingTrainers(folder), []);
    await workbench.runCommand('Notifications: Clear All Notifications');
  });
  await tell.part('the step is written where the user says', async () => {
    await workbench.runCommand('EBM: Export Step as ONNX…');
    const input = page.locator('.quick-input-widget:visible input.input');
    await page.waitForFunction(
      (selector) =>
        document.querySelector<HTMLInputElement>(selector)?.value.endsWith('two-moons.onnx'),
      '.quick-input-widget input.input',
    );
    await input.press('Enter');
    await workbench.notifications(/The training step of two-moons\.ebm\.ts is in/).waitFor();
    // A protocol buffer of ONNX begins with its version.
    assert.equal((await readFile(path.join(folder, 'two-moons.onnx')))[0], 0x08);
  });
  await tell.part('the GPU backend is installed with consent only', async () => {
    await workbench.runCommand('EBM: Install GPU Backend…');
    const dialog = page.locator('.monaco-dialog-box');
    if (process.arch === 'x64' && process.platform !== 'darwin') {
      await dialog.getByText('Install TensorFlow for NVIDIA GPUs?').waitFor();
      await dialog.getByText(/several hundred MB to download/).waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    } else {
      await workbench.notifications(/exists for Linux and Windows on x64/).waitFor();
    }
  });
  await rm(settingsOf(folder));
  await minimap.waitFor();
};
