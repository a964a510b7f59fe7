/** Columns of a table in pairs, in a real Chromium: points, distributions and correlations are those of the rows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { histogram } from '../../webview/store/histogram';
import { column } from '../../webview/store/point-set';
import { fakeTableSnapshot } from '../fixtures/fake-tables';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();
const wide = { width: 1600, height: 1000 } as const;
const names = ['length', 'width', 'depth', 'mass'];
const [low, high] = [-6, 6];
const pairs = [
  ...[[0, 1] as const],
  ...[[0, 2] as const, [1, 2] as const],
  ...[[0, 3] as const, [1, 3] as const, [2, 3] as const],
];

const cellsOf = ({ page }: Panel) => page.getByTestId('pairs').locator('.pair-cell');

async function showPairs(panel: Panel): Promise<void> {
  await panel.page.getByRole('checkbox', { name: 'Pairs', exact: true }).press('Space');
  await panel.drawn();
}

/** How opaque the pixels of the plot are, and where its cells are. */
async function picture({ page }: Panel) {
  const found = await page.evaluate<{ width: number; ink: string; boxes: number[][] }>(`(() => {
    const canvas = document.querySelector('[data-testid="pairs-canvas"]');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let ink = '';
    for (let at = 3; at < data.length; at += 4) ink += String.fromCharCode(data[at]);
    const boxes = [...document.querySelectorAll('.pair-cell')].map(({ style }) =>
      [style.left, style.top, style.width, style.height].map((side) => Number.parseFloat(side)));
    return { width: canvas.width, ink: btoa(ink), boxes };
  })()`);
  const boxes = found.boxes as unknown as readonly [number, number, number, number][];
  return { width: found.width, alpha: Buffer.from(found.ink, 'base64'), boxes };
}

/** By sums of products, unlike the page. */
function correlationOf(rows: Float32Array, a: number, b: number): number {
  const count = rows.length / 4;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let row = 0; row < count; row++) {
    const [x, y] = [rows[4 * row + a]!, rows[4 * row + b]!];
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  return (count * sab - sa * sb) / Math.sqrt((count * saa - sa ** 2) * (count * sbb - sb ** 2));
}

