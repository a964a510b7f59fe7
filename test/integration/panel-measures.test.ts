/** Energies, health and patterns in the panel's page, in a real Chromium. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PreviewFrame } from '../../protocol/run';
import { distributionBins, distributionsOf } from '../../webview/store/energy-distributions';
import { fakeManifest, fakePreview, fakeSnapshot } from '../fixtures/fake-run';
import { panelTests } from '../fixtures/panel-tests';
import { until } from '../support/condition';

const { withPanel } = panelTests();

/** So many values in the middle of each of some bins of 0 to 48, and one at both ends. */
function inBins(counts: Readonly<Record<number, number>>): Float32Array {
  const values = Object.entries(counts).flatMap(([bin, count]) =>
    new Array<number>(count).fill(Number(bin) + 0.5),
  );
  return Float32Array.of(0, ...values, distributionBins);
}

describe('energies of data and samples', () => {
  const energies = {
    data: inBins({ 10: 40, 11: 20, 12: 10 }),
    samples: inBins({ 30: 50, 31: 25 }),
  };
  const preview: PreviewFrame = { ...fakePreview(1250), energies };

  test('are drawn as high as they are', async () => {
    await withPanel({ width: 1600 }, fakeSnapshot({ preview }), async ({ page }) => {
      const plot = await page.evaluate<{ width: number; data: number[]; ratio: number }>(`(() => {
        const canvas = document.querySelector('[data-testid="distributions-plot"]');
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
        return { width, data: [...data], ratio: devicePixelRatio };
      })()`);
      assert.equal(plot.ratio, 1);
      const at = (x: number, y: number) => {
        const place = 4 * (Math.floor(y) * plot.width + Math.floor(x));
        return plot.data.slice(place, place + 4);
      };
      const box = { left: 66, top: 8, width: plot.width - 76, height: 174 };
      const { all } = distributionsOf(energies)!;
      const [data, samples] = all.map(({ histogram }) => histogram.densities);
      const top = 1.08 * Math.max(...data!, ...samples!);
      const bottom = box.top + box.height;
      const middle = (bin: number) => box.left + ((bin + 0.5) / distributionBins) * box.width;
      for (const bin of [10, 11, 12]) {
        const height = (data![bin]! / top) * box.height;
        const filled = at(middle(bin), bottom - 4);
        assert.equal(filled[3], 255, 'nothing is filled');
        // A pixel at the edge is partly covered.
        assert.deepEqual(at(middle(bin), bottom - height + 2), filled, `bin ${bin} is too low`);
        assert.equal(at(middle(bin), bottom - height - 3)[3], 0, `bin ${bin} is too high`);
      }
      for (const bin of [30, 31]) {
        const y = bottom - (samples![bin]! / top) * box.height;
        const [red = 0, green = 0, , alpha = 0] = at(middle(bin), y);
        assert.ok(alpha > 100 && red > green + 80, `bin ${bin} has no red edge at its height`);
        assert.equal(at(middle(bin), y + 5)[3], 0, 'samples are no area');
      }
      assert.equal(at(middle(20), bottom - 6)[3], 0, 'an empty bin is filled');
    });
  });

  test('are told in a table, follow the scrubber, and are not there where a preview has none', async () => {
    const preview50 = (): PreviewFrame => fakePreview(50);
    const options = { width: 1600, preview: preview50 };
    await withPanel(options, fakeSnapshot({ preview }), async ({ page, drawn }) => {
      const section = page.getByTestId('distributions');
      const rows = await section.locator('tbody tr').allTextContents();
      assert.equal(rows.length, 2);
      assert.match(rows[0]!, /Data72/);
      assert.match(rows[1]!, /Samples77/);
      await page.getByRole('slider', { name: 'Step' }).press('Home');
      await until('the section is gone', async () => {
        await drawn();
        return !(await section.isVisible());
      });
    });
  });
});

describe('health', () => {
  test('says what is wrong and what to try, at the step of the scrubber', async () => {
    const config = { preview: { chainSteps: 60 } };
    const snapshot = fakeSnapshot({ manifest: fakeManifest({ config }) });
    const preview = (step: number) => fakePreview(step);
    await withPanel({ width: 1600, preview }, snapshot, async ({ page, peer, drawn }) => {
      const section = page.getByTestId('health');
      assert.equal(await section.isVisible(), false);
      const series = {
        'chains/r-hat': { steps: Float64Array.of(50, 1250), values: Float32Array.of(3.3, 1) },
      };
      await peer.request('update', { generation: 1, series, isComplete: true });
      await section.getByText('R-hat 1.00: the shown chains have met.').waitFor();
      assert.equal(await section.getByText('all is well').isVisible(), true);
      await page.getByRole('slider', { name: 'Step' }).press('Home');
      await section.getByText('R-hat 3.3: the chains have not met.').waitFor();
      await section.getByText('More preview.chainSteps (now 60).').waitFor();
      await section.getByText('1 of 1 outside their healthy range').waitFor();
      await drawn();
    });
  });
});

describe('rows of bits', () => {
  const axes = ['a', 'b', 'c'];
  const layout = {
    dimensions: 3,
    axes,
    bounds: axes.map(() => [-0.5, 1.5] as const),
    resolution: 0,
  };
  const data = Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1);
  const samples = Float32Array.of(1, 1, 0, 1, 1, 0, 0, 0, 0);
  const preview: PreviewFrame = {
    step: 1250,
    samples,
    count: 3,
    energies: { samples: Float32Array.of(1, 1, 2), data: Float32Array.of(0, 0, 1, 3) },
    logPartition: Math.log(4),
  };
  const snapshot = fakeSnapshot({
    manifest: fakeManifest({ preview: layout }),
    data: { values: data, count: 4 },
    preview,
  });

  test('are counted in a table to sort, with the probability of the model', async () => {
    await withPanel({ width: 1600 }, snapshot, async ({ page, drawn }) => {
      const table = page.getByTestId('patterns');
      const first = async () => {
        await drawn();
        return await table.locator('tbody tr:first-child > *').allTextContents();
      };
      assert.deepEqual(await first(), ['001', '2 (50.0 %)', '0 (0.0 %)', '0', '25.00 %']);
      await table.getByRole('button', { name: 'Samples' }).click();
      const most = `${((100 * Math.exp(-1)) / 4).toPrecision(4)} %`;
      assert.deepEqual(await first(), ['110', '1 (25.0 %)', '2 (66.7 %)', '1.000', most]);
      await table.getByRole('button', { name: 'Pattern' }).press('Enter');
      assert.deepEqual((await first()).slice(0, 3), ['000', '0 (0.0 %)', '1 (33.3 %)']);
      assert.equal(
        await page.getByTestId('patterns-note').textContent(),
        '3 patterns in the data, 2 in the samples, 1 in both.',
      );
    });
  });

  test('have no column of what is not known, and points of real numbers no table', async () => {
    const { energies: _, logPartition: __, ...less } = preview;
    await withPanel({ width: 1600 }, { ...snapshot, preview: less }, async ({ page }) => {
      const heads = page.getByTestId('patterns').locator('thead th:visible');
      assert.deepEqual(await heads.allTextContents(), ['Pattern', 'Data', 'Samples']);
      await page.getByTestId('patterns').waitFor();
    });
    await withPanel({ width: 1600 }, fakeSnapshot(), async ({ page }) => {
      assert.equal(await page.getByTestId('patterns').isVisible(), false);
    });
  });
});
