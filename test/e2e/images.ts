/** Data that are images are shown as images: what the model draws beside what it learns from. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { decode } from 'fast-png';
import { until } from '../support/condition';
import { countColours } from './picture';
import { type Play, repository } from './session';

const file = 'digits.ebm.ts';
const themes = [
  ['Dark Modern', 'vs-dark'],
  ['Light Modern', 'vs'],
  ['Dark High Contrast', 'hc-black'],
  ['Light High Contrast', 'hc-light'],
] as const;

export const imagesOfDigits: Play = async ({ workbench, panel, folder }) => {
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
  await page.keyboard.press('Shift+ArrowRight');
  await readout.filter({ hasText: /row 1\s+energy .*class \d\s+pixel \(1, 0\)\s+\d+/ }).waitFor();
  await page.keyboard.press('ArrowRight');
  await readout.filter({ hasText: /row 2\s+energy .*class \d\s+pixel \(1, 0\)\s+\d+/ }).waitFor();

  const sort = async (order: string) => {
    await panel.frame.locator('vscode-dropdown[aria-label="Sorted"]').click();
    await panel.frame.getByRole('option', { name: order, exact: true }).click();
    const asked = new RegExp(`pixels, ${order.toLowerCase()}`);
    await until('the sheet is sorted', async () => {
      return asked.test((await data.getAttribute('aria-label')) ?? '');
    });
  };
  await sort('Lowest energy first');
  const heightOf = async () => (await data.locator('.sheet-whole').boundingBox())!.height;
  const before = await heightOf();
  await data.press('+');
  await until('the sheet is larger', async () => (await heightOf()) > before);
  await data.press('0');
  await until('the sheet is as it was', async () => (await heightOf()) === before);

  await samples.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  const picked = panel.frame.getByTestId('picked');
  await picked.getByText(/^Sample \d+ · energy/).waitFor();
  await picked.locator('.neighbour').first().click();
  await picked.getByText(/^Row [\d,]+ · energy .* · class \d$|^Row [\d,]+ · class \d$/).waitFor();
  await picked.getByRole('button', { name: 'Close' }).click();

  await panel.frame.getByRole('button', { name: 'Save Data as PNG…' }).click();
  const input = page.locator('.quick-input-widget:visible input.input');
  await page.waitForFunction(
    (selector) => document.querySelector<HTMLInputElement>(selector)?.value.endsWith('-data.png'),
    '.quick-input-widget input.input',
  );
  const target = path.join(folder, 'digits.png');
  await input.fill(target);
  await page.keyboard.press('Enter');
  await until('the picture is saved', async () => {
    const png = await readFile(target).catch(() => undefined);
    return png !== undefined && decode(png).width > 8;
  });

  if (process.env['EBM_SCREENSHOTS'] === '1') {
    await panel.untilStatus('Finished');
    await samples.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await picked.waitFor();
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
