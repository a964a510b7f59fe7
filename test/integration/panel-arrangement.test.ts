/** Sections of the panel's page fold and move, in a real Chromium. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { movableSections } from '../../protocol/panel';
import { bowlSnapshot } from '../fixtures/fake-landscapes';
import { fakePreview, fakeSnapshot } from '../fixtures/fake-run';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';
import { until } from '../support/condition';

const { withPanel } = panelTests();
const wide = { width: 1500, height: 1000 } as const;
const narrow = { width: 1000, height: 1000 } as const;

/** Of a run that has curves, energies and health, and no columns. */
const energies = { data: Float32Array.of(1, 2, 3), samples: Float32Array.of(2, 3, 4) };
const withEnergies = fakeSnapshot({ preview: { ...fakePreview(1250), energies } });

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
      await until('the page has told three times', () => panel.arrangements.length === 3);
      assert.deepEqual(
        panel.arrangements.map(({ folded }) => folded),
        [['landscape'], ['landscape', 'curves'], ['curves']],
      );
    });
  });

  test('are folded as they were left, and drawn once they are unfolded', async () => {
    const arrangement = { folded: ['landscape'], order: movableSections } as const;
    const snapshot = { ...bowlSnapshot(), arrangement };
    await withPanel(wide, snapshot, async (panel) => {
      const plane = panel.page.getByTestId('plane');
      assert.equal(await plane.isVisible(), false);
      // The others have its room: all but what is beside them of the window.
      const curves = await panel.page.getByRole('region', { name: 'Curves' }).boundingBox();
      assert.ok(curves !== null && curves.width > 1400, JSON.stringify(curves));
      // Nothing was asked of anybody.
      assert.deepEqual(panel.arrangements, []);
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

  test('move past each other by keys and pointer, and tell so', async () => {
    await withPanel(narrow, withEnergies, async (panel) => {
      const { page } = panel;
      const names = async () =>
        await page
          .locator('.side > section:visible')
          .evaluateAll((sections) => sections.map((section) => section.getAttribute('aria-label')));
      const before = await names();
      assert.deepEqual(before.slice(-3), ['Curves', 'Energies', 'Health']);
      const up = page.getByRole('button', { name: 'Move Energies up' });
      await up.focus();
      await up.press('Enter');
      assert.deepEqual((await names()).slice(-3), ['Energies', 'Curves', 'Health']);
      // It is at the top now, and goes back by the other button; the focus has stayed with it.
      assert.equal(await up.getAttribute('aria-disabled'), 'true');
      assert.equal(await page.locator(':focus').getAttribute('aria-label'), 'Move Energies up');
      await up.press('Enter');
      await page.getByRole('heading', { name: 'Energies' }).hover();
      await page.getByRole('button', { name: 'Move Energies down' }).click();
      assert.deepEqual(await names(), before);
      await until('the page has told twice', () => panel.arrangements.length === 2);
      // Past those that this run does not have, too.
      assert.deepEqual(panel.arrangements[0]?.order, ['energies', 'curves', 'columns', 'health']);
      assert.deepEqual(panel.arrangements[1]?.order, ['curves', 'energies', 'columns', 'health']);
    });
  });

  test('lie in one column, two or three, by the room that there is', async () => {
    await withPanel({ width: 2000, height: 1000 }, withEnergies, async (panel) => {
      const { page } = panel;
      const box = async (name: string) => {
        const bounds = await page.getByRole('region', { name, exact: true }).boundingBox();
        assert.ok(bounds !== null, name);
        return bounds;
      };
      const boxes = async () => ({
        landscape: await box('Energy landscape'),
        curves: await box('Curves'),
        energies: await box('Energies'),
      });
      const three = await boxes();
      assert.ok(three.landscape.x + three.landscape.width < three.curves.x);
      assert.ok(three.curves.x + three.curves.width < three.energies.x);
      assert.ok(Math.abs(three.curves.y - three.landscape.y) < 10);
      // What is moved to the top has the column of its own.
      const up = page.getByRole('button', { name: 'Move Energies up' });
      await up.press('Enter');
      await panel.drawn();
      const moved = await boxes();
      assert.ok(moved.energies.x + moved.energies.width < moved.curves.x);
      await page.getByRole('button', { name: 'Move Energies down' }).press('Enter');
      await page.setViewportSize({ width: 1400, height: 1000 });
      await panel.drawn();
      const two = await boxes();
      assert.ok(two.landscape.x + two.landscape.width < two.curves.x);
      assert.equal(two.curves.x, two.energies.x);
      assert.ok(two.curves.y + two.curves.height < two.energies.y);
      await page.setViewportSize({ width: 900, height: 1000 });
      await panel.drawn();
      const one = await boxes();
      assert.equal(one.landscape.x, one.curves.x);
      assert.ok(one.landscape.y + one.landscape.height < one.curves.y);
    });
  });
});
