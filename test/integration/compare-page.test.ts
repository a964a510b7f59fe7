/** The built page that compares runs, in a real Chromium, driven through the real protocol. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import type {
  CompareAction,
  ComparedRun,
  CompareHostSide,
  ComparePageSide,
  RunCurves,
} from '../../protocol/compare';
import { Peer } from '../../protocol/peer';
import { accessibilityFaults } from '../fixtures/accessibility';
import { fakeLayout, fakeManifest, fakePreview } from '../fixtures/fake-run';
import { type HostedPage, launchChromium, openPage } from '../fixtures/panel-harness';
import { type VsCodeThemeName, vsCodeThemes } from '../fixtures/vscode-themes';

let browser: Browser;

before(async () => {
  browser = await launchChromium();
});

after(async () => {
  await browser.close();
});

const steps = Float64Array.from({ length: 101 }, (_, k) => 10 * k);

/** Run `k` of four: two learning rates with two seeds each; its loss ends at `k`. */
function compared(k: number, change: Partial<ComparedRun> = {}): ComparedRun {
  return {
    directory: `/work/.ebm/runs/${k}`,
    name: `moons ${k}`,
    status: 'finished',
    hasDiverged: false,
    step: 1000,
    steps: 1000,
    seconds: 60 + k,
    createdAt: `2026-02-03T04:0${k}:00.000Z`,
    parameters: {
      'optimizer.learningRate': k < 2 ? 0.001 : 0.01,
      'objective.steps': 20,
      seed: k,
    },
    source: k < 3 ? 'aa' : 'bb',
    changed: k === 3 ? ['optimizer.learningRate'] : [],
    byHand:
      k === 3
        ? [
            {
              at: '2026-02-03T05:00:00.000Z',
              step: 1200,
              option: 'objective.stepSize',
              from: 0.1,
              to: 0.05,
            },
          ]
        : [],
    ...(k < 3 ? { git: { commit: '0123456789abcdef', dirty: true } } : {}),
    metrics: fakeManifest().metrics,
    isStarred: false,
    tags: k === 2 ? ['best'] : [],
    previewSteps: k === 3 ? [500, 1000] : [250, 1000],
    preview: fakeLayout,
    ...change,
  };
}

function curvesOf(k: number): RunCurves {
  const values = Float32Array.from(steps, (step) => k + 4 * Math.exp(-step / 200));
  return {
    directory: `/work/.ebm/runs/${k}`,
    series: { loss: { steps, values } },
    thinned: [],
    ends: {
      loss: {
        last: { step: 1000, value: k },
        lowest: { step: 900 + k, value: k - 0.125 },
        highest: { step: 0, value: k + 4 },
      },
    },
  };
}

interface Compare extends HostedPage {
  readonly peer: Peer<CompareHostSide, ComparePageSide>;
  readonly acts: { readonly action: CompareAction; readonly directories: readonly string[] }[];
  readonly asked: { readonly directory: string; readonly step: number }[];
}

async function withCompare(
  options: Parameters<typeof openPage>[2],
  check: (compare: Compare) => Promise<void>,
  runs: readonly ComparedRun[] = [0, 1, 2, 3].map((k) => compared(k)),
): Promise<void> {
  const hosted = await openPage(browser, 'compare', options);
  const peer = new Peer<CompareHostSide, ComparePageSide>(...hosted.transport);
  const acts: Compare['acts'] = [];
  const asked: Compare['asked'] = [];
  const errors: string[] = [];
  peer.handle('act', (act) => {
    acts.push(act);
    return null;
  });
  peer.handle('preview', (wanted) => {
    asked.push(wanted);
    // No two runs have the same samples.
    const run = Number(wanted.directory.split('/').at(-1));
    return { ...fakePreview(wanted.step + run, 200), step: wanted.step };
  });
  // Run k takes k + 1 seconds for ten steps.
  peer.handle('clock', ({ directory }) => {
    const pace = (1 + Number(directory.split('/').at(-1))) / 10;
    return { steps: Float64Array.of(0, 1000), seconds: Float64Array.of(0, 1000 * pace) };
  });
  peer.on('pageError', ({ message }) => errors.push(message));
  const ready = new Promise<void>((resolve) => {
    peer.on('ready', () => resolve());
  });
  try {
    await hosted.open();
    await ready;
    const directories = runs.map(({ directory }) => directory);
    await peer.request('snapshot', { generation: 1, title: 'rates', directories, runs });
    const curves = runs.map(({ directory }, k) => ({ ...curvesOf(k), directory }));
    await peer.request('update', { generation: 1, curves, isComplete: true });
    await hosted.drawn();
    await check({ ...hosted, peer, acts, asked });
    assert.deepEqual(errors, []);
    assert.deepEqual(hosted.policyViolations, []);
  } finally {
    peer.close();
    await hosted.close();
  }
}

