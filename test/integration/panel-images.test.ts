/** Images in the panel's page, in a real Chromium: what is on the canvas is what was computed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from 'fast-png';
import type { Locator } from 'playwright-core';
import type { PanelSnapshot } from '../../protocol/panel';
import type { Filters, ImageLayout, PreviewFrame } from '../../protocol/run';
import { cornerOf, pictureOf, rasterOf, sheetOf } from '../../webview/store/image-sheet';
import { fakeImagePreview, fakeImageSnapshot } from '../fixtures/fake-images';
import { fakeManifest, fakeSnapshot } from '../fixtures/fake-run';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';
import { until } from '../support/condition';

const { withPanel } = panelTests();

/** Four images of 3 × 2 pixels, each of its own shades. */
const image: ImageLayout = { height: 2, width: 3, channels: 1, from: [0, 255], to: [0, 255] };
const samples = Float32Array.from({ length: 24 }, (_, at) => (at * 37) % 256);
const energies = Float32Array.of(3, -2, 7, 0.5);
const rows = Float32Array.from(
  { length: 30 },
  (_, at) => (at * 37 + 10 * Math.floor(at / 6)) % 256,
);

function small(frame: Partial<PreviewFrame> = {}): PanelSnapshot {
  const preview: PreviewFrame = {
    step: 1250,
    samples,
    count: 4,
    energies: { samples: energies, data: Float32Array.of(5, 4, 3, 2, 1) },
    ...frame,
  };
  const axes = ['a', 'b', 'c', 'd', 'e', 'f'];
  const bounds = axes.map(() => [0, 255] as const);
  return fakeSnapshot({
    manifest: fakeManifest({ preview: { dimensions: 6, axes, bounds, resolution: 0, image } }),
    data: { values: rows, count: 5 },
    preview,
  });
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: readonly number[];
}

/** The pixels of the canvas of a sheet. */
async function canvasOf(sheet: Locator): Promise<Pixels> {
  const id = await sheet.getAttribute('data-testid');
  return await sheet.page().evaluate<Pixels>(`(() => {
    const canvas = document.querySelector('[data-testid="${id}"] canvas');
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return { width, height, data: [...data] };
  })()`);
}

async function choose({ page, drawn }: Panel, label: string, option: string): Promise<void> {
  await page.locator(`vscode-dropdown[aria-label="${label}"]`).click();
  await page.getByRole('option', { name: option, exact: true }).click();
  await drawn();
}

/** Compares every pixel of every image on a sheet with those in an order. */
async function assertDrawn(sheet: Locator, order: readonly number[], scale: number): Promise<void> {
  const { width, data } = await canvasOf(sheet);
  const cells = Int32Array.from(order);
  const laid = sheetOf({ cells, columns: order.length, headings: [] }, image, scale);
  for (const [cell, index] of order.entries()) {
    const [left, top] = cornerOf(laid, image, cell);
    const expected = rasterOf(samples, image, Int32Array.of(index), 1).data;
    for (let y = 0; y < image.height * scale; y++) {
      for (let x = 0; x < image.width * scale; x++) {
        const at = 4 * ((top + y) * width + left + x);
        const pixel = 4 * (Math.floor(y / scale) * image.width + Math.floor(x / scale));
        assert.deepEqual(
          data.slice(at, at + 4),
          [...expected.slice(pixel, pixel + 4)],
          `image ${index} at (${x}, ${y})`,
        );
      }
    }
  }
}

