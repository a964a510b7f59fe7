/** Points in the colours of their classes, in a real Chromium. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PanelSnapshot } from '../../protocol/panel';
import { bowlSnapshot, bowlWindow } from '../fixtures/fake-landscapes';
import { fakeTableSnapshot } from '../fixtures/fake-tables';
import type { Panel, Pixels } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();
const wide = { width: 1600, height: 1000 } as const;
const species = ['Adelie', 'Chinstrap', 'Gentoo'];
const dataPoints = [
  [-3, 2],
  [-2, 1],
  [2, 2],
  [3, -2],
] as const;
const dataClasses = [0, 1, 2, 2];
const samplePoints = [
  [0, 0],
  [1, 1],
  [-1, -2],
  [2, -1],
] as const;
/** The last is a class that the data have no name for. */
const sampleClasses = [2, 0, 1, 3];

/** A run of a plane whose points have classes. */
function classSnapshot(): PanelSnapshot {
  const { preview: frame, ...rest } = bowlSnapshot();
  const { manifest } = rest;
  const { paths: _, ...shown } = frame!;
  return {
    ...rest,
    manifest: { ...manifest, preview: { ...manifest.preview!, classes: species } },
    data: {
      values: Float32Array.from(dataPoints.flat()),
      count: 4,
      labels: Float32Array.from(dataClasses),
    },
    preview: {
      ...shown,
      samples: Float32Array.from(samplePoints.flat()),
      count: 4,
      classes: Float32Array.from(sampleClasses),
    },
  };
}

const layer = ({ page }: Panel, name: string) =>
  page.getByRole('group', { name: 'Shown layers' }).getByRole('button', { name, exact: true });

/** The colour in the middle of a point. */
function colorAt(
  { width, height, data }: Pixels,
  [x, y]: readonly [number, number],
): readonly number[] {
  const [[left, right], [low, high]] = bowlWindow;
  const column = Math.floor(((x - left) / (right - left)) * width);
  const row = Math.floor((1 - (y - low) / (high - low)) * height);
  return [...data.subarray(4 * (row * width + column)).subarray(0, 3)];
}

for (const withoutWebGl of [false, true]) {
  test(`points have the colours of their classes ${withoutWebGl ? 'without' : 'with'} WebGL`, async () => {
    await withPanel({ ...wide, withoutWebGl }, classSnapshot(), async (panel) => {
      const { page, drawn, pixels } = panel;
      assert.equal(await page.getByRole('list', { name: 'Classes' }).count(), 0);
      for (const name of ['Energy field', 'Contours', 'Classes']) await layer(panel, name).click();
      await drawn();
      const swatches = page.getByRole('list', { name: 'Classes' }).locator('.swatch-class');
      const colors = await swatches.evaluateAll((all) =>
        all.map((swatch) => (swatch as unknown as { style: { background: string } }).style),
      );
      const wanted = colors.map(({ background }) =>
        (background.match(/\d+/g) ?? []).slice(0, 3).map(Number),
      );
      assert.equal(new Set(wanted.map(String)).size, 3);
      const picture = await pixels(page.locator('[data-testid="plane"] .plot-picture'));
      const isNear = (found: readonly number[], color: readonly number[]) =>
        found.every((part, k) => Math.abs(part - color[k]!) <= 3);
      for (const [points, classes] of [
        [dataPoints, dataClasses],
        [samplePoints, sampleClasses],
      ] as const) {
        for (const [k, point] of points.entries()) {
          const found = colorAt(picture, point);
          for (const [other, color] of wanted.entries()) {
            const is = isNear(found, color);
            assert.equal(is, other === classes[k], `${point}: ${found}, class ${other}: ${color}`);
          }
        }
      }
      await layer(panel, 'Classes').click();
      await drawn();
      assert.equal(await page.getByRole('list', { name: 'Classes' }).count(), 0);
      const plain = await pixels(page.locator('[data-testid="plane"] .plot-picture'));
      const all = dataPoints.map((point) => String(colorAt(plain, point)));
      assert.equal(new Set(all).size, 1);
    });
  });
}

/** Of each pixel with ink in the first cell of pairs: how far right it is, and -1 for blue, 1 for orange. */
function leanings({ page }: Panel): Promise<readonly (readonly [number, number])[]> {
  return page.evaluate<[number, number][]>(`(() => {
    const { left, top, width, height } = document.querySelector('.pair-cell').style;
    const box = [left, top, width, height].map(Number.parseFloat);
    const canvas = document.querySelector('[data-testid="pairs-canvas"]');
    const { data } = canvas.getContext('2d').getImageData(...box);
    const found = [];
    for (let y = 2; y < box[3] - 2; y++) {
      for (let x = 2; x < box[2] - 2; x++) {
        const [red, , blue, alpha] = data.slice(4 * (y * box[2] + x), 4 * (y * box[2] + x) + 4);
        // Where there is little ink, what was multiplied by it says little of the colour.
        if (alpha > 100) found.push([x / box[2], Math.abs(red - blue) < 6 ? 0 : Math.sign(red - blue)]);
      }
    }
    return found;
  })()`);
}

describe('classes of points', () => {
  test('are told with the share that each has', async () => {
    await withPanel(wide, classSnapshot(), async (panel) => {
      await layer(panel, 'Classes').press('Enter');
      await panel.drawn();
      const items = panel.page.getByRole('list', { name: 'Classes' }).getByRole('listitem');
      assert.deepEqual(
        (await items.allTextContents()).map((text) => text.trim()),
        [
          'Adelie25 % of data, 25 % of samples',
          'Chinstrap25 % of data, 25 % of samples',
          'Gentoo50 % of data, 25 % of samples',
        ],
      );
    });
  });

  test('colour the pairs of a table', async () => {
    const table = fakeTableSnapshot();
    const { manifest } = table;
    const snapshot = {
      ...table,
      manifest: { ...manifest, preview: { ...manifest.preview!, classes: species } },
      data: {
        ...table.data!,
        labels: table
          .data!.values.filter((_, at) => at % 4 === 0)
          .map((value) => (value > 0 ? 1 : 0)),
      },
    };
    await withPanel(wide, snapshot, async (panel) => {
      const { page, drawn } = panel;
      await page.getByRole('checkbox', { name: 'Pairs', exact: true }).press('Space');
      await layer(panel, 'Samples').click();
      await drawn();
      const plain = await leanings(panel);
      assert.ok(plain.every(([, lean]) => lean === 0));
      await layer(panel, 'Classes').click();
      await drawn();
      // Classes are by the sign of the first column, which goes across: blue on the left, orange on the right.
      // Rims are grey.
      const colored = (await leanings(panel)).filter(([, lean]) => lean !== 0);
      assert.ok(colored.length > 500, String(colored.length));
      for (const [share, lean] of colored) {
        if (Math.abs(share - 0.5) > 0.03) assert.equal(lean, share < 0.5 ? -1 : 1, String(share));
      }
    });
  });

  test('are not offered where nothing has any', async () => {
    await withPanel(wide, bowlSnapshot(), async (panel) => {
      assert.equal(await layer(panel, 'Classes').count(), 0);
    });
  });
});