const rowsOf = ({ page }: HostedPage) => page.getByTestId('compare-table').locator('tbody tr');
const namesOf = async (compare: HostedPage) =>
  await rowsOf(compare).locator('.run-link').allTextContents();
/** The text that is seen of an element. */
const textOf = async (element: Locator) => (await element.allInnerTexts()).join(' ');
const rowOf = (compare: HostedPage, name: string) =>
  rowsOf(compare).filter({ has: compare.page.getByText(name, { exact: true }) });

describe('the page that compares runs', () => {
  test('ranks them, and says in what they differ, how they ended and when they were best', async () => {
    await withCompare({}, async (compare) => {
      assert.deepEqual(await namesOf(compare), ['moons 0', 'moons 1', 'moons 2 #best', 'moons 3']);
      const words = (await textOf(rowOf(compare, 'moons 1'))).replaceAll(/\s+/g, ' ');
      assert.match(words, /finished 1\.000 0\.8750 901 0\.001 1 1,000\/1,000/);
      const heads = await compare.page.locator('thead th').allTextContents();
      assert.ok(heads.includes('optimizer.learningRate') && !heads.includes('objective.steps'));
      await compare.page.getByText('Only what differs').click();
      await compare.page.locator('thead').getByText('objective.steps').waitFor();
    });
  });

  test('sorts, filters and hides', async () => {
    await withCompare({}, async (compare) => {
      const { page } = compare;
      const header = page.getByRole('button', { name: 'Training time' });
      await header.click();
      await header.click();
      await compare.drawn();
      assert.deepEqual((await namesOf(compare))[0], 'moons 3');
      await page.getByRole('searchbox').fill('learningrate=0.01 best');
      await compare.drawn();
      assert.deepEqual(await namesOf(compare), ['moons 2 #best']);
      await page.getByRole('searchbox').fill('');
      await page.getByRole('checkbox', { name: 'Show moons 0' }).click();
      await compare.drawn();
      const label = await page.getByTestId('compare-chart').getAttribute('aria-label');
      assert.match(label ?? '', /of 3 runs/);
    });
  });

  test('picks in the table what is picked in the chart', async () => {
    await withCompare({ width: 1000 }, async (compare) => {
      const { page } = compare;
      const chart = page.getByTestId('compare-chart');
      const box = (await chart.boundingBox())!;
      // At the right end curve k is at height k of 0 to 7 with 6 % air.
      const at = (value: number) => box.y + 8 + (1 - (value + 0.42) / (7 + 0.84)) * 260;
      await page.mouse.move(box.x + box.width - 26, at(2.05));
      await page.getByTestId('compare-readout').filter({ hasText: 'moons 2' }).waitFor();
      await page.mouse.down();
      await page.mouse.up();
      await compare.drawn();
      const picked = rowsOf(compare).and(page.locator('[aria-selected="true"]'));
      assert.deepEqual(await picked.locator('.run-link').allTextContents(), ['moons 2 #best']);
    });
  });

  test('tells the differences to a baseline, of curves and of last values', async () => {
    await withCompare({}, async (compare) => {
      const { page } = compare;
      await page.getByRole('button', { name: 'Baseline: moons 1' }).click();
      await compare.drawn();
      const words = async (name: string) => await textOf(rowOf(compare, name));
      assert.match(await words('moons 3'), /\+2\.000/);
      assert.match(await words('moons 0'), /−1\.000/);
      await page.getByText('Difference to baseline').first().click();
      await compare.drawn();
      const chart = page.getByTestId('compare-chart');
      const box = (await chart.boundingBox())!;
      // Curves of one shape lie apart by whole numbers, all along.
      await page.mouse.move(box.x + box.width / 2, box.y + 8 + (1 - (3 + 0.18) / 3.36) * 260 + 8);
      await page
        .getByTestId('compare-readout')
        .filter({ hasText: /moons 3 .*2\.000$/ })
        .waitFor();
    });
  });

  test('shows means over seeds with what they came to', async () => {
    await withCompare({}, async (compare) => {
      const { page } = compare;
      await page.getByText('Mean over seeds').click();
      const rows = page.getByTestId('compare-groups').locator('tbody tr');
      await rows.first().waitFor();
      const words = (await rows.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
      // The deviation of 0 and 1, and of 2 and 3, is √½.
      assert.deepEqual(words, [
        'optimizer.learningRate=0.001 0.500 ± 0.707 2',
        'optimizer.learningRate=0.01 2.500 ± 0.707 2',
      ]);
      const label = await page.getByTestId('compare-chart').getAttribute('aria-label');
      assert.match(label ?? '', /of 2 means over seeds/);
      await page.getByRole('button', { name: 'optimizer.learningRate=0.01' }).click();
      await compare.drawn();
      const picked = rowsOf(compare).and(page.locator('[aria-selected="true"]'));
      assert.deepEqual(await picked.locator('.run-link').allTextContents(), [
        'moons 2 #best',
        'moons 3',
      ]);
    });
  });

  test('shows previews at one step, each run its newest up to it', async () => {
    await withCompare({}, async (compare) => {
      const { page, asked } = compare;
      const told = page.getByTestId('cell-step');
      await told.nth(3).filter({ hasText: 'step 1,000' }).waitFor();
      assert.equal(asked.length, 4);
      const scrubber = page.getByTestId('compare-scrubber');
      await scrubber.focus();
      await page.keyboard.press('ArrowLeft');
      await told.nth(3).filter({ hasText: 'step 500' }).waitFor();
      await told.first().filter({ hasText: 'step 250' }).waitFor();
      await page.keyboard.press('ArrowLeft');
      await page.getByText('No preview yet at this step.').last().waitFor();
    });
  });

  test('matches previews by time, and by the value that a metric came to', async () => {
    await withCompare({}, async ({ page, drawn }) => {
      const told = page.getByTestId('cell-step');
      const place = page.getByTestId('compare-step');
      const scrubber = page.getByTestId('compare-scrubber');
      await told.nth(3).filter({ hasText: 'step 1,000' }).waitFor();
      const choose = async (name: string, option: string) => {
        await page.getByRole('combobox', { name, exact: true }).click();
        await page.getByRole('option', { name: option, exact: true }).click();
      };
      await choose('Match previews', 'By time');
      // The slowest comes to its last preview after 400 s.
      await place.filter({ hasText: '6 min 40 s' }).waitFor();
      await scrubber.focus();
      await page.keyboard.press('Home');
      await place.filter({ hasText: '25 s' }).waitFor();
      await told.first().filter({ hasText: 'step 250' }).waitFor();
      await page.getByText('No preview yet at this time.').last().waitFor();
      await choose('Match previews', 'By value of');
      // Run 3 alone does not come beneath 3; run 0 was there long before its first preview.
      await place.filter({ hasText: /^3\.0/ }).waitFor();
      await told.nth(3).filter({ hasText: 'step 1,000' }).waitFor();
      await told.first().filter({ hasText: 'step 250' }).waitFor();
      await scrubber.focus();
      await page.keyboard.press('End');
      await drawn();
      assert.equal(await page.getByText('Did not come to this value.').count(), 4);
      await page.getByRole('button', { name: 'Reached by all' }).click();
      await place.filter({ hasText: /^3\.0/ }).waitFor();
    });
  });

  test('wipes between two pictures, by pointer and by keyboard', async () => {
    await withCompare({ height: 1400 }, async (compare) => {
      const { page, drawn, pixels } = compare;
      await page.getByText('Wipe', { exact: true }).click();
      const wipe = page.getByRole('slider', { name: 'Wipe between moons 0 and moons 1' });
      await wipe.focus();
      const at = async () => await wipe.getAttribute('aria-valuenow');
      await page.keyboard.press('Home');
      assert.equal(await at(), '0');
      const stage = page.getByTestId('wipe');
      await drawn();
      const right = await pixels(stage);
      await page.keyboard.press('End');
      await drawn();
      const left = await pixels(stage);
      await page.keyboard.press('Shift+ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      assert.equal(await at(), '89');
      const box = (await stage.boundingBox())!;
      await page.mouse.move(box.x + 0.2 * box.width, box.y + 50);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.5 * box.width, box.y + 60);
      await page.mouse.up();
      assert.equal(await at(), '50');
      await drawn();
      const half = await pixels(stage);
      // Away from the handle each half is that of its run.
      let [differing, wrong] = [0, 0];
      for (let k = 0; k < half.data.length; k += 4) {
        const x = ((k / 4) % half.width) / half.width;
        if (x < 0.03 || x > 0.97 || Math.abs(x - 0.5) < 0.03) continue;
        const [own, other] = x < 0.5 ? [left, right] : [right, left];
        const isAlike = (of: typeof own) =>
          [0, 1, 2].every((c) => half.data[k + c] === of.data[k + c]);
        if (!isAlike(other)) differing++;
        if (!isAlike(own)) wrong++;
      }
      assert.ok(differing > 500, `${differing} pixels differ.`);
      assert.equal(wrong, 0);
      await rowOf(compare, 'moons 1').locator('td').nth(1).click();
      await rowOf(compare, 'moons 3')
        .locator('td')
        .nth(1)
        .click({ modifiers: ['Control'] });
      await page.getByRole('slider', { name: 'Wipe between moons 1 and moons 3' }).waitFor();
    });
  });

  test('picks in the table what is picked among the previews', async () => {
    await withCompare({}, async (compare) => {
      await compare.page.getByRole('button', { name: 'moons 2', exact: true }).last().click();
      await compare.drawn();
      assert.equal(await rowOf(compare, 'moons 2 #best').getAttribute('aria-selected'), 'true');
    });
  });

  test('tells in which parameters two runs differ, and has their sources compared', async () => {
    await withCompare({}, async (compare) => {
      const { page, acts } = compare;
      await rowOf(compare, 'moons 0').locator('td').nth(1).click();
      await rowOf(compare, 'moons 3')
        .locator('td')
        .nth(1)
        .click({ modifiers: ['Control'] });
      await compare.drawn();
      const table = page.getByTestId('differences');
      const words = (await textOf(table)).replaceAll(/\s+/g, ' ');
      assert.match(
        words,
        /Parameter moons 0 moons 3 optimizer\.learningRate 0\.001 0\.01 changed seed 0 3 Changed while it trained nothing objective\.stepSize 0\.1000 → 0\.05000 after step 1,?200 Git commit 0123456789 with changes none/,
      );
      await page.getByRole('button', { name: 'Compare Source' }).click();
      await compare.drawn();
      const directories = ['/work/.ebm/runs/0', '/work/.ebm/runs/3'];
      assert.deepEqual(acts, [{ action: 'diffSource', directories }]);
    });
  });

  test('has the columns that are chosen, by keyboard too, and keeps them', async () => {
    await withCompare({}, async (compare) => {
      const { page, drawn } = compare;
      const heads = async () => await page.locator('thead th').allTextContents();
      await page.getByRole('button', { name: 'Columns' }).click();
      const menu = page.getByRole('dialog', { name: 'Columns of the table' });
      await page.keyboard.type('objective');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      await page.locator('thead').getByText('objective.steps').waitFor();
      await menu.getByRole('searchbox').fill('best energy of data');
      assert.equal(await menu.getByRole('checkbox').count(), 2);
      await menu.getByLabel('Best Energy of data at step').check();
      await menu.getByRole('searchbox').fill('training');
      await menu.getByLabel('Training time').uncheck();
      await drawn();
      assert.ok(!(await heads()).includes('Training time'));
      await page.keyboard.press('Escape');
      assert.ok(await menu.isHidden());
      const columns = {
        'parameter objective.steps': true,
        'best step of energy/data': true,
        seconds: false,
      };
      assert.deepEqual(
        ((await compare.storedState()) as Record<string, unknown>)['columns'],
        columns,
      );
      await page.getByRole('button', { name: 'Columns' }).click();
      await page.getByRole('button', { name: 'As usual' }).click();
      await drawn();
      assert.ok((await heads()).includes('Training time'));
      assert.ok(!(await heads()).includes('objective.steps'));
      // A press elsewhere closes it.
      await page.getByText('Only what differs').click();
      assert.ok(await menu.isHidden());
    });
    const storedState = { version: 1, columns: { seconds: false }, pinned: ['/work/.ebm/runs/2'] };
    await withCompare({ storedState }, async (compare) => {
      const heads = await compare.page.locator('thead th').allTextContents();
      assert.ok(heads.includes('Step') && !heads.includes('Training time'));
      assert.equal((await namesOf(compare))[0], 'moons 2 #best');
    });
  });

  test('pins runs above the others, and has them renamed', async () => {
    await withCompare({}, async (compare) => {
      const { page, acts, drawn } = compare;
      await page.getByRole('button', { name: 'Pin moons 3' }).click();
      await drawn();
      assert.deepEqual((await namesOf(compare)).slice(0, 2), ['moons 3', 'moons 0']);
      const kept = (await compare.storedState()) as Record<string, unknown>;
      assert.deepEqual(kept['pinned'], ['/work/.ebm/runs/3']);
      await page.getByRole('button', { name: 'Pin moons 3' }).click();
      await page.getByRole('button', { name: 'Rename moons 1' }).click();
      await rowOf(compare, 'moons 0').focus();
      await page.keyboard.press('F2');
      await drawn();
      assert.equal((await namesOf(compare))[0], 'moons 0');
      assert.deepEqual(acts, [
        { action: 'rename', directories: ['/work/.ebm/runs/1'] },
        { action: 'rename', directories: ['/work/.ebm/runs/0'] },
      ]);
    });
  });

  test('keeps in table, chart and previews what is brushed on parallel axes, by keyboard and pointer', async () => {
    await withCompare({ height: 1400 }, async (compare) => {
      const { page, drawn } = compare;
      const low = page.getByRole('slider', { name: 'Loss, least' });
      const high = page.getByRole('slider', { name: 'Loss, most' });
      assert.equal(await high.getAttribute('aria-valuetext'), '3.000');
      await high.focus();
      // Twenty presses are all of the axis, from 3 to 0: after seven runs 0 and 1 are left.
      for (let k = 0; k < 7; k++) await page.keyboard.press('ArrowDown');
      await drawn();
      assert.equal(await high.getAttribute('aria-valuetext'), '1.950');
      assert.deepEqual(await namesOf(compare), ['moons 0', 'moons 1']);
      assert.equal(await page.getByTestId('compare-count').textContent(), '2 of 4');
      assert.equal(await page.getByTestId('cell-step').count(), 2);
      const label = await page.getByTestId('compare-chart').getAttribute('aria-label');
      assert.match(label ?? '', /of 2 runs/);
      await low.focus();
      await page.keyboard.press('ArrowUp');
      await drawn();
      assert.deepEqual(await namesOf(compare), ['moons 1']);
      await page.keyboard.press('Escape');
      await drawn();
      assert.equal((await namesOf(compare)).length, 4);
      // Beside the first axis, of learning rates: from its middle to its upper end.
      const box = (await page.getByTestId('parallel').boundingBox())!;
      const x = box.x + 30;
      await page.mouse.move(x, box.y + 140);
      await page.mouse.down();
      await page.mouse.move(x, box.y + 80);
      await page.mouse.move(x, box.y + 20);
      await page.mouse.up();
      await drawn();
      assert.deepEqual(await namesOf(compare), ['moons 2 #best', 'moons 3']);
      await page.getByRole('button', { name: 'Clear brushes' }).click();
      await drawn();
      assert.equal((await namesOf(compare)).length, 4);
    });
  });

  test('picks in table and chart the run whose line is clicked', async () => {
    await withCompare({ height: 1400 }, async (compare) => {
      const { page, drawn } = compare;
      const stage = page.getByTestId('parallel');
      const box = (await stage.boundingBox())!;
      // Between the axes of seeds and of losses the lines of the four lie level, 3 uppermost.
      await page.mouse.move(box.x + 0.66 * box.width, box.y + 31);
      await page.getByTestId('parallel-readout').filter({ hasText: 'moons 3' }).waitFor();
      await page.mouse.down();
      await page.mouse.up();
      await drawn();
      assert.equal(await rowOf(compare, 'moons 3').getAttribute('aria-selected'), 'true');
      const words = await page.getByTestId('parallel-readout').textContent();
      assert.match(words ?? '', /optimizer\.learningRate 0\.01 {3}seed 3 {3}Loss 3\.000/);
    });
  });

  test('lays previews out by two parameters, the best of each combination, those in view alone', async () => {
    const rates = Array.from({ length: 48 }, (_, k) =>
      compared(k % 4, {
        directory: `/work/.ebm/runs/${k}`,
        name: `moons ${k}`,
        parameters: { rate: (k % 24) / 8, width: k < 24 ? 8 : 64, seed: 0 },
      }),
    );
    await withCompare(
      { height: 1000 },
      async (compare) => {
        const { page, asked, drawn } = compare;
        const grid = page.getByTestId('thumbnails');
        const first = grid.getByRole('button').first();
        await first.scrollIntoViewIfNeeded();
        await first.locator('canvas').waitFor();
        await drawn();
        const ofGrid = new Set(asked.map(({ directory }) => directory));
        assert.ok(ofGrid.size < 48, `${ofGrid.size} previews are asked for.`);
        assert.equal(await grid.locator('tbody tr').count(), 24);
        await grid.getByRole('button').last().scrollIntoViewIfNeeded();
        await grid.getByRole('button').last().locator('canvas').waitFor();
        await first.scrollIntoViewIfNeeded();
        await first.click();
        await drawn();
        assert.equal(await first.getAttribute('aria-pressed'), 'true');
        assert.equal(await rowOf(compare, 'moons 0').getAttribute('aria-selected'), 'true');
      },
      rates,
    );
    await withCompare({ height: 2400 }, async ({ page, drawn }) => {
      const grid = page.getByTestId('thumbnails');
      await grid.getByRole('button', { name: 'moons 3: Loss 3.000' }).waitFor();
      // Of two seeds no two runs share a cell: over the learning rate alone they do.
      assert.equal(await grid.getByRole('button').count(), 4);
      await page.getByRole('combobox', { name: 'Parameter across' }).click();
      await page.getByRole('option', { name: 'seed', exact: true }).last().click();
      await drawn();
      const heads = await grid.locator('thead th').allTextContents();
      assert.deepEqual(heads, ['optimizer.learningRate ↓  seed →', '0', '1', '2', '3']);
    });
  });

  test('opens and stars runs, and goes through its rows by keyboard', async () => {
    await withCompare({}, async (compare) => {
      const { page, acts } = compare;
      await page.getByRole('button', { name: 'Star moons 1' }).click();
      await rowsOf(compare).first().focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.keyboard.press('Space');
      await compare.drawn();
      assert.deepEqual(acts, [
        { action: 'star', directories: ['/work/.ebm/runs/1'] },
        { action: 'open', directories: ['/work/.ebm/runs/1'] },
      ]);
      assert.equal(await rowOf(compare, 'moons 1').getAttribute('aria-selected'), 'true');
    });
  });

  test('is copied as comma-separated values', async () => {
    await withCompare({}, async ({ page }) => {
      await page.getByRole('button', { name: 'Copy table as CSV' }).click();
      const lines = (await page.evaluate<string>('navigator.clipboard.readText()')).split('\n');
      assert.match(lines[0]!, /^run,name,status,last loss,best,best step,parameter optimizer/);
      assert.match(
        lines[1]!,
        /^\/work\/\.ebm\/runs\/0,moons 0,finished,0,-0\.125,900,0\.001,0,1000,60/,
      );
    });
  });

  test('ranks no run that diverged, and says what could not be read', async () => {
    const runs = [compared(0, { status: 'failed', hasDiverged: true }), compared(1)];
    await withCompare(
      {},
      async (compare) => {
        assert.deepEqual(await namesOf(compare), ['moons 1', 'moons 0']);
        const curves = [{ ...curvesOf(1), problem: 'The event file is torn.' }];
        await compare.peer.request('update', { generation: 1, curves });
        await compare.page.getByText('moons 1: The event file is torn.').waitFor();
      },
      runs,
    );
  });

  for (const theme of Object.keys(vsCodeThemes) as VsCodeThemeName[]) {
    test(`has no fault that axe finds in ${theme}`, async () => {
      await withCompare({ theme, width: 1600, height: 1000 }, async ({ page }) => {
        assert.deepEqual(await accessibilityFaults(page), []);
      });
    });
  }

  test('has no scroll bar across in any width', async () => {
    for (const width of [420, 690, 1000, 1600]) {
      await withCompare({ width }, async ({ page }) => {
        const overflow = await page.evaluate<number>(
          `Math.max(...[document.documentElement, document.querySelector('main')]
             .map((e) => e.scrollWidth - e.clientWidth))`,
        );
        assert.equal(overflow, 0, `at ${width} px`);
      });
    }
  });
});

test('of a thousand runs the rows in view are made, and the keyboard reaches all of them', async () => {
  const runs = Array.from({ length: 1000 }, (_, k) =>
    compared(k % 4, { directory: `/work/.ebm/runs/${k}`, name: `moons ${k}` }),
  );
  await withCompare(
    {},
    async (compare) => {
      const { page, drawn } = compare;
      await drawn();
      const count = async () => await rowsOf(compare).filter({ hasText: 'moons' }).count();
      assert.ok((await count()) < 80, `${await count()} rows are made.`);
      const grid = page.getByRole('grid', { name: 'Runs' });
      assert.equal(await grid.getAttribute('aria-rowcount'), '1001');
      const focused = async () =>
        await page.evaluate(
          "[document.activeElement.dataset.run, document.activeElement.getAttribute('aria-rowindex')]",
        );
      await rowsOf(compare).filter({ hasText: 'moons' }).first().focus();
      assert.deepEqual(await focused(), ['/work/.ebm/runs/0', '2']);
      await page.keyboard.press('End');
      assert.deepEqual(await focused(), ['/work/.ebm/runs/999', '1001']);
      await page.keyboard.press('ArrowUp');
      assert.deepEqual(await focused(), ['/work/.ebm/runs/998', '1000']);
      // What has the focus is seen, below the head and within the box.
      const box = (await page.getByTestId('compare-table').boundingBox())!;
      const row = (await page.locator('[data-run="/work/.ebm/runs/998"]').boundingBox())!;
      assert.ok(row.y >= box.y && row.y + row.height <= box.y + box.height + 1);
      await page.keyboard.press('Home');
      assert.deepEqual(await focused(), ['/work/.ebm/runs/0', '2']);
      for (let k = 0; k < 40; k++) await page.keyboard.press('ArrowDown');
      assert.deepEqual(await focused(), ['/work/.ebm/runs/40', '42']);
    },
    runs,
  );
});
