/** The landscape in the panel's page, in a real Chromium: arrows, colours and chains are where they were computed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatValue } from '../../webview/store/number-format';
import { bowlEnergy, bowlPreview, bowlSnapshot, bowlWindow } from '../fixtures/fake-landscapes';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();
const wide = { width: 1600, height: 1000 } as const;

const layer = ({ page }: Panel, name: string) =>
  page.getByRole('group', { name: 'Shown layers' }).getByRole('button', { name, exact: true });

/** How opaque the pixels of a canvas are, and where the plot is within it. */
async function inkOf({ page }: Panel, testId: string) {
  const found = await page.evaluate<{ width: number; ink: string; box: number[] }>(`(() => {
    const canvas = document.querySelector('[data-testid="${testId}"]');
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const { style } = document.querySelector('[data-testid="plane"] .plot-picture');
    let ink = '';
    for (let at = 3; at < data.length; at += 4) ink += String.fromCharCode(data[at]);
    return {
      width,
      ink: btoa(ink),
      box: [style.left, style.top, style.width, style.height].map((side) => Number.parseFloat(side)),
    };
  })()`);
  return { width: found.width, alpha: Buffer.from(found.ink, 'base64'), box: found.box };
}

/** Where a place of the model is on the canvas. */
function toPixel([left, top, width, height]: readonly number[], x: number, y: number) {
  const [[xLow, xHigh], [yLow, yHigh]] = bowlWindow;
  return [
    left! + ((x - xLow) / (xHigh - xLow)) * width!,
    top! + (1 - (y - yLow) / (yHigh - yLow)) * height!,
  ] as const;
}

for (const withoutWebGl of [false, true]) {
  describe(`the landscape ${withoutWebGl ? 'without' : 'with'} WebGL`, () => {
    test('has arrows that point downhill everywhere, the longer the steeper', async () => {
      await withPanel({ ...wide, withoutWebGl }, bowlSnapshot(), async (panel) => {
        await layer(panel, 'Score').click();
        await panel.drawn();
        const { width, alpha, box } = await inkOf(panel, 'plane-overlay');
        const [left, top, boxWidth, boxHeight] = box as [number, number, number, number];
        const [columns, rows] = [Math.round(boxWidth / 30), Math.round(boxHeight / 30)];
        let checked = 0;
        for (let row = 1; row < rows - 1; row++) {
          for (let column = 1; column < columns - 1; column++) {
            const [u, v] = [(column + 0.5) / columns, (row + 0.5) / rows];
            const [x, y] = [8 * (u - 0.5), 6 * (v - 0.5)];
            const score = [-x, -2 * y] as const;
            // Short ones have a head of a pixel or two.
            const size = Math.hypot(...score);
            if (size < 2) continue;
            const [atX, atY] = [left + u * boxWidth, top + (1 - v) * boxHeight];
            // The head has more ink than the tail: the centre of it all lies ahead of the middle.
            let [sum, ahead, across] = [0, 0, 0];
            const [alongX, alongY] = [score[0] / size, -score[1] / size];
            for (let py = Math.ceil(atY - 14); py <= atY + 14; py++) {
              for (let px = Math.ceil(atX - 14); px <= atX + 14; px++) {
                const ink = alpha[py * width + px]!;
                const [dx, dy] = [px + 0.5 - atX, py + 0.5 - atY];
                sum += ink;
                ahead += ink * (dx * alongX + dy * alongY);
                across += ink * (dx * alongY - dy * alongX);
              }
            }
            assert.ok(sum > 0, `no arrow at ${x}, ${y}`);
            assert.ok(ahead / sum > 0.25, `at ${x}, ${y}: ${ahead / sum} ahead`);
            assert.ok(Math.abs(across / sum) < 0.9, `at ${x}, ${y}: ${across / sum} across`);
            checked += 1;
          }
        }
        assert.ok(checked > 100, String(checked));
        await panel.page.getByText(/longest arrows: scores of [\d.]+ and more/).waitFor();
      });
    });

    test('has the ways of chains where they passed, and tells what was refused', async () => {
      const options = { ...wide, withoutWebGl, reducedMotion: true };
      await withPanel(options, bowlSnapshot(), async (panel) => {
        await layer(panel, 'Chains').click();
        await panel.drawn();
        assert.equal(await panel.page.getByTestId('chains').getAttribute('data-state'), 'still');
        const { width, alpha, box } = await inkOf(panel, 'chains');
        const inkAt = (x: number, y: number) => {
          const [atX, atY] = toPixel(box, x, y);
          return alpha[Math.floor(atY) * width + Math.floor(atX)]!;
        };
        // On the straight ways from stop to stop, and nowhere else.
        const ways: readonly (readonly [number, number])[] = [
          ...[-3, -2.7, -2.2, -2].map((x) => [x, 1 + (x + 2) * -1] as const),
          ...[-1.5, -0.5, -0.2].map((x) => [x, -0.5 * x] as const),
          ...[2.5, 2, 1.2].map((x) => [x, -1 - 0.5 * (x - 1)] as const),
        ];
        for (const [x, y] of ways) assert.ok(inkAt(x, y) > 200, `nothing at ${x}, ${y}`);
        for (const [x, y] of [
          [0, 1],
          [-3, -2],
          [2, 0],
        ] as const) {
          assert.equal(inkAt(x, y), 0);
        }
        const note = panel.page.locator('.landscape > .landscape-note');
        const words = await note.textContent();
        assert.match(words ?? '', /refused, 2 of the 6 moves that were followed one by one\./);
        await layer(panel, 'Chains').click();
        await panel.drawn();
        const { alpha: none } = await inkOf(panel, 'chains');
        assert.ok(none.every((opacity) => opacity === 0));
      });
    });
  });
}