describe('pairs of columns', () => {
  const { data, preview } = fakeTableSnapshot();
  const rows = data!.values;

  test('have their points where the rows are, and nowhere else', async () => {
    const { preview: _, ...rest } = fakeTableSnapshot();
    await withPanel(wide, rest, async (panel) => {
      await showPairs(panel);
      const { width, alpha, boxes } = await picture(panel);
      assert.equal(boxes.length, pairs.length);
      for (const [k, [a, b]] of pairs.entries()) {
        const [left, top, boxWidth, boxHeight] = boxes[k]!;
        const near = new Uint8Array(boxWidth * boxHeight);
        for (let row = 0; row < rows.length; row += 4) {
          const x = ((rows[row + a]! - low) / (high - low)) * boxWidth;
          const y = (1 - (rows[row + b]! - low) / (high - low)) * boxHeight;
          if (!(x >= 0 && x < boxWidth && y >= 0 && y < boxHeight)) continue;
          const at = (top + Math.floor(y)) * width + left + Math.floor(x);
          assert.ok(alpha[at]! > 60, `no point at ${x}, ${y} of ${names[a]} and ${names[b]}`);
          for (let dy = -3; dy <= 3; dy++) {
            for (let dx = -3; dx <= 3; dx++) {
              const [px, py] = [Math.floor(x) + dx, Math.floor(y) + dy];
              if (px >= 0 && px < boxWidth && py >= 0 && py < boxHeight) {
                near[py * boxWidth + px] = 1;
              }
            }
          }
        }
        // Discs have a radius of 2.9 at most. Not the frame, which lies on the outermost pixels.
        for (let y = 1; y < boxHeight - 1; y++) {
          for (let x = 1; x < boxWidth - 1; x++) {
            const ink = alpha[(top + y) * width + left + x]!;
            assert.ok(ink === 0 || near[y * boxWidth + x] === 1, `ink at ${x}, ${y}`);
          }
        }
      }
    });
  });

  test('have the distribution of each column between them, as high as it was counted', async () => {
    const { preview: _, ...rest } = fakeTableSnapshot();
    await withPanel(wide, rest, async (panel) => {
      await showPairs(panel);
      const { width, alpha, boxes } = await picture(panel);
      const [[left, top, side, height]] = boxes as [(typeof boxes)[0]];
      const down = boxes[1]![1] - top;
      const right = boxes[2]![0] - left;
      for (let k = 0; k < 4; k++) {
        const { densities } = histogram(column(rows, 4, k), low, high, 30);
        const peak = 1.05 * Math.max(...densities);
        const [boxLeft, boxTop] = [left + k * right, top + (k - 1) * down];
        for (const [bin, density] of densities.entries()) {
          const x = boxLeft + Math.floor(((bin + 0.5) / 30) * side);
          let filled = 0;
          for (let y = 0; y < height; y++) if (alpha[(boxTop + y) * width + x]! > 127) filled++;
          const wanted = (density / peak) * height;
          assert.ok(Math.abs(filled - wanted) <= 1, `column ${k}, bin ${bin}: ${filled}`);
        }
      }
    });
  });

  test('tell the correlations of data and samples', async () => {
    await withPanel(wide, fakeTableSnapshot(), async (panel) => {
      await showPairs(panel);
      const labels = await cellsOf(panel).evaluateAll((all) =>
        all.map((cell) => cell.getAttribute('aria-label')),
      );
      const number = '(\\S+)';
      for (const [k, [a, b]] of pairs.entries()) {
        const words = labels[k]!.replaceAll('−', '-');
        const start = `${names[a]} and ${names[b]}: correlation`;
        const pattern = `^${start} of data ${number}, of samples ${number}$`;
        const [, ofData, ofSamples] = new RegExp(pattern).exec(words) ?? [];
        // Two digits are told.
        assert.ok(Math.abs(Number(ofData) - correlationOf(rows, a, b)) <= 0.005 + 1e-9, words);
        const known = correlationOf(preview!.samples, a, b);
        assert.ok(Math.abs(Number(ofSamples) - known) <= 0.005 + 1e-9, words);
      }
      await panel.page.getByRole('button', { name: 'Samples', exact: true }).click();
      await panel.drawn();
      const without = await cellsOf(panel).first().getAttribute('aria-label');
      assert.match(without ?? '', /correlation of data \S+$/);
    });
  });

  test('are reached by keys, and opened alone', async () => {
    await withPanel(wide, fakeTableSnapshot(), async (panel) => {
      const { page, drawn } = panel;
      await showPairs(panel);
      assert.equal(await page.getByTestId('plane').isVisible(), false);
      assert.equal(await page.getByRole('checkbox', { name: 'Principal axes' }).count(), 0);
      await cellsOf(panel).first().focus();
      // Up and right of the first there is none.
      for (const key of ['ArrowUp', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowRight']) {
        await page.keyboard.press(key);
      }
      const words = (await page.getByTestId('readout').textContent()) ?? '';
      assert.match(words, /^width and mass: correlation of data/);
      assert.equal(await page.locator('.pair-cell[tabindex="0"]').count(), 1);
      await page.keyboard.press('Enter');
      await drawn();
      assert.equal(await page.getByTestId('pairs').isVisible(), false);
      await page.getByTestId('plane').focus();
      await page.keyboard.press('ArrowRight');
      const place = (await page.getByTestId('readout').textContent()) ?? '';
      assert.match(place, /^width \S+ {3}mass \S+$/);
      const { axes, isPaired } = (await panel.storedState()) as Record<string, unknown>;
      assert.deepEqual([axes, isPaired], [[1, 3], false]);
    });
  });

  test('are of the columns that were chosen, also after a reload', async () => {
    let kept: unknown;
    await withPanel(wide, fakeTableSnapshot(), async (panel) => {
      await showPairs(panel);
      const choices = panel.page.getByRole('group', { name: 'Columns', exact: true });
      const choose = (name: string) => choices.getByRole('button', { name, exact: true });
      await choose('width').press('Enter');
      await choose('mass').press('Space');
      await panel.drawn();
      assert.equal(await cellsOf(panel).count(), 1);
      // Two is the least.
      assert.equal(await choose('length').getAttribute('aria-disabled'), 'true');
      await choose('length').press('Enter');
      await panel.drawn();
      assert.match((await cellsOf(panel).getAttribute('aria-label')) ?? '', /^length and depth/);
      kept = await panel.storedState();
    });
    const options = { ...wide, storedState: kept as object };
    await withPanel(options, fakeTableSnapshot(), async (panel) => {
      assert.match((await cellsOf(panel).getAttribute('aria-label')) ?? '', /^length and depth/);
    });
  });
});
