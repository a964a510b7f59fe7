/**
 * The panel's page with a fine landscape and many points, in Chromium: what its script takes to draw it
 * anew, with contours, arrows and chains, with WebGL and without. What the browser does with the picture
 * comes on top.
 */
import { bowlField, bowlPaths, bowlSnapshot } from '../test/fixtures/fake-landscapes';
import { normals } from '../test/fixtures/fake-tables';
import { launchChromium, openPanel } from '../test/fixtures/panel-harness';
import { longestFrame, noteFrames } from './frame-times';
import { type Line, measure, report } from './table';

const rounds = 9;
const [points, resolution] = [100_000, 256];

const browser = await launchChromium();
const rows: Line[] = [];
try {
  for (const withoutWebGl of [false, true]) {
    const panel = await openPanel(browser, { width: 1600, height: 1000, withoutWebGl });
    const { page, peer } = panel;
    await panel.ready;
    const snapshot = bowlSnapshot(resolution);
    const count = points / 2;
    const data = { values: normals(2 * count, 3), count };
    await peer.request('snapshot', { ...snapshot, data });
    const legend = page.getByRole('group', { name: 'Shown layers' });
    await legend.getByRole('button', { name: 'Score', exact: true }).click();
    await panel.drawn();
    await page.evaluate(noteFrames);
    const update = (round: number) =>
      peer.request('update', {
        generation: 1,
        preview: {
          step: 1251 + round,
          samples: normals(2 * count, round),
          count,
          field: bowlField(resolution, 1 + 0.05 * round),
          paths: bowlPaths,
        },
      });
    const toggle = () => legend.getByRole('button', { name: 'Contours', exact: true }).click();
    const doings: Readonly<Record<string, (round: number) => Promise<unknown>>> = {
      'another preview': update,
      'the same one, a layer more or less': toggle,
    };
    for (const [name, act] of Object.entries(doings)) {
      const taken: number[] = [];
      // The first rounds compile.
      for (let round = -1; round <= rounds; round++) {
        const time = await longestFrame(panel, () => act(round + 2));
        if (round > 0) taken.push(time);
      }
      const where = withoutWebGl ? 'without WebGL' : 'with WebGL';
      const line = `${name}, ${where}`;
      rows.push({
        name: line,
        measures: [measure('ms', taken), measure('ms', Math.max(...taken))],
      });
    }
    await panel.close();
  }
} finally {
  await browser.close();
}
report([
  {
    title: `A field of ${resolution} × ${resolution} with contours and arrows under ${points} points, script of a frame`,
    head: ['drawn is', 'median', 'longest'],
    rows,
    remarks: [`A window of 1600 × 1000; ${rounds} rounds. WebGL is computed by the processor.`],
  },
]);
