/** One dimension and tables in the panel's page, in a real Chromium: what is on the canvas is what was computed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { histogram } from '../../webview/store/histogram';
import { column, moments } from '../../webview/store/point-set';
import { principalAxes } from '../../webview/store/principal-axes';
import {
  fakeLineSnapshot,
  fakeTableSnapshot,
  lineCells,
  lineWindow,
} from '../fixtures/fake-tables';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();

interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly alpha: readonly number[];
}

/** How opaque each pixel of a canvas is. */
function alphaOf({ page }: Panel, selector: string): Promise<Drawn> {
  return page.evaluate<Drawn>(`(() => {
    const canvas = document.querySelector(${JSON.stringify(selector)});
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return { width, height, alpha: Array.from({ length: width * height }, (_, at) => data[4 * at + 3]) };
  })()`);
}

const normal = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

describe('a run of one dimension', () => {
  test('has the density of its energy where the closed form has it', async () => {
    await withPanel({ width: 1600, height: 1000 }, fakeLineSnapshot(), async (panel) => {
      const legend = panel.page.getByRole('group', { name: 'Shown layers' });
      for (const layer of ['Energy', 'Data', 'Samples']) {
        await legend.getByRole('button', { name: layer, exact: true }).click();
      }
      await panel.drawn();
      const { width, height, alpha } = await alphaOf(panel, '[data-testid="histogram"] canvas');
      const [left, top, inner, free] = [54, 8, width - 64, height - 46];
      // The highest of the middles of cells is within a hundredth of a per cent of the peak.
      const peak = 1.08 * normal(0);
      const yOf = (column: number) => {
        const x = lineWindow[0] + ((column + 0.5) / inner) * (lineWindow[1] - lineWindow[0]);
        return top + free - (normal(x) / peak) * free;
      };
      let checked = 0;
      for (let column = 2; column < inner - 2; column++) {
        const rows: number[] = [];
        for (let y = top + 1; y < top + free - 1; y++) {
          if (alpha[y * width + left + column]! > 128) rows.push(y + 0.5);
        }
        // Gaps of the dashes, and the line beneath the frame's.
        if (rows.length === 0) continue;
        checked += 1;
        const mean = rows.reduce((sum, y) => sum + y, 0) / rows.length;
        // Half of the line's width and of a pixel; a dash may end within a pixel of a steep stretch.
        const near = [-1, -0.5, 0, 0.5, 1].map((away) => Math.abs(mean - yOf(column + away)));
        assert.ok(Math.min(...near) < 1.6, `column ${column}: ${mean}, not ${yOf(column)}`);
      }
      assert.ok(checked > inner / 4, String(checked));
    });
  });

  test('tells place, energy and density under the pointer, and by keys', async () => {
    await withPanel({ width: 1600, height: 1000 }, fakeLineSnapshot(), async ({ page, drawn }) => {
      const plot = page.getByTestId('histogram');
      await plot.focus();
      await page.keyboard.press('ArrowRight');
      await drawn();
      const words = (await page.getByTestId('readout').textContent()) ?? '';
      const [, x, energy, density] =
        /^x (\S+) {3}E (\S+) {3}density (\S+) {3}data \S+ {3}samples \S+$/.exec(words) ?? [];
      const place = lineWindow[0] + 0.51 * (lineWindow[1] - lineWindow[0]);
      // Four digits are told; the density is linear between cells of an eightieth.
      assert.ok(Math.abs(Number(x) - place) < 1e-4, words);
      assert.ok(Math.abs(Number(energy) - (0.5 * place ** 2 + 3)) < 1e-3, words);
      assert.ok(Math.abs(Number(density) - normal(place)) < 1e-4, words);
    });
  });

  test('has no density where the energy is not a number, and says so', async () => {
    const field = new Float32Array(lineCells).fill(1);
    field[7] = Number.NaN;
    await withPanel({ width: 1600 }, fakeLineSnapshot(field), async ({ page }) => {
      await page.getByText('its density is not known').waitFor();
    });
  });
});

describe('a table', () => {
  const { data } = fakeTableSnapshot();
  const rows = data!.values;

  test('has the histogram of each column, as high as it was counted', async () => {
    const snapshot = fakeTableSnapshot();
    const { preview: _, ...rest } = snapshot;
    await withPanel({ width: 1600, height: 1000 }, rest, async (panel) => {
      const figures = panel.page.getByTestId('columns').getByRole('listitem');
      assert.equal(await figures.count(), 4);
      for (let k = 0; k < 4; k++) {
        const selector = `[data-testid="columns"] li:nth-child(${k + 1}) canvas`;
        const { width, height, alpha } = await alphaOf(panel, selector);
        assert.equal(height, 56);
        const { densities } = histogram(column(rows, 4, k), -6, 6, 30);
        const top = 1.05 * Math.max(...densities);
        for (const [bin, density] of densities.entries()) {
          const x = Math.floor(1 + ((bin + 0.5) / 30) * (width - 2));
          // Above the line at the bottom.
          let filled = 0;
          for (let y = 0; y < 55; y++) if (alpha[y * width + x]! > 127) filled++;
          assert.ok(
            Math.abs(filled - (density / top) * 54) <= 1,
            `column ${k}, bin ${bin}: ${filled}`,
          );
        }
      }
    });
  });

  test('tells the moments of its columns in the units of the data', async () => {
    await withPanel({ width: 1600, height: 1000 }, fakeTableSnapshot(), async ({ page }) => {
      const first = page.getByTestId('columns').getByRole('listitem').first();
      const words = (await first.allInnerTexts()).join('\n');
      const [, mean, deviation] = /Data (\S+) ± (\S+)/.exec(words) ?? [];
      const known = moments(column(rows, 4, 0))!;
      // To a hundredth of the deviation.
      assert.ok(Math.abs(Number(mean) - (100 + 10 * known.mean)) < 0.1, words);
      assert.ok(Math.abs(Number(deviation) - 10 * known.deviation) < 0.1, words);
      assert.match(words, /length/);
      assert.match(words, /Samples \S+ ± \S+/);
    });
  });

  test('is shown along its principal axes on request, with their share of the variance', async () => {
    await withPanel({ width: 1600, height: 1000 }, fakeTableSnapshot(), async (panel) => {
      const { page, drawn } = panel;
      await page.getByRole('checkbox', { name: 'Principal axes' }).press('Space');
      await drawn();
      const { shares } = principalAxes(rows, 4)!;
      const share = Math.round(100 * (shares[0] + shares[1]));
      await page.getByText(`${share} % of the variance of their 4 columns`).waitFor();
      await page.getByTestId('plane').focus();
      await page.keyboard.press('ArrowRight');
      const words = await page.getByTestId('readout').textContent();
      assert.ok(words?.includes(`Principal axis 1, ${Math.round(100 * shares[0])} %`), words ?? '');
      assert.equal(((await panel.storedState()) as { isPrincipal: boolean }).isPrincipal, true);
    });
  });

  test('of one column has neither', async () => {
    await withPanel({ width: 1600 }, fakeLineSnapshot(), async ({ page }) => {
      assert.equal(await page.getByTestId('columns').isVisible(), false);
      assert.equal(await page.getByRole('checkbox', { name: 'Principal axes' }).count(), 0);
    });
  });
});
