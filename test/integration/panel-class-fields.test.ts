/** The energies of each class and the boundary between classes, in a real Chromium. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { classShares } from '../../webview/store/class-fields';
import {
  bowlPreview,
  bowlSnapshot,
  bowlWindow,
  classEnergies,
  classFieldSnapshot,
  classNames,
} from '../fixtures/fake-landscapes';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();
const wide = { width: 1600, height: 1000 } as const;

const layer = ({ page }: Panel, name: string) =>
  page.getByRole('group', { name: 'Shown layers' }).getByRole('button', { name, exact: true });

async function choose({ page, drawn }: Panel, name: string) {
  await page.locator('vscode-dropdown[aria-label="Energies of"]').click();
  await page.getByRole('option', { name, exact: true }).click();
  await drawn();
}

const readout = async ({ page }: Panel) =>
  ((await page.getByTestId('readout').textContent()) ?? '').replaceAll('\u2212', '-');

/** Red, green, blue and opacity of a canvas, by places of the model. */
async function regionsOf({ page }: Panel) {
  const { width, height, bytes } = await page.evaluate<{
    width: number;
    height: number;
    bytes: string;
  }>(`(() => {
    const { width, height } = document.querySelector('[data-testid="class-regions"]');
    const context = document.querySelector('[data-testid="class-regions"]').getContext('2d');
    const { data } = context.getImageData(0, 0, width, height);
    let bytes = '';
    for (const byte of data) bytes += String.fromCharCode(byte);
    return { width, height, bytes: btoa(bytes) };
  })()`);
  const data = Buffer.from(bytes, 'base64');
  const [[left, right], [low, high]] = bowlWindow;
  return (x: number, y: number) => {
    const column = Math.floor(((x - left) / (right - left)) * width);
    const row = Math.floor((1 - (y - low) / (high - low)) * height);
    return [...data.subarray(4 * (row * width + column)).subarray(0, 4)] as number[];
  };
}

/** The colours that the legend of classes has. */
async function legendColors({ page }: Panel) {
  const swatches = page.getByRole('list', { name: 'Classes' }).locator('.swatch-class');
  const colors = await swatches.evaluateAll((all) =>
    all.map((swatch) => (swatch as unknown as { style: { background: string } }).style.background),
  );
  return colors.map((color) => (color.match(/\d+/g) ?? []).slice(0, 3).map(Number));
}

for (const withoutWebGl of [false, true]) {
  describe(`a landscape of classes ${withoutWebGl ? 'without' : 'with'} WebGL`, () => {
    test('is tinted by the share of each class, with a line where two are equally likely', async () => {
      const options = { ...wide, withoutWebGl };
      await withPanel(options, classFieldSnapshot(), async (panel) => {
        for (const name of ['Data', 'Samples']) await layer(panel, name).click();
        await choose(panel, 'Decision regions');
        // Contours of the energy of all classes lie over the tint.
        assert.match(await readout(panel), /contours every/);
        const picture = panel.page.locator('[data-testid="plane"] .plot-picture');
        const withContours = await panel.pixels(picture);
        await layer(panel, 'Contours').click();
        await panel.drawn();
        const without = await panel.pixels(picture);
        const changed = withContours.data.filter(
          (byte, k) => Math.abs(byte - without.data[k]!) > 20,
        );
        assert.ok(changed.length > 3000, String(changed.length));
        const colors = await legendColors(panel);
        assert.equal(colors.length, 3);
        const at = await regionsOf(panel);
        let checked = 0;
        for (let k = 0; k < 400; k++) {
          const x = -3.8 + 7.6 * (((k % 20) + 0.5) / 20);
          const y = -2.8 + 5.6 * ((Math.floor(k / 20) + 0.5) / 20);
          const shares = classShares(classEnergies(x, y));
          const [first, second] = [...shares].sort((a, b) => b - a) as [number, number];
          // Away from the line, whose pixels have a colour of their own.
          if (Math.log(first / second) < 0.5) continue;
          const pixel = at(x, y);
          assert.ok(Math.abs(pixel[3]! - 255 * 0.4) <= 2, `${x}, ${y}: ${pixel}`);
          // A tint of less than half leaves bytes that are known to one or two; shares move by up to 0.04
          // within the sixth of a unit that a cell is wide.
          for (const channel of [0, 1, 2] as const) {
            const mixed = shares.reduce((sum, share, c) => sum + share * colors[c]![channel]!, 0);
            const off = Math.abs(pixel[channel]! - mixed);
            assert.ok(off <= 14, `${x}, ${y}: ${pixel}, channel ${channel} ${mixed}`);
          }
          checked += 1;
        }
        assert.ok(checked > 250, String(checked));
        // The bisectors: x = 0 above where all three meet, and from there 2 x ± 3 y = ±1.5 and so on.
        const meet = [0, classMeet] as const;
        const onLine = [1, 0.5].map((along) => [meet[0], meet[1] + along] as const);
        const slanted = [-1, 1].flatMap((side) =>
          [0.9, 1.8].map((along) => [side * along, meet[1] - (2 / 3) * along] as const),
        );
        for (const [x, y] of [...onLine, ...slanted]) {
          assert.ok(at(x, y)[3]! > 240, `no line at ${x}, ${y}: ${at(x, y)}`);
        }
        // None goes on beyond where they meet.
        for (const [x, y] of [
          [0, meet[1] - 0.6],
          [0.9, meet[1] + 0.6],
        ] as const) {
          assert.ok(at(x, y)[3]! < 110, `a line at ${x}, ${y}`);
        }
      });
    });

    test('shows the energies of one class in its colours', async () => {
      const options = { ...wide, withoutWebGl };
      await withPanel(options, classFieldSnapshot(), async (panel) => {
        for (const name of ['Contours', 'Data', 'Samples']) await layer(panel, name).click();
        await choose(panel, 'Chinstrap');
        const picture = await panel.pixels(
          panel.page.locator('[data-testid="plane"] .plot-picture'),
        );
        const brightness = (x: number, y: number) => {
          const column = Math.floor(((x + 4) / 8) * picture.width);
          const row = Math.floor((1 - (y + 3) / 6) * picture.height);
          const [red, green, blue] = picture.data.subarray(4 * (row * picture.width + column));
          return red! + green! + blue!;
        };
        // The bowl of this class alone: the brightest in its centre, the same all around it, dark where the
        // others are.
        assert.ok(brightness(2, 1) > brightness(0, 1) + 60);
        assert.ok(brightness(0, 1) > brightness(-2, 1) + 60);
        assert.ok(Math.abs(brightness(2, -0.5) - brightness(2, 2.5)) < 12);
        assert.ok(Math.abs(brightness(0.5, 1) - brightness(2, 2.5)) < 12);
        const label = await panel.page.getByTestId('plane').getAttribute('aria-label');
        assert.match(label ?? '', /energies of class Chinstrap from/);
      });
    });
  });
}

