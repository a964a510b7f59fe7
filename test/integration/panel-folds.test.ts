/** Sections of the panel's page fold, in a real Chromium. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bowlSnapshot } from '../fixtures/fake-landscapes';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';
import { until } from '../support/condition';

const { withPanel } = panelTests();
const wide = { width: 1600, height: 1000 } as const;

const fold = ({ page }: Panel, name: string) =>
  page.getByRole('region', { name, exact: true }).getByRole('button', { name, exact: true });

describe('sections of the page', () => {
  test('fold and unfold by keys, and tell so', async () => {
    await withPanel(wide, bowlSnapshot(), async (panel) => {
      const button = fold(panel, 'Energy landscape');
      const plane = panel.page.getByTestId('plane');
      assert.equal(await button.getAttribute('aria-expanded'), 'true');
      assert.ok(await plane.isVisible());
      await button.press('Enter');
      assert.equal(await button.getAttribute('aria-expanded'), 'false');
      assert.equal(await plane.isVisible(), false);
      // Its head stays where it was, with its name.
      assert.ok(await panel.page.getByRole('heading', { name: 'Landscape' }).isVisible());
      await fold(panel, 'Curves').press('Space');
      await button.press('Enter');
      await panel.drawn();
      assert.ok(await plane.isVisible());
      await until('the page has told three times', () => panel.folded.length === 3);
      assert.deepEqual(panel.folded, [['landscape'], ['landscape', 'curves'], ['curves']]);
    });
  });

  test('are folded as they were left, and drawn once they are unfolded', async () => {
    const snapshot = { ...bowlSnapshot(), folded: ['landscape'] as const };
    await withPanel(wide, snapshot, async (panel) => {
      const plane = panel.page.getByTestId('plane');
      assert.equal(await plane.isVisible(), false);
      // The others have its room: all but what is beside them of the window.
      const curves = await panel.page.getByRole('region', { name: 'Curves' }).boundingBox();
      assert.ok(curves !== null && curves.width > 1500, JSON.stringify(curves));
      // Nothing was asked of anybody.
      assert.deepEqual(panel.folded, []);
      await fold(panel, 'Energy landscape').click();
      await panel.drawn();
      const bounds = await plane.boundingBox();
      assert.ok(bounds !== null && bounds.height > 300, JSON.stringify(bounds));
      const narrow = await panel.page.getByRole('region', { name: 'Curves' }).boundingBox();
      assert.ok(narrow !== null && narrow.width < 800, JSON.stringify(narrow));
      const ticks = await panel.page.evaluate<boolean>(`(() => {
        const canvas = document.querySelector('[data-testid="plane-overlay"]');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value > 0);
      })()`);
      assert.ok(ticks);
    });
  });
});
