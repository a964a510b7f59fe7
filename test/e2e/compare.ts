/** Comparing runs: from the palette, a selection and a sweep, in one panel. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { EventWriter } from '../../run-directory/event-file';
import { writeManifest } from '../../run-directory/manifest';
import { writePreview } from '../../run-directory/previews';
import { fakeLayout, fakeManifest, fakePreview, fakeSeries } from '../fixtures/fake-run';
import { until } from '../support/condition';
import { manifest } from '../support/manifest';
import { countColours } from './picture';
import type { Play } from './session';

const steps = 1500;
const rates = [0.001, 0.003, 0.01];

/** A sweep over three learning rates with two seeds each, never trained but with curves and previews. */
export async function prepareSweep(folder: string): Promise<void> {
  const { worker: _, endedAt: __, ...ended } = manifest;
  for (const [index, rate] of rates.flatMap((each) => [each, each]).entries()) {
    const id = `abcdefghk${index}`;
    const directory = path.join(folder, `.ebm/runs/20260203-04050${index}-moons-${id}`);
    await mkdir(path.join(directory, 'source'), { recursive: true });
    const seed = index % 2;
    const source = `// The source of run ${index < 2 ? 'one' : 'another'}.\n`;
    await writeFile(path.join(directory, 'source/a.ebm.ts'), source);
    await writeManifest(directory, {
      ...ended,
      id,
      name: 'moons',
      createdAt: `2026-02-03T04:0${index}:00.000Z`,
      trainingSeconds: 10 + index,
      experiment: { ...ended.experiment, sha256: (index < 2 ? 'aa' : 'bb').repeat(32) },
      state: { status: 'finished', step: steps, steps },
      config: { optimizer: { type: 'adam', learningRate: rate }, steps },
      overrides: { 'optimizer.learningRate': rate, seed },
      seed,
      preview: fakeLayout,
      transform: { mean: [0, 0], scale: [1, 1] },
      metrics: fakeManifest().metrics,
      group: { id: 'a1b2', name: 'rates', index, of: 6, metric: 'loss', goal: 'minimize' },
    });
    const writer = await EventWriter.open(directory, new Date(1_700_000_000_000));
    const curves = Object.entries(fakeSeries(0, steps));
    for (let at = 0; at < steps; at++) {
      const values = curves.map(([name, { values: of }]) => [name, of[at]! + index / 4] as const);
      writer.append(at + 1, at, Object.fromEntries(values));
    }
    await writer.close();
    for (const step of [500, 1000, 1500]) {
      await writePreview(directory, fakePreview(step + index, 300), fakeLayout);
    }
  }
}

const themes = [
  ['Dark Modern', 'vs-dark'],
  ['Light Modern', 'vs'],
  ['Dark High Contrast', 'hc-black'],
  ['Light High Contrast', 'hc-light'],
] as const;

