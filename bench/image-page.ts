/**
 * The panel's page with a large sheet of images, in Chromium: what its script takes to draw, sort, enlarge
 * and look closely, frame by frame. What the browser does with the picture comes on top.
 */
import { fakeImageSnapshot } from '../test/fixtures/fake-images';
import { launchChromium, openPanel } from '../test/fixtures/panel-harness';
import { longestFrame, noteFrames } from './frame-times';
import { type Line, measure, report } from './table';

const rounds = 7;
const [count, side] = [4096, 28];

const browser = await launchChromium();
const panel = await openPanel(browser, { width: 1600, height: 1000 });
const { page, peer } = panel;
const rows: Line[] = [];
try {
  await panel.ready;
  const snapshot = fakeImageSnapshot({ count, rows: 1337, side });
  await peer.request('snapshot', snapshot);
  await panel.drawn();
  await page.evaluate(noteFrames);
  const orders = ['Lowest energy first', 'By class, a row each', 'Oldest chain first'];
  const sort = async (round: number) => {
    await page.locator('vscode-dropdown[aria-label="Sorted"]').click();
    const name = orders[round % orders.length]!;
    await page.getByRole('option', { name, exact: true }).click();
  };
  const samples = page.getByTestId('images-samples');
  const doings: Readonly<Record<string, (round: number) => Promise<unknown>>> = {
    'drawn anew, at a comfortable size': (round) =>
      peer.request('update', {
        generation: 1,
        preview: { ...snapshot.preview!, step: 1251 + round },
      }),
    'drawn at one pixel a pixel': async (round) => {
      if (round === 0) for (const _ of [1, 2]) await samples.press('-');
      await peer.request('update', {
        generation: 1,
        preview: { ...snapshot.preview!, step: 1300 + round },
      });
    },
    'sorted otherwise': sort,
    'looked at closely, with the nearest of 1,337 rows': async (round) => {
      await samples.press(round % 2 === 0 ? 'End' : 'Home');
      await samples.press('Enter');
    },
  };
  for (const [name, act] of Object.entries(doings)) {
    const taken: number[] = [];
    // The first round compiles.
    for (let round = 0; round <= rounds; round++) {
      const time = await longestFrame(panel, () => act(round));
      if (round > 0) taken.push(time);
    }
    rows.push({ name, measures: [measure('ms', taken), measure('ms', Math.max(...taken))] });
  }
} finally {
  await panel.close();
  await browser.close();
}
report([
  {
    title: `A sheet of ${count} samples of ${side} × ${side} beside its data, script of a frame`,
    head: ['the sheet is', 'median', 'longest'],
    rows,
    remarks: [`A window of 1600 × 1000; ${rounds} rounds.`],
  },
]);
