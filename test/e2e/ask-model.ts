/** The model of a run is asked in its panel, by a process that the extension starts. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readNpy } from '../../run-directory/npy';
import { until } from '../support/condition';
import { experimentFile, type Play } from './session';

const chains = 64;

export const askModel: Play = async ({ workbench, panel, folder }, tell) => {
  const { page } = workbench;
  await workbench.openFile(experimentFile);
  await workbench.runCommand('EBM: Launch Run');
  await panel.untilStatus('Running');
  await panel.button('Stop').click();
  await panel.untilStatus('Stopped');
  const section = panel.frame.getByTestId('ask-model');
  const strip = panel.frame.getByTestId('drawn-strip');
  await tell.part('chains are drawn and watched', async () => {
    await section.locator('summary').click();
    await section.getByLabel('Chains', { exact: true }).fill(String(chains));
    await section.getByLabel('Iterations').fill('50');
    await section.getByRole('button', { name: 'Draw', exact: true }).click();
    await strip
      .getByText(new RegExp(`^${chains} chains from .*50 iterations of langevin`))
      .waitFor();
    await strip.getByText('50 of 50', { exact: true }).waitFor();
  });
  await tell.part('a row is asked for, and the parameters are shown', async () => {
    await section.getByLabel('Number').press('Enter');
    await panel.frame.getByTestId('point-facts').getByText(/nats/).first().waitFor();
    await section.getByRole('button', { name: 'Show', exact: true }).click();
    await panel.frame.getByTestId('tensors').getByText('ages in steps').waitFor();
  });
  await tell.part('the samples are saved where the user says', async () => {
    await strip.getByRole('button', { name: 'Save Samples', exact: true }).click();
    await panel.frame.getByRole('menuitem', { name: /NumPy/ }).click();
    const input = page.locator('.quick-input-widget:visible input.input');
    await page.waitForFunction(
      (selector) => document.querySelector<HTMLInputElement>(selector)?.value.endsWith('.npy'),
      '.quick-input-widget input.input',
    );
    const target = path.join(folder, 'chains.npy');
    await input.fill(target);
    await input.press('Enter');
    const { shape } = await until('the samples are saved', async () =>
      readNpy(await readFile(target)),
    );
    assert.deepEqual(shape, [chains, 2]);
  });
  await strip.getByRole('button', { name: 'Back to the Run' }).click();
  await strip.waitFor({ state: 'hidden' });
};
