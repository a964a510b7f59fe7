/** All runs in one panel, where the user wants it so. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../support/condition';
import { prepareSweep } from './compare';
import type { Play } from './session';

/** The window has read the settings when the minimap goes. */
export async function wishOnePanel(folder: string): Promise<void> {
  await prepareSweep(folder);
  await mkdir(path.join(folder, '.vscode'));
  const settings = { 'ebm.onePanel': true, 'editor.minimap.enabled': false };
  await writeFile(path.join(folder, '.vscode/settings.json'), JSON.stringify(settings));
}

export const onePanel: Play = async ({ workbench, panel, folder }, tell) => {
  const { page } = workbench;
  const tabs = page.locator('.tab');
  const treeRow = (text: string) =>
    page.locator('.pane-body .monaco-list-row').filter({ hasText: text }).first();
  const shows = async (text: string) =>
    await panel.frame.locator('.header').filter({ hasText: text }).waitFor();
  await page.locator('.editor-instance .minimap').first().waitFor({ state: 'hidden' });
  await workbench.runCommand('View: Show EBM Lab');

  await tell.part('a run takes the place of the one before', async () => {
    await treeRow('rates').click();
    await treeRow('learningRate=0.001').click();
    await shows('learningRate=0.001');
    assert.equal(await tabs.count(), 2, 'the code, and the panel beside it');
    await treeRow('learningRate=0.01').click();
    await shows('learningRate=0.01');
    await panel.untilPoints('loss', 1500);
    assert.equal(await tabs.count(), 2);
  });

  await tell.part('so does one that is launched', async () => {
    await workbench.runCommand('EBM: Launch Run');
    await panel.untilStatus('running');
    await panel.untilPoints('loss', 1);
    assert.equal(await tabs.count(), 2);
    await panel.button('Stop').click();
    await panel.untilStatus('stopped');
  });

  await tell.part('a launch that fails gives the panel back to the run before', async () => {
    await writeFile(path.join(folder, 'two-moons.ebm.ts'), 'export default 1;\n');
    await workbench.tab('two-moons.ebm.ts').click();
    await workbench.activeEditor().filter({ hasText: 'export default 1;' }).waitFor();
    await workbench.runCommand('EBM: Launch Run');
    await workbench
      .notifications(/two-moons/)
      .first()
      .waitFor();
    await panel.untilStatus('stopped');
    await until('the code and the panel are all there is', async () => (await tabs.count()) === 2);
  });
};
