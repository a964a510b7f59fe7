/** Data that are images are shown as images: what the model draws beside what it learns from. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../support/condition';
import { countColours } from './picture';
import { type Play, repository } from './session';

const file = 'digits.ebm.ts';
const themes = [
  ['Dark Modern', 'vs-dark'],
  ['Light Modern', 'vs'],
  ['Dark High Contrast', 'hc-black'],
] as const;

export const imagesOfDigits: Play = async ({ workbench, panel }) => {
  const { page } = workbench;
  await workbench.openFile(file);
  await workbench.runCommand('EBM: Launch Run');
  const samples = panel.frame.getByTestId('images-samples');
  const data = panel.frame.getByTestId('images-data');
  await samples.waitFor();
  assert.match((await samples.getAttribute('aria-label')) ?? '', /images of 8 × 8 pixels/);
  // More shades than the frames and the ground have: digits are drawn, and what the model makes of noise.
  for (const sheet of [samples, data]) {
    await until('images are drawn', async () => {
      return (await countColours(page, await sheet.screenshot())) > 10;
    });
  }
  assert.equal(await panel.plane.isVisible(), false, 'A plane of two pixels is drawn too.');

  const readout = panel.frame.getByTestId('readout');
  await data.focus();
  await page.keyboard.press('ArrowRight');
  await readout.filter({ hasText: /row 1\s+pixel \(1, 0\)\s+\d+/ }).waitFor();
  await page.keyboard.press('Shift+ArrowRight');
  await readout.filter({ hasText: /row 2\s+pixel \(1, 0\)\s+\d+/ }).waitFor();

  if (process.env['EBM_SCREENSHOTS'] === '1') {
    await panel.untilStatus('Finished');
    const folder = path.join(repository, 'out/images');
    await mkdir(folder, { recursive: true });
    for (const [theme, kind] of themes) {
      await workbench.selectTheme(theme, kind);
      await page.screenshot({ path: path.join(folder, `digits-${kind}.png`) });
    }
    return;
  }
  await panel.button('Stop').click();
  await panel.untilStatus('Stopped');
};
