/** From a folder without any experiment to a finished run, by keyboard alone. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../support/condition';
import { runsIn } from './run-files';
import type { Play } from './session';

/** What the story writes. */
const file = 'penguins.ebm.ts';

export const newExperimentStory: Play = async ({ workbench, folder }, tell) => {
  const { page } = workbench;
  const picked = page.locator('.quick-input-list .monaco-list-row.focused');
  const title = page.locator('.quick-input-title');
  const keys = (key: string) => page.keyboard.press(key);
  const command = async (name: string) => {
    await keys('F1');
    await page.keyboard.type(name);
    await picked.filter({ hasText: name }).waitFor();
    await keys('Enter');
  };

  await tell.part('the data are chosen, then a method, then the place', async () => {
    await workbench.runCommand('View: Close All Editors');
    // Nothing but measurements is left.
    for (const name of await readdir(folder)) {
      if (name !== 'data') await rm(path.join(folder, name), { recursive: true });
    }
    await command('EBM: New Experiment…');
    await title.filter({ hasText: 'New Experiment: Data' }).waitFor();
    await page.keyboard.type('penguins');
    await picked.filter({ hasText: 'penguins.csv' }).waitFor();
    await keys('Enter');
    await title.filter({ hasText: 'New Experiment: Method' }).waitFor();
    // The best stands first.
    await picked.filter({ hasText: 'Persistent contrastive divergence' }).waitFor();
    await keys('Enter');
    await title.filter({ hasText: 'New Experiment: Save As' }).waitFor();
    await keys('Enter');
    await workbench.tab(file).waitFor();
    const text = await readFile(path.join(folder, file), 'utf8');
    assert.match(text, /data: data\.csv\('data\/penguins\.csv', \{/);
  });

  await tell.part('nothing is wrong or doubtful with it', async () => {
    await command('EBM: Check Experiment');
    await workbench
      .notifications(/Nothing wrong or doubtful was found in penguins\.ebm\.ts/)
      .waitFor();
    assert.deepEqual(await workbench.squiggledLines(), []);
  });

  await tell.part('it trains to its end', async () => {
    await keys('Control+Alt+Enter');
    await until('the run is finished', async () => {
      const [run] = await runsIn(folder);
      return run?.manifest.state.status === 'finished';
    });
  });
};