describe('a sheet of images', () => {
  test('has each pixel as it is, in the order that is asked for, as large as is asked for', async () => {
    await withPanel({ width: 1600 }, small(), async (panel) => {
      const { page, drawn } = panel;
      const sheet = page.getByTestId('images-samples');
      // About 56 wide: 19 for each of 3 pixels.
      await assertDrawn(sheet, [0, 1, 2, 3], 19);
      await choose(panel, 'Sorted', 'Lowest energy first');
      await assertDrawn(sheet, [1, 3, 0, 2], 19);
      await choose(panel, 'Sorted', 'Highest energy first');
      await assertDrawn(sheet, [2, 0, 3, 1], 19);
      await page.getByRole('button', { name: 'Smaller' }).click();
      await drawn();
      await assertDrawn(sheet, [2, 0, 3, 1], 15);
      await page.getByRole('button', { name: 'Larger' }).click();
      await drawn();
      await assertDrawn(sheet, [2, 0, 3, 1], 19);
      const box = (await sheet.boundingBox())!;
      await page.mouse.move(box.x + 10, box.y + 10);
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, 100);
      await page.keyboard.up('Control');
      await drawn();
      await assertDrawn(sheet, [2, 0, 3, 1], 15);
    });
  });

  test('follows the scrubber, and says what it is of', async () => {
    const early = { samples: samples.map((value) => 255 - value), count: 4, step: 50 };
    const preview = (): PreviewFrame => early;
    await withPanel({ width: 1600, preview }, small(), async ({ page, drawn }) => {
      const sheet = page.getByTestId('images-samples');
      const label = () => sheet.getAttribute('aria-label');
      assert.equal(
        await label(),
        'Samples: 4 images of 3 × 2 pixels, by index, energies from −2.000 to 7.000',
      );
      await page.getByRole('slider', { name: 'Step' }).press('Home');
      await until('the first preview is shown', async () => {
        await drawn();
        return (await label()) === 'Samples: 4 images of 3 × 2 pixels, by index';
      });
      const { data } = await canvasOf(sheet);
      assert.deepEqual(data.slice(0, 3), [255, 255, 255], 'the first pixel was black at step 1250');
    });
  });

  test('is walked by keys, from image to image in its order and with Shift from pixel to pixel', async () => {
    await withPanel({ width: 1600 }, small(), async (panel) => {
      const { page } = panel;
      await choose(panel, 'Sorted', 'Lowest energy first');
      const sheet = page.getByTestId('images-samples');
      const spoken = page.locator('.image-plot [role="status"]');
      const heard = (text: RegExp) =>
        spoken.filter({ hasText: text }).waitFor({ state: 'attached' });
      await sheet.focus();
      await page.keyboard.press('Home');
      await heard(/^sample 2\s+energy −2\.000\s+pixel \(0, 0\)\s+222\.0$/);
      await page.keyboard.press('ArrowRight');
      await heard(/^sample 4\s+energy 0\.5000/);
      await page.keyboard.press('End');
      await heard(/^sample 3\s+energy 7\.000/);
      await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.press('Shift+ArrowDown');
      await heard(/^sample 3\s+energy 7\.000\s+pixel \(1, 1\)/);
      await page
        .getByTestId('readout')
        .filter({ hasText: /^sample 3/ })
        .waitFor();
    });
  });

  test('shows a picked image with the rows of the data that are nearest, and their distances', async () => {
    await withPanel({ width: 1600 }, small(), async ({ page }) => {
      const sheet = page.getByTestId('images-samples');
      await sheet.focus();
      await page.keyboard.press('Enter');
      const picked = page.getByTestId('picked');
      await picked.getByText('Sample 1 · energy 3.000').waitFor();
      // Row 1 is sample 1; row r + 1 is sample r + 1 lighter by 10 r, up to 256.
      const distance = (row: number) => {
        const squares = [0, 1, 2, 3, 4, 5].map((at) => (samples[at]! - rows[6 * row + at]!) ** 2);
        return Math.sqrt(squares.reduce((a, b) => a + b) / 6);
      };
      const expected = [0, 1, 2, 3, 4].map((row) => ({ row, far: distance(row) }));
      expected.sort((a, b) => a.far - b.far);
      const labels = picked.locator('.neighbour');
      const told = await labels.evaluateAll((all) =>
        all.map((one) => one.getAttribute('aria-label')),
      );
      assert.deepEqual(
        told.map((label) => Number(/^row (\d)/.exec(label ?? '')?.[1]) - 1),
        expected.map(({ row }) => row),
      );
      for (const [place, label] of told.entries()) {
        const far = Number(/distance ([\d.]+)$/.exec(label ?? '')?.[1]);
        // Four digits are told.
        assert.ok(
          Math.abs(far - expected[place]!.far) <= 1e-3 * expected[place]!.far + 1e-9,
          label!,
        );
      }
      await labels.first().click();
      await picked.getByText('Row 1 · energy 5.000').waitFor();
      assert.equal(await labels.count(), 4, 'a row is among its own neighbours');
      await page.getByTestId('images-data').focus();
      await page.keyboard.press('Escape');
      await picked.waitFor({ state: 'hidden' });
    });
  });

  test('is saved as the picture that it is', async () => {
    const saved: { name: string; png: Uint8Array }[] = [];
    const saveFile = (name: string, _: string, png: Uint8Array) => {
      saved.push({ name, png });
    };
    await withPanel({ width: 1600, saveFile }, small(), async (panel) => {
      await choose(panel, 'Sorted', 'Lowest energy first');
      await panel.page.getByRole('button', { name: 'Save Samples as PNG…' }).click();
      await until('the picture has come', async () => saved.length === 1);
      const [{ name, png }] = saved as [{ name: string; png: Uint8Array }];
      assert.equal(name, 'samples');
      const { width, height, channels, data } = decode(png);
      const cells = Int32Array.of(1, 3, 0, 2);
      const sheet = sheetOf({ cells, columns: 4, headings: [] }, image, 19);
      // Dark Modern's ground.
      const expected = pictureOf(samples, image, sheet, [0x1f, 0x1f, 0x1f]);
      assert.deepEqual([width, height, channels], [expected.width, expected.height, 4]);
      assert.deepEqual([...data], [...expected.data]);
    });
  });

  test('has filters on a signed scale, largest first, beside what the model draws, and saves them', async () => {
    const filters: Filters = {
      // Norms of 2, 5 and 3.
      values: Float32Array.from([0, 0, 2, 0, 0, 0, -4, 0, 0, 3, 0, 0, 0, 1, 0, -2, 2, 0]),
      height: 2,
      width: 3,
      channels: 1,
      units: Float32Array.of(1, 4, 6),
      of: 8,
    };
    const saved: { name: string; png: Uint8Array }[] = [];
    const saveFile = (name: string, _: string, png: Uint8Array) => {
      saved.push({ name, png });
    };
    await withPanel({ width: 1600, saveFile }, small({ filters }), async (panel) => {
      const { page, drawn } = panel;
      await choose(panel, 'Shown', 'Filters');
      const sheet = page.getByTestId('images-filters');
      assert.match((await sheet.getAttribute('aria-label')) ?? '', /largest norm first/);
      assert.equal(await page.getByTestId('images-samples').isVisible(), true);
      assert.equal(await page.getByTestId('images-data').isVisible(), false);
      await page.getByText('Filters (3 of 8)').waitFor();
      await page.getByText('the 3 of 8 with the largest norm').waitFor();
      assert.match((await page.locator('.shade-legend').textContent()) ?? '', /^−4.*4, zero/);
      // The first is the unit of the largest norm, with its pixel of the least weight.
      await sheet.focus();
      await page.keyboard.press('Home');
      await drawn();
      const told = await page.getByTestId('readout').textContent();
      assert.match(told ?? '', /unit 5 {3}norm 5\S* {3}pixel \(0, 0\) {3}−4/);
      await page.getByRole('button', { name: 'Save Filters as PNG…' }).click();
      await until('the picture has come', async () => saved.length === 1);
      const { data, width } = decode(saved[0]!.png);
      const colorAt = (x: number, y: number) => [
        ...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3),
      ];
      // A weight of zero has the ground's colour; the extreme one has not, and others lie between.
      const ground = [0x1f, 0x1f, 0x1f];
      assert.deepEqual(colorAt(3 + 19 + 9, 3 + 9), ground);
      const least = colorAt(3 + 9, 3 + 9);
      const most = colorAt(3 + 9, 3 + 19 + 9);
      for (const [channel, value] of ground.entries()) {
        assert.ok(least[channel] !== value || most[channel] !== value);
      }
      assert.notDeepEqual(least, most);
      await choose(panel, 'Sorted', 'By index');
      await page.keyboard.press('Escape');
      await sheet.focus();
      await page.keyboard.press('Home');
      await page
        .getByTestId('readout')
        .filter({ hasText: /^unit 2/ })
        .waitFor();
    });
  });

  test('scrolls, where there are more than fit: what comes into view is drawn', async () => {
    const snapshot = fakeImageSnapshot({ count: 1000, rows: 300, side: 14 });
    await withPanel({ width: 1000, height: 700 }, snapshot, async ({ page, drawn }) => {
      const sheet = page.getByTestId('images-samples');
      await sheet.focus();
      await page.keyboard.press('End');
      await drawn();
      await page
        .getByTestId('readout')
        .filter({ hasText: /^sample 1,000/ })
        .waitFor();
      const below = await sheet.evaluate((scroll) => {
        const { scrollTop, clientHeight, scrollHeight } = scroll;
        return scrollHeight - scrollTop - clientHeight;
      });
      assert.ok(below < 4, `the last image is ${below} below`);
      const { data } = await canvasOf(sheet);
      assert.ok(new Set(data).size > 20, 'nothing is drawn in the end');
    });
  });

  test('has the ways of chains and the difference of data and samples', async () => {
    await withPanel({ width: 1600 }, fakeImageSnapshot(), async (panel) => {
      const { page } = panel;
      await choose(panel, 'Shown', 'From noise');
      const label = await page
        .getByTestId('images-from-noise-to-sample')
        .getAttribute('aria-label');
      assert.match(
        label ?? '',
        /48 images of 14 × 14.*after 0, 1, 5, 11, 20, 31, 44, 60 iterations/,
      );
      await choose(panel, 'Shown', 'Difference');
      assert.equal(await page.getByTestId('image-difference').locator('canvas').count(), 6);
      const note = await page.getByTestId('image-difference-note').textContent();
      assert.match(
        note ?? '',
        /The means of a pixel differ by [\d.]+ .*of 0 to 255.*The deviations/,
      );
    });
  });

  test('offers what there is: a preview of an older run knows nothing beside its samples', async () => {
    const older: PreviewFrame = { step: 1250, samples, count: 4 };
    const { energies: _, ...rest } = small().preview!;
    const snapshot = { ...small(), preview: { ...rest, ...older } };
    await withPanel({ width: 1600 }, snapshot, async ({ page }) => {
      await page.getByTestId('images-samples').waitFor();
      assert.equal(await page.locator('vscode-dropdown[aria-label="Sorted"]').isVisible(), false);
      assert.equal(await page.locator('vscode-dropdown[aria-label="Shown"]').isVisible(), true);
    });
  });

  test('can show another step with other things known without being asked to', async () => {
    const preview = (step: number): PreviewFrame => ({ ...fakeImagePreview(step, 8, 14), step });
    await withPanel({ width: 1600, preview }, fakeImageSnapshot(), async (panel) => {
      const { page, drawn } = panel;
      await page.getByTestId('images-samples').focus();
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await page
        .getByTestId('picked')
        .getByText(/^Sample 256/)
        .waitFor();
      // Fewer samples: the one that was picked is none of them.
      await page.getByRole('slider', { name: 'Step' }).press('Home');
      await page.getByText('Samples (8)').waitFor();
      await drawn();
      assert.equal(await page.getByTestId('picked').isVisible(), false);
    });
  });
});
