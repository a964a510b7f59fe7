/** What axe finds in the pages as they are drawn in a real Chromium, in each kind of theme. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PanelSnapshot } from '../../protocol/panel';
import { accessibilityFaults } from '../fixtures/accessibility';
import { fakeFilterPreview, fakeImageSnapshot } from '../fixtures/fake-images';
import { bowlSnapshot, classFieldSnapshot } from '../fixtures/fake-landscapes';
import { askAll, fakeModel } from '../fixtures/fake-model';
import { fakeSeries, fakeSnapshot, fakeState } from '../fixtures/fake-run';
import { fakeLineSnapshot, fakeTableSnapshot } from '../fixtures/fake-tables';
import type { Panel, PanelOptions } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';
import { type VsCodeThemeName, vsCodeThemes } from '../fixtures/vscode-themes';

const { withPanel } = panelTests();
const themes = Object.keys(vsCodeThemes) as VsCodeThemeName[];

/** What a run's page may show, and what somebody does there before it is looked at. */
const pages: Readonly<
  Record<
    string,
    {
      readonly snapshot: PanelSnapshot;
      readonly model?: PanelOptions['model'];
      act?(panel: Panel): Promise<void>;
    }
  >
> = {
  'a plane, with all its curves': {
    snapshot: fakeSnapshot(),
    async act({ peer, drawn }) {
      const { generation } = fakeSnapshot();
      const series = fakeSeries(0, 1250);
      await peer.request('update', { generation, series, isComplete: true });
      await drawn();
    },
  },
  'a run that crashed': {
    snapshot: fakeSnapshot({
      state: fakeState({
        status: 'crashed',
        problem: { kind: 'internal', message: 'The process ended.', remedy: 'Resume the run.' },
      }),
    }),
  },
  'images, one of them picked': {
    snapshot: fakeImageSnapshot({ count: 64, side: 16 }),
    async act({ page, drawn }) {
      await page.getByTestId('images-samples').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await drawn();
    },
  },
  'the difference of images': {
    snapshot: fakeImageSnapshot({ count: 64, side: 16 }),
    async act({ page, drawn }) {
      await page.locator('vscode-dropdown[aria-label="Shown"]').click();
      await page.getByRole('option', { name: 'Difference', exact: true }).click();
      await drawn();
    },
  },
  'filters beside samples': {
    snapshot: fakeImageSnapshot(
      { count: 64, side: 16 },
      { preview: fakeFilterPreview(1250, 64, 16) },
    ),
    async act({ page, drawn }) {
      await page.locator('vscode-dropdown[aria-label="Shown"]').click();
      await page.getByRole('option', { name: 'Filters', exact: true }).click();
      await drawn();
    },
  },
  'a table in pairs, curves folded': {
    snapshot: fakeTableSnapshot(),
    async act({ page, drawn }) {
      await page.getByRole('checkbox', { name: 'Pairs', exact: true }).press('Space');
      await page.getByRole('button', { name: 'Curves', exact: true }).press('Enter');
      await drawn();
    },
  },
  'a landscape with scores and chains, and what can be changed': {
    snapshot: {
      ...bowlSnapshot(),
      manifest: {
        ...bowlSnapshot().manifest,
        config: { optimizer: { learningRate: 1e-3 } },
        knobs: [{ name: 'learningRate', option: 'optimizer.learningRate', label: 'learning rate' }],
      },
    },
    async act({ page, drawn }) {
      const layers = page.getByRole('group', { name: 'Shown layers' });
      for (const name of ['Score', 'Chains']) {
        await layers.getByRole('button', { name, exact: true }).press('Enter');
      }
      await page.getByTestId('hands-on').locator('summary').press('Enter');
      await drawn();
    },
  },
  'chains drawn by hand, a point and the parameters, asked of the model': {
    snapshot: fakeSnapshot({ checkpointSteps: [500, 1000] }),
    model: fakeModel,
    act: askAll,
  },
  'the regions of classes': {
    snapshot: classFieldSnapshot(),
    async act({ page, drawn }) {
      await page.locator('vscode-dropdown[aria-label="Energies of"]').click();
      await page.getByRole('option', { name: 'Decision regions', exact: true }).click();
      await drawn();
    },
  },
  'a table': { snapshot: fakeTableSnapshot() },
  'a line': { snapshot: fakeLineSnapshot() },
};

for (const [name, { snapshot, model, act }] of Object.entries(pages)) {
  describe(name, () => {
    for (const theme of themes) {
      test(`has no fault that axe finds in ${theme}`, async () => {
        const answers = model ? { model } : {};
        await withPanel(
          { theme, width: 1600, height: 1000, ...answers },
          snapshot,
          async (panel) => {
            await act?.(panel);
            assert.deepEqual(await accessibilityFaults(panel.page), []);
          },
        );
      });
    }

    test('is whole at twice the size: nothing has to be scrolled across', async () => {
      // Of a window of 1000 pixels, what WCAG 1.4.10 asks for down to 320 of them.
      for (const width of [500, 320]) {
        await withPanel({ width, height: 500 }, snapshot, async ({ page }) => {
          const across = await page.evaluate<number>(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          assert.ok(across <= 0, `${across} pixels too wide at ${width}`);
        });
      }
    });
  });
}