describe('the landscape', () => {
  test('lets chains run from where they began, once', async () => {
    await withPanel(wide, bowlSnapshot(), async (panel) => {
      await layer(panel, 'Chains').click();
      const chains = panel.page.getByTestId('chains');
      const running = '[data-testid="chains"][data-state="running"]';
      await panel.page.locator(running).waitFor();
      await panel.page.locator('[data-testid="chains"][data-state="still"]').waitFor();
      // Another preview's begin anew.
      await panel.peer.request('update', { generation: 1, preview: bowlPreview(1300, 64) });
      await panel.page.locator(running).waitFor();
      assert.equal(await chains.count(), 1);
    });
  });

  test('tells place, energy and score under the pointer, and by keys', async () => {
    await withPanel(wide, bowlSnapshot(), async ({ page, drawn }) => {
      await page.getByTestId('plane').focus();
      for (let k = 0; k < 3; k++) await page.keyboard.press('Shift+ArrowRight');
      await page.keyboard.press('Shift+ArrowUp');
      await drawn();
      const words = (await page.getByTestId('readout').textContent()) ?? '';
      const number = '(\\S+)(?: ± (\\S+))?';
      const pattern = `^x1 (\\S+) {3}x2 (\\S+) {3}E (\\S+) {3}score \\(${number}, ${number}\\)$`;
      const found = new RegExp(pattern).exec(words.replaceAll('\u2212', '-'));
      assert.ok(found, words);
      const [x, y, energy, scoreX, xError = 0, scoreY, yError = 0] = found.slice(1).map(Number);
      assert.ok(Math.abs(x! - 2.4) < 1e-3 && Math.abs(y! - 0.6) < 1e-3, words);
      // Interpolation between cells of an eighth adds up to an eighth of its square times the curvature.
      assert.ok(Math.abs(energy! - bowlEnergy(2.4, 0.6)) < 0.01, words);
      // What is told has as many digits as the error has; half of the last one is lost.
      assert.ok(Math.abs(scoreX! + 2.4) <= xError! + 1e-3, words);
      assert.ok(Math.abs(scoreY! + 1.2) <= yError! + 1e-3, words);
    });
  });

  test('keeps its colours over steps on request, and after a reload', async () => {
    const deeper = bowlPreview(1300, 64, 4);
    const rangeOf = async ({ page }: Panel) => {
      const label = await page.getByTestId('plane').getAttribute('aria-label');
      return /energies from (\S+) to (\S+?)[.,]? *$/.exec(label!.replace(/\.$/, ''))!.slice(1, 3);
    };
    let kept: unknown;
    await withPanel(wide, bowlSnapshot(), async (panel) => {
      const first = await rangeOf(panel);
      await panel.page.getByRole('checkbox', { name: 'Fixed colours' }).press('Space');
      await panel.peer.request('update', { generation: 1, preview: deeper });
      await panel.drawn();
      assert.deepEqual(await rangeOf(panel), first);
      kept = await panel.storedState();
      const { energyRange } = kept as { energyRange: { low: number; high: number } };
      assert.deepEqual([energyRange.low, energyRange.high].map(formatValue), first);
      await panel.page.getByRole('checkbox', { name: 'Fixed colours' }).press('Space');
      await panel.drawn();
      const [, high] = await rangeOf(panel);
      assert.ok(Number(high) > 3 * Number(first[1]), high);
    });
    const snapshot = { ...bowlSnapshot(), preview: deeper };
    await withPanel({ ...wide, storedState: kept as object }, snapshot, async (panel) => {
      const { energyRange } = kept as { energyRange: { low: number; high: number } };
      const both = [energyRange.low, energyRange.high].map(formatValue);
      assert.deepEqual(await rangeOf(panel), both);
      assert.deepEqual(await panel.storedState(), kept);
    });
  });
});