export const compareRuns: Play = async ({ workbench, panel }, tell) => {
  const { page } = workbench;
  const { frame } = panel;
  const rows = frame.getByTestId('compare-table').locator('tbody tr');
  const treeRow = (text: string | RegExp) =>
    page.locator('.pane-body .monaco-list-row').filter({ hasText: text }).first();
  const untilRows = async (count: number) =>
    await until(`${count} runs are compared`, async () => (await rows.count()) === count);
  await workbench.runCommand('View: Show EBM Lab');

  await tell.part('a sweep is compared from its row: curves, table, previews', async () => {
    await treeRow('rates').hover();
    await treeRow('rates').getByRole('button', { name: 'Compare Runs…' }).click();
    await untilRows(6);
    const heads = await frame.locator('thead th').allTextContents();
    assert.ok(heads.includes('optimizer.learningRate'), String(heads));
    // As its sweep ranks: the smallest loss, which grows with the index, is first.
    const first = (await rows.first().allInnerTexts()).join(' ');
    assert.match(first, /learningRate=0\.001/);
    const chart = frame.getByTestId('compare-chart');
    await until(
      'curves are drawn',
      async () => (await countColours(page, await chart.screenshot())) > 20,
    );
    const cells = frame.getByTestId('cell-step');
    await until('six previews are shown', async () => {
      const told = await cells.allTextContents();
      return told.length === 6 && told.every((text) => /^step 1,50\d$/.test(text));
    });
  });

  await tell.part('one scrubber moves all previews to a step', async () => {
    const scrubber = frame.getByTestId('compare-scrubber');
    await scrubber.focus();
    await page.keyboard.press('Home');
    await frame.getByTestId('cell-step').first().filter({ hasText: 'step 500' }).waitFor();
    await frame.getByRole('button', { name: 'Newest' }).click();
  });

  await tell.part('means over seeds, and the difference to a baseline', async () => {
    await frame.getByText('Mean over seeds').click();
    await until('three combinations are told', async () => {
      return (await frame.getByTestId('compare-groups').locator('tbody tr').count()) === 3;
    });
    await frame.getByText('Mean over seeds').click();
    await rows
      .first()
      .getByRole('button', { name: /^Baseline/ })
      .click();
    await frame.locator('thead').getByText('Difference to baseline').waitFor();
  });

  if (process.env['EBM_PICTURES']) await keepPictures(process.env['EBM_PICTURES'], rows);

  await tell.part(
    'two runs are told apart by parameters, and by source in the editor',
    async () => {
      await rows
        .first()
        .getByRole('button', { name: /^Baseline/ })
        .click();
      await rows.first().locator('td').nth(1).click();
      await rows
        .last()
        .locator('td')
        .nth(1)
        .click({ modifiers: ['Control'] });
      const differences = frame.getByTestId('differences');
      await differences.filter({ hasText: 'optimizer.learningRate' }).waitFor();
      await frame.getByRole('button', { name: 'Compare Source' }).click();
      await page.locator('.monaco-diff-editor').first().waitFor();
      await workbench.runCommand('View: Close Editor');
    },
  );

  await tell.part('runs are chosen from the palette, and a selection in the tree', async () => {
    await workbench.runCommand('View: Close All Editors');
    await workbench.runCommand('EBM: Compare Runs…');
    const picks = page.locator('.quick-input-list .monaco-list-row');
    await until('the runs are offered', async () => (await picks.count()) === 6);
    for (const k of [0, 2, 4]) await picks.nth(k).click();
    await page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
    await untilRows(3);
    await workbench.runCommand('View: Close All Editors');
    await treeRow('rates').click();
    await treeRow('learningRate=0.003').click();
    await workbench.runCommand('View: Close All Editors');
    await treeRow('learningRate=0.01').click({ modifiers: ['Control'] });
    await treeRow('learningRate=0.01').click({ button: 'right' });
    const item = page.locator('.monaco-menu .action-item', { hasText: 'Compare Runs…' }).first();
    await until('the menu is used', async () => {
      await item.click({ timeout: 500 }).catch(() => undefined);
      return await item.isHidden();
    });
    await untilRows(2);
  });

  await tell.part('it is there again after a reload', async () => {
    await workbench.reload();
    // A window that is told to open a file shows that one.
    await page.getByRole('tab', { name: /^2 runs/ }).click();
    await untilRows(2);
  });

  /** The panel in four themes and two sizes. */
  async function keepPictures(target: string, shown: Locator): Promise<void> {
    for (const [theme, kind] of themes) {
      await workbench.selectTheme(theme, kind);
      for (const [width, height] of [
        [1600, 1000],
        [1000, 700],
      ] as const) {
        await page.setViewportSize({ width, height });
        await shown.first().waitFor();
        await page.screenshot({ path: path.join(target, `compare-${kind}-${width}.png`) });
        await frame.getByTestId('compare-scrubber').scrollIntoViewIfNeeded();
        await frame.getByTestId('cell-step').nth(2).scrollIntoViewIfNeeded();
        await page.screenshot({ path: path.join(target, `compare-${kind}-${width}-below.png`) });
        await frame.getByTestId('compare-chart').scrollIntoViewIfNeeded();
      }
    }
    await page.setViewportSize({ width: 1600, height: 1000 });
  }
};