/** Where the three bisectors of the fixture meet, on x = 0: as far from (±2, 1) as from (0, -2). */
const classMeet = 1 / 6;

describe('a landscape of classes', () => {
  test('tells which class is how likely under the crosshair, and that one class has other energies', async () => {
    await withPanel(wide, classFieldSnapshot(), async (panel) => {
      await choose(panel, 'Decision regions');
      await panel.page.getByTestId('plane').focus();
      // To x = 0.4, y = 0.6.
      for (let k = 0; k < 5; k++) await panel.page.keyboard.press('ArrowRight');
      await panel.page.keyboard.press('Shift+ArrowUp');
      await panel.drawn();
      const energies = classEnergies(0.4, 0.6);
      const shares = classShares(energies);
      const told = (await readout(panel)).split('p(class | x) ')[1] ?? '';
      const found = [...told.matchAll(/(\w+) (\d+)(?: ± (\d+))? %/g)];
      assert.deepEqual(
        found.map(([, name]) => name),
        ['Chinstrap', 'Adelie', 'Gentoo'],
      );
      for (const [, name, percents, error = '1'] of found) {
        const exact = 100 * shares[classNames.indexOf(name!)]!;
        assert.ok(Math.abs(Number(percents) - exact) <= Number(error), told);
      }
      const energyOf = async () => Number(/E (\S+)/.exec(await readout(panel))?.[1]);
      const joint = -Math.log(energies.reduce((sum, each) => sum + Math.exp(-each), 0));
      // Between cells an eighth of their squares is added, at most.
      assert.ok(Math.abs((await energyOf()) - joint) < 0.02, await readout(panel));
      await choose(panel, 'Gentoo');
      await panel.page.getByTestId('plane').focus();
      for (let k = 0; k < 5; k++) await panel.page.keyboard.press('ArrowRight');
      await panel.page.keyboard.press('Shift+ArrowUp');
      await panel.drawn();
      assert.ok(Math.abs((await energyOf()) - energies[2]!) < 0.02, await readout(panel));
    });
  });

  test('goes back to all classes at a preview that has none, and forgets the choice with its run', async () => {
    await withPanel(wide, classFieldSnapshot(), async (panel) => {
      const { page, peer, drawn } = panel;
      await choose(panel, 'Decision regions');
      assert.equal(await layer(panel, 'Class regions').count(), 1);
      await peer.request('update', { generation: 1, preview: bowlPreview(1300, 64) });
      await drawn();
      assert.equal(await page.locator('.field-choice').isVisible(), false);
      assert.equal(await page.getByTestId('class-regions').isVisible(), false);
      assert.equal(await layer(panel, 'Energy field').count(), 1);
      await peer.request('snapshot', { ...bowlSnapshot(), generation: 2, runDirectory: '/other' });
      await peer.request('snapshot', { ...classFieldSnapshot(), generation: 3 });
      await drawn();
      assert.equal(await page.getByTestId('class-regions').isVisible(), false);
      assert.equal(await page.locator('.field-choice').isVisible(), true);
    });
  });
});
