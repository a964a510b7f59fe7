/** The built page in a real Chromium, driven through the real protocol. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { decode } from 'fast-png';
import type { Locator } from 'playwright-core';
import { isSaved } from '../../extension/panel/saved-file';
import { robustRange } from '../../protocol/energy-range';
import type { PanelAction } from '../../protocol/panel';
import { ProblemError } from '../../protocol/problem';
import type { PreviewFrame } from '../../protocol/run';
import { viridis } from '../../protocol/viridis';
import { formatCount } from '../../vocabulary/quantities';
import { typescriptCode } from '../../webview/store/curve-code';
import { energyAt } from '../../webview/store/energy-range';
import { formatValue } from '../../webview/store/number-format';
import {
  fakeManifest,
  fakePreview,
  fakeResolution,
  fakeRunDirectory,
  fakeSeries,
  fakeSnapshot,
  fakeState,
} from '../fixtures/fake-run';
import type { Panel, PanelOptions, Pixels } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';
import { until } from '../support/condition';

const { withPage } = panelTests();

/** A run in full: the snapshot and the curves up to its step. */
async function show(panel: Panel, snapshot: Parameters<typeof fakeSnapshot>[0] = {}) {
  const shown = fakeSnapshot(snapshot);
  await panel.peer.request('snapshot', shown);
  const series = fakeSeries(0, 1250);
  const { generation } = shown;
  await panel.peer.request('update', { generation, series, isComplete: true });
  await panel.drawn();
}

/** The row of a curve in its table. */
const row = ({ page }: Panel, label: string) =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name: label, exact: true }) });

/** The text that is seen of an element. */
async function seen(element: Locator): Promise<string> {
  return (await element.allInnerTexts()).join('\n').trim();
}

const text = ({ page }: Panel, testId: string) => seen(page.getByTestId(testId));

/** Waits until the host has been asked for `expected`, and nothing else. */
async function assertActions(panel: Panel, expected: readonly PanelAction[]): Promise<void> {
  while (panel.actions.length < expected.length) await panel.drawn();
  assert.deepEqual(panel.actions, expected);
}

/** Red, green and blue of a pixel, 0 to 1. */
function colorAt({ width, data }: Pixels, x: number, y: number): number[] {
  const at = 4 * (Math.round(y) * width + Math.round(x));
  return [0, 1, 2].map((k) => data[at + k]! / 255);
}

const button = ({ page }: Panel, name: string) =>
  page.getByRole('toolbar').getByRole('button', { name, exact: true });

describe('the panel page shows', () => {
  test('a snapshot and its updates', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      assert.equal(
        await seen(panel.page.getByRole('heading', { level: 1 })),
        'two moons, persistent CD',
      );
      assert.equal(await text(panel, 'status'), 'Running');
      assert.equal(await text(panel, 'step'), '1,250');
      assert.equal(await text(panel, 'landscape-step'), 'step 1,250');
      const before = await seen(row(panel, 'Energy of data'));
      assert.match(before, /nats/);

      await panel.peer.request('update', {
        generation: 1,
        state: fakeState({ step: 1300, status: 'paused' }),
        series: {
          'energy/data': { steps: Float64Array.of(1300), values: Float32Array.of(-7.25) },
        },
        preview: fakePreview(1300, 500),
      });
      await panel.drawn();
      assert.equal(await text(panel, 'status'), 'Paused');
      assert.equal(await text(panel, 'step'), '1,300');
      assert.match(await seen(row(panel, 'Energy of data')), /−7\.250 nats/);
      assert.equal(await text(panel, 'landscape-step'), 'step 1,300');
      assert.match(await text(panel, 'readout'), /500 samples/);
    });
  });

  test('nothing of an update that belongs to an older snapshot', async () => {
    await withPage({}, async (panel) => {
      await show(panel, { generation: 2 });
      const before = await seen(row(panel, 'Loss'));
      await panel.peer.request('update', {
        generation: 1,
        state: fakeState({ step: 4000, status: 'finished' }),
        series: { loss: { steps: Float64Array.of(4000), values: Float32Array.of(77) } },
        preview: fakePreview(4000, 10),
      });
      await panel.drawn();
      assert.equal(await text(panel, 'status'), 'Running');
      assert.equal(await text(panel, 'step'), '1,250');
      assert.equal(await seen(row(panel, 'Loss')), before);
      assert.equal(await text(panel, 'landscape-step'), 'step 1,250');
    });
  });

  test('how far a run is that is still being started, and then the run', async () => {
    await withPage({}, async (panel) => {
      const texts = [
        'Launching moons.ebm.ts: choosing what computes …',
        'Launching moons.ebm.ts: …',
      ];
      for (const line of texts) {
        await panel.peer.request('starting', { text: line });
        await panel.page.getByText(line, { exact: true }).waitFor();
      }
      assert.equal(await panel.page.getByTestId('status').isVisible(), false);
      await show(panel);
      assert.equal(await text(panel, 'status'), 'Running');
      assert.equal(await panel.page.getByText('Launching').count(), 0);
    });
  });

  test('an honest nothing while a run starts', async () => {
    await withPage({}, async (panel) => {
      const { preview, ...manifest } = fakeManifest({ metrics: [] });
      await panel.peer.request('snapshot', {
        generation: 1,
        runDirectory: fakeRunDirectory,
        manifest,
        distinction: '',
        state: { status: 'starting', step: 0, steps: 5000, phase: 'loading the data' },
        isWatchedOnly: false,
        contact: 'heard',
        previewSteps: [],
      });
      await panel.drawn();
      assert.ok(preview);
      assert.equal(await text(panel, 'status'), 'Starting: loading the data');
      await panel.page.getByText('Curves appear with the first training step.').waitFor();
      await panel.page.getByText('The landscape appears with the first preview.').waitFor();
      assert.equal(await panel.page.getByTestId('plane').isVisible(), false);
    });
  });

  test('that another window controls the run, why buttons are disabled, and a way out', async () => {
    await withPage({}, async (panel) => {
      await show(panel, { isWatchedOnly: true });
      const bar = panel.page.getByTestId('watched-only');
      assert.match(await seen(bar), /Another window controls this run; this one only watches\./);
      for (const name of ['Pause', 'Stop']) {
        assert.equal(await button(panel, name).isEnabled(), false);
        await panel.page.getByTitle(`${name}: Another window controls this run`).waitFor();
      }
      await bar.getByRole('button', { name: 'Take Over' }).click();
      await panel.drawn();
      assert.deepEqual(panel.actions, ['takeOver']);
      await panel.peer.request('update', { generation: 1, isWatchedOnly: false });
      await panel.drawn();
      assert.equal(await bar.isVisible(), false);
      assert.equal(await button(panel, 'Stop').isEnabled(), true);
      await panel.page.getByTitle('Stop', { exact: true }).waitFor();
    });
  });

  test('what went wrong, where, and what can be done', async () => {
    await withPage({}, async (panel) => {
      await show(panel, {
        state: fakeState({
          status: 'failed',
          problem: {
            kind: 'training',
            message: 'The loss became NaN.',
            remedy: 'Lower optimizer.learningRate.',
            location: { file: '/work/moons/two-moons.ebm.ts', line: 12, column: 5 },
          },
        }),
      });
      const banner = panel.page.getByTestId('problem');
      const words = await seen(banner);
      assert.match(words, /The loss became NaN\./);
      assert.match(words, /two-moons\.ebm\.ts:12:5 · Lower optimizer\.learningRate\./);
      // What diverged does so again where nothing is changed.
      const actions = ['Rerun with Changes…', 'Resume', 'Show Log', 'Open Source'];
      const labels = (await banner.getByRole('button').all()).map(async (each) => {
        return await each.getAttribute('aria-label');
      });
      assert.deepEqual(await Promise.all(labels), actions);
      for (const name of actions) await banner.getByRole('button', { name }).click();
      await assertActions(panel, ['rerunWithChanges', 'resume', 'showLog', 'openSource']);
      // What was interrupted need only go on.
      const problem = { kind: 'worker', message: 'It was killed.' } as const;
      const state = fakeState({ status: 'crashed', problem });
      await panel.peer.request('update', { generation: 1, state });
      await panel.drawn();
      const rerun = banner.getByRole('button', { name: 'Rerun with Changes…' });
      assert.equal(await rerun.isVisible(), false);

      await panel.peer.request('update', { generation: 1, state: fakeState() });
      await panel.drawn();
      assert.equal(await banner.isVisible(), false);
    });
  });

  test('what warns of the experiment, as long as it does', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const warnings = panel.page.getByTestId('warnings');
      assert.equal(await warnings.isVisible(), false);
      const manifest = fakeManifest({ warnings: ["The loss ignores 'a'.", "It ignores 'b'."] });
      await show(panel, { generation: 2, manifest });
      assert.deepEqual(await warnings.getByRole('listitem').allTextContents(), manifest.warnings);
    });
  });

  test('that the curves of a run are being read, and only then that it has none', async () => {
    await withPage({}, async (panel) => {
      const state = fakeState({ status: 'finished', step: 5000 });
      await panel.peer.request('snapshot', fakeSnapshot({ state }));
      await panel.page.getByText('Loading the curves …', { exact: true }).waitFor();
      assert.equal(await panel.page.getByText('no values yet').count(), 0);
      await panel.peer.request('update', { generation: 1, isComplete: true });
      await panel.page.getByText('This run has recorded no values yet.', { exact: true }).waitFor();
    });
  });

  test('what tells the run from others of its name', async () => {
    await withPage({}, async (panel) => {
      await show(panel, { distinction: 'learningRate=0.01' });
      assert.equal(await text(panel, 'distinction'), 'learningRate=0.01');
      await show(panel, { generation: 2 });
      assert.equal(await panel.page.getByTestId('distinction').isVisible(), false);
    });
  });

  test('no scroll bar across, from a side panel to a wide screen', async () => {
    for (const width of [360, 420, 760, 1000, 1600]) {
      await withPage({ width }, async (panel) => {
        await show(panel);
        const overflow = await panel.page.evaluate<number>(
          `Math.max(...[document.documentElement, document.querySelector('main')]
             .map((e) => e.scrollWidth - e.clientWidth))`,
        );
        assert.equal(overflow, 0, `at ${width} px`);
      });
    }
  });
});

describe('the landscape', () => {
  test('takes the room that there is in a narrow panel', async () => {
    for (const [width, height] of [
      [770, 700],
      [1000, 800],
    ] as const) {
      await withPage({ width, height }, async (panel) => {
        await show(panel);
        const box = await panel.page.locator('.plot-picture').boundingBox();
        assert.ok(box && box.width >= 320 && box.height >= 250, `${width}: ${JSON.stringify(box)}`);
      });
    }
  });

  for (const withoutWebGl of [false, true]) {
    const way = withoutWebGl ? 'Canvas 2D' : 'WebGL 2';
    test(`is coloured by the energy with ${way}`, async () => {
      await withPage({ withoutWebGl }, async (panel) => {
        await show(panel);
        const plane = panel.page.getByTestId('plane');
        const renderer = await plane.getAttribute('data-renderer');
        assert.equal(renderer, withoutWebGl ? 'canvas' : 'webgl2');
        for (const name of ['Contours', 'Data', 'Samples']) {
          await panel.page.getByRole('button', { name, exact: true }).click();
        }
        await panel.drawn();
        const picture = panel.page.locator('.plot-picture');
        const pixels = await panel.pixels(picture);
        const { field } = fakePreview(1250);
        const { low, high } = robustRange(field!);
        for (const [u, v] of [
          [0.5, 0.5],
          [0.3, 0.7],
          [0.7, 0.25],
          [0.04, 0.04],
          [0.9, 0.5],
        ] as const) {
          const energy = energyAt(field!, fakeResolution, u, v);
          const expected = viridis((high - energy) / (high - low));
          const drawn = colorAt(pixels, u * (pixels.width - 1), (1 - v) * (pixels.height - 1));
          // The interpolations differ in curved places, by about a hundredth of the range there;
          // viridis changes by at most 2.5 a channel over its range.
          drawn.forEach((channel, k) => {
            assert.ok(
              Math.abs(channel - expected[k]!) < 0.05,
              `${u}, ${v}: ${drawn} for ${expected}`,
            );
          });
        }
      });
    });

    test(`says where the energy is not a number, and has no colour for it, with ${way}`, async () => {
      await withPage({ withoutWebGl }, async (panel) => {
        const preview = fakePreview(1250);
        const { field } = preview;
        // The lower left quarter.
        const half = fakeResolution / 2;
        for (let row = 0; row < half; row++) {
          field!.fill(Number.NaN, row * fakeResolution, row * fakeResolution + half);
        }
        await show(panel, { preview });
        for (const name of ['Contours', 'Data', 'Samples']) {
          await panel.page.getByRole('button', { name, exact: true }).click();
        }
        await panel.drawn();
        const words =
          'The energy is not a number in 25 % of this window (hatched): within x1 from ';
        const note = panel.page.locator('.landscape-note');
        await note.filter({ hasText: words }).waitFor();
        const plane = panel.page.getByTestId('plane');
        assert.match((await plane.getAttribute('aria-label')) ?? '', /not a number in 25 %/);
        const box = (await panel.page.locator('.plot-picture').boundingBox())!;
        await panel.page.mouse.move(box.x + 0.2 * box.width, box.y + 0.8 * box.height);
        await panel.page.getByTestId('readout').filter({ hasText: 'E not a number' }).waitFor();
        await panel.page.mouse.move(0, 0);
        await panel.drawn();
        // viridis has a distance between its channels everywhere; hatching and ground are grey.
        const pixels = await panel.pixels(panel.page.locator('.plot-picture'));
        const spreadAt = (u: number, v: number) => {
          const color = colorAt(pixels, u * pixels.width, (1 - v) * pixels.height);
          return Math.max(...color) - Math.min(...color);
        };
        for (const u of [0.05, 0.13, 0.21, 0.3, 0.44]) {
          for (const v of [0.07, 0.2, 0.33, 0.45]) {
            assert.ok(spreadAt(u, v) < 0.02, `${u}, ${v} is coloured`);
            assert.ok(spreadAt(u + 0.52, v + 0.52) > 0.1, `${u}, ${v} is not coloured`);
          }
        }
        // Nothing is a number: no scale is made up.
        const none = { ...fakePreview(1300), field: field!.map(() => Number.NaN) };
        await panel.peer.request('update', { generation: 1, preview: none });
        await note.filter({ hasText: 'not a number anywhere in this window.' }).waitFor();
        assert.doesNotMatch((await plane.getAttribute('aria-label')) ?? '', /energies from/);
      });
    });

    test(`has its layers over one another and switches them with ${way}`, async () => {
      await withPage({ withoutWebGl, theme: 'darkModern' }, async (panel) => {
        await show(panel);
        const plane = panel.page.locator('.plot-picture');
        // charts.red of Dark Modern, the samples' fill.
        const reddish = ({ data }: Pixels) => {
          let count = 0;
          for (let i = 0; i < data.length; i += 4) {
            if (data[i]! > 200 && data[i + 1]! < 110 && data[i + 2]! < 110) count++;
          }
          return count;
        };
        const all = await panel.pixels(plane);
        assert.ok(reddish(all) > 500);
        const changes: number[] = [];
        let last = all;
        for (const name of ['Samples', 'Data', 'Contours', 'Energy field']) {
          await panel.page.getByRole('button', { name, exact: true }).click();
          // The mouse is not to leave a hover behind.
          await panel.page.mouse.move(0, 0);
          await panel.drawn();
          const next = await panel.pixels(plane);
          let changed = 0;
          for (let i = 0; i < next.data.length; i++) {
            if (Math.abs(next.data[i]! - last.data[i]!) > 8) changed++;
          }
          changes.push(changed);
          last = next;
        }
        assert.ok(
          changes.every((changed) => changed > 500),
          String(changes),
        );
        // Everything is off: one colour is left, but for the frame that may show at the edge.
        assert.equal(reddish(last), 0);
        const left = new Uint32Array(last.data.buffer);
        const middle = left[left.length / 2];
        assert.ok(left.filter((pixel) => pixel === middle).length > 0.98 * left.length);
      });
    });
  }

  test('reads out the place and its energy under the pointer and by keyboard', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const picture = (await panel.page.locator('.plot-picture').boundingBox())!;
      await panel.page.mouse.move(picture.x + picture.width / 2, picture.y + picture.height / 2);
      await panel.drawn();
      const [, x, y, energy] = /x1 (\S+) +x2 (\S+) +E (\S+)/.exec(await text(panel, 'readout'))!;
      const number = (shown: string) => Number(shown.replace('−', '-'));
      // The pointer stands on whole pixels: within one of them, 6/350 of the window.
      assert.ok(Math.abs(number(x!)) < 0.02 && Math.abs(number(y!)) < 0.02);
      const expected = energyAt(fakePreview(1250).field!, fakeResolution, 0.5, 0.5);
      assert.ok(Math.abs(number(energy!) - expected) < 0.1);

      await panel.page.mouse.move(0, 0);
      await panel.drawn();
      assert.match(await text(panel, 'readout'), /2,000 data points · 1,024 samples/);
      await panel.page.getByTestId('plane').focus();
      await panel.page.keyboard.press('Shift+ArrowRight');
      await panel.drawn();
      // From the middle a tenth of the window, 6 wide, to the right.
      assert.match(await text(panel, 'readout'), /x1 0\.6000 +x2 0 /);
    });
  });

  test('offers the axes of a sample with more than two dimensions, and no field', async () => {
    const axes = ['length', 'depth', 'flipper', 'mass'];
    const preview: PreviewFrame = {
      step: 1250,
      samples: Float32Array.from({ length: 400 }, (_, i) => Math.sin(i)),
      count: 100,
    };
    await withPage({}, async (panel) => {
      await show(panel, {
        manifest: fakeManifest({
          preview: { dimensions: 4, axes, bounds: axes.map(() => [-3, 3] as const), resolution: 0 },
          transform: { mean: [40, 17, 200, 4200], scale: [5, 2, 14, 800] },
        }),
        data: { values: new Float32Array(400), count: 100 },
        preview,
      });
      await panel.page.getByText('is drawn of runs that have two alone').waitFor();
      const energyField = panel.page.getByRole('button', { name: 'Energy field' });
      assert.equal(await energyField.isVisible(), false);
      assert.match(await text(panel, 'moments'), /length[\s\S]*depth/);

      await panel.page.getByRole('combobox', { name: 'Vertical axis' }).focus();
      await panel.page.keyboard.press('ArrowDown');
      await panel.page.keyboard.press('ArrowDown');
      await panel.drawn();
      const moments = await text(panel, 'moments');
      assert.match(moments, /mass/);
      // A column of zeros is the mean of the data, in grams.
      assert.match(moments, /4200 ± 0/);
      assert.deepEqual(((await panel.storedState()) as { axes: unknown }).axes, [0, 3]);
    });
  });

  test('is a pair of histograms in one dimension', async () => {
    const values = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i));
    await withPage({}, async (panel) => {
      await show(panel, {
        manifest: fakeManifest({
          preview: { dimensions: 1, axes: ['x1'], bounds: [[-2, 2]], resolution: 0 },
        }),
        data: { values, count: 500 },
        preview: { step: 1250, samples: values, count: 500 },
      });
      const plot = panel.page.getByTestId('histogram');
      assert.equal(await panel.page.getByTestId('plane').isVisible(), false);
      const box = (await plot.boundingBox())!;
      await panel.page.mouse.move(box.x + box.width / 2, box.y + 50);
      await panel.drawn();
      assert.match(await text(panel, 'readout'), /x1 \S+ +data 0\.\d+ +samples 0\.\d+/);
    });
  });
});

describe('the scrubber', () => {
  test('follows the newest, then stays where it is put, and returns', async () => {
    await withPage({ preview: (step) => fakePreview(step, 700) }, async (panel) => {
      await show(panel);
      const update = async (step: number) => {
        await panel.peer.request('update', { generation: 1, preview: fakePreview(step, 300) });
        await panel.drawn();
      };
      await update(1300);
      assert.equal(await text(panel, 'shown-step'), '1,300');

      await panel.page.getByTestId('scrubber').focus();
      await panel.page.keyboard.press('ArrowLeft');
      await panel.page.keyboard.press('ArrowLeft');
      await panel.page
        .getByTestId('landscape-step')
        .getByText('step 1,200', { exact: true })
        .waitFor();
      assert.deepEqual(panel.previewSteps, [1200]);
      assert.match(await text(panel, 'readout'), /700 samples/);

      await update(1350);
      assert.equal(await text(panel, 'shown-step'), '1,200');
      assert.equal(await text(panel, 'landscape-step'), 'step 1,200');
      assert.equal(await panel.page.getByTestId('scrubber').getAttribute('max'), '26');

      await panel.page.getByRole('button', { name: 'Live' }).click();
      await panel.drawn();
      assert.equal(await text(panel, 'shown-step'), '1,350');
      assert.match(await text(panel, 'readout'), /300 samples/);

      // Nothing is live in a run that has ended.
      await panel.peer.request('update', {
        generation: 1,
        state: fakeState({ status: 'stopped' }),
      });
      await panel.drawn();
      await panel.page.getByRole('button', { name: 'Newest' }).waitFor();
    });
  });

  test('says so when a preview cannot be read', async () => {
    const preview = () => {
      throw new ProblemError({ kind: 'storage', message: 'The file of step 50 is torn.' });
    };
    await withPage({ preview }, async (panel) => {
      await show(panel);
      await panel.page.getByTestId('scrubber').focus();
      await panel.page.keyboard.press('Home');
      await panel.page.getByText('The file of step 50 is torn.').waitFor();
    });
  });
});

describe('the buttons', () => {
  test('ask for what they say, and are enabled when it makes sense', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const isEnabled = async () =>
        Promise.all(
          ['Stop', 'Rerun', 'Open Source', 'Open Run Folder', 'Show Log'].map((name) =>
            button(panel, name).isEnabled(),
          ),
        );
      assert.deepEqual(await isEnabled(), [true, true, true, true, true]);
      await button(panel, 'Pause').click();
      await button(panel, 'Stop').press('Enter');
      await button(panel, 'Open Source').click();
      await button(panel, 'Open Run Folder').click();
      await button(panel, 'Show Log').press('Space');
      const asked: PanelAction[] = ['pause', 'stop', 'openSource', 'openFolder', 'showLog'];
      await assertActions(panel, asked);

      await panel.peer.request('update', { generation: 1, state: fakeState({ status: 'paused' }) });
      await panel.drawn();
      await button(panel, 'Resume').click();
      await assertActions(panel, [...asked, 'resume']);

      await panel.peer.request('update', {
        generation: 1,
        state: fakeState({ status: 'stopped' }),
      });
      await panel.drawn();
      assert.deepEqual(await isEnabled(), [false, true, true, true, true]);
      await button(panel, 'Rerun').click();
      await assertActions(panel, [...asked, 'resume', 'rerun']);
    });
  });

  test('keep their places whatever the run does', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const places = async () =>
        panel.page.evaluate<string>(
          `JSON.stringify([...document.querySelectorAll('.controls > *, .facts > *')]
             .map((e) => Math.round(e.getBoundingClientRect().left)))`,
        );
      const running = await places();
      const states = [
        fakeState({ status: 'paused' }),
        fakeState({ status: 'stopped', step: 9 }),
        fakeState({ step: 4999, stepsPerSecond: 12_345.6, secondsLeft: 3599 }),
      ];
      for (const state of states) {
        await panel.peer.request('update', { generation: 1, state });
        await panel.drawn();
        assert.equal(await places(), running, state.status);
      }
    });
  });

  test('tell when what they asked for failed', async () => {
    const act = () => {
      throw new ProblemError({ kind: 'worker', message: 'No answer.', remedy: 'See the log.' });
    };
    await withPage({ act }, async (panel) => {
      await show(panel);
      await button(panel, 'Pause').click();
      const notice = panel.page.getByTestId('notice');
      await notice.getByText('No answer. See the log.').waitFor();
      await panel.drawn();
      assert.equal(await button(panel, 'Pause').isEnabled(), true);
      await notice.getByRole('button', { name: 'Dismiss' }).click();
      assert.equal(await notice.isVisible(), false);
    });
  });
});

describe('the curves', () => {
  /** Drags across the first plot, from one share of its width to another. */
  async function drag(panel: Panel, from: number, to: number): Promise<void> {
    const box = (await panel.page.locator('.u-over').first().boundingBox())!;
    const y = box.y + box.height / 2;
    await panel.page.mouse.move(box.x + from * box.width, y);
    await panel.page.mouse.down();
    await panel.page.mouse.move(box.x + to * box.width, y, { steps: 4 });
    await panel.page.mouse.up();
    await panel.drawn();
  }

  /** The step at a share of the first plot's width, as the table's head says it. */
  async function stepAt(panel: Panel, share: number): Promise<number> {
    const box = (await panel.page.locator('.u-over').first().boundingBox())!;
    await panel.page.mouse.move(box.x + share * box.width, box.y + box.height / 2);
    await panel.drawn();
    const words = await seen(panel.page.locator('.chart-at').first());
    return Number(words.replace(/\D/g, ''));
  }

  test('stay zoomed while the run goes on, until a double click', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      await drag(panel, 0.2, 0.6);
      const zoomed = [await stepAt(panel, 0.02), await stepAt(panel, 0.98)];
      // From a fifth to three fifths of 1250 steps, give or take the pixels at the edge.
      assert.ok(Math.abs(zoomed[0]! - 260) < 20 && Math.abs(zoomed[1]! - 740) < 20, String(zoomed));
      await panel.peer.request('update', { generation: 1, series: fakeSeries(1250, 2500) });
      await panel.drawn();
      assert.deepEqual([await stepAt(panel, 0.02), await stepAt(panel, 0.98)], zoomed);

      await panel.page.locator('.u-over').first().dblclick();
      await panel.drawn();
      const whole = await stepAt(panel, 0.98);
      assert.ok(Math.abs(whole - 2450) < 30, String(whole));

      await drag(panel, 0.5, 0.7);
      await panel.page.getByRole('button', { name: 'Reset Zoom' }).click();
      await panel.drawn();
      assert.equal(await stepAt(panel, 0.98), whole);
    });
  });

  test('show the same step in all charts', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      await stepAt(panel, 0.5);
      const heads = await panel.page.locator('.chart-at').allInnerTexts();
      assert.equal(heads.length, 3);
      assert.equal(new Set(heads).size, 1);
      assert.notEqual(heads[0], 'step 1,250');
    });
  });

  test('are smoothed and scaled as asked, and say where a scale cannot be', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      assert.doesNotMatch(await seen(row(panel, 'Loss')), /smoothed/);
      await panel.page.getByLabel('Smoothing').fill('0.5');
      await panel.page.getByText('Log scale').click();
      await panel.drawn();
      assert.match(await seen(row(panel, 'Loss')), /smoothed 0\.\d+/);
      const notes = await panel.page.locator('.chart-note').allInnerTexts();
      assert.deepEqual(notes, ['linear: has values ≤ 0', 'linear: has values ≤ 0', '']);
    });
  });

  test('are copied as comma-separated values', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      await panel.page.getByRole('button', { name: 'Copy Energy as CSV' }).click();
      await panel.drawn();
      const copied = await panel.page.evaluate<string>('navigator.clipboard.readText()');
      const lines = copied.trim().split('\n');
      assert.equal(lines[0], 'step,energy/data,energy/samples');
      assert.equal(lines.length, 1251);
      const { 'energy/data': expected } = fakeSeries(0, 1250);
      assert.equal(Math.fround(Number(lines[1250]!.split(',')[1])), expected!.values[1249]);
    });
  });

  /** What the numbers on a chart's horizontal axis end at, as the drawing has them. */
  async function savedSvg(
    panel: Panel,
    saved: { kind: string; bytes: Uint8Array }[],
    title: string,
  ) {
    saved.length = 0;
    await panel.page.getByRole('button', { name: `More for ${title}` }).click();
    await panel.page.getByRole('menuitem', { name: 'Save as SVG…' }).click();
    await until('it was saved', async () => saved.length === 1);
    return new TextDecoder().decode(saved[0]!.bytes);
  }

  async function chooseAxis({ page, drawn }: Panel, name: string): Promise<void> {
    await page.locator('vscode-dropdown[aria-label="Horizontal axis of curves"]').click();
    await page.getByRole('option', { name, exact: true }).click();
    await drawn();
  }

  test('are drawn over steps, time, samples and another metric', async () => {
    const saved: { kind: string; bytes: Uint8Array }[] = [];
    const options: PanelOptions = {
      height: 1000,
      saveFile: (_, kind, bytes) => {
        saved.push({ kind, bytes });
      },
      // The first half of the steps took 100 seconds, the second 300.
      clock: () => ({
        steps: Float64Array.of(1, 626, 1250),
        seconds: Float64Array.of(0, 100, 400),
      }),
    };
    await withPage(options, async (panel) => {
      await show(panel, { manifest: fakeManifest({ config: { batchSize: 64 } }) });
      const last = async () => {
        const svg = await savedSvg(panel, saved, 'Loss');
        const [, x] = /<text [^>]*text-anchor="middle"[^>]*>([^<]*)<\/text><g /.exec(svg) ?? [];
        const path = /<path d="([^"]*)" stroke="[^"]*" stroke-width="1"/.exec(svg)?.[1] ?? '';
        return { x, count: path.split('L').length };
      };
      assert.equal((await last()).x, 'Step');
      await chooseAxis(panel, 'By time');
      await until('the clock has come', async () => (await last()).x === 'Time in minutes');
      // A quarter of the time is half of the steps.
      assert.ok(Math.abs((await stepAt(panel, 0.25)) - 626) < 15);
      await chooseAxis(panel, 'By samples seen');
      assert.equal((await last()).x, 'Samples seen');
      assert.ok(Math.abs((await stepAt(panel, 0.5)) - 625) < 15);
      await chooseAxis(panel, 'By Energy of data');
      assert.equal((await last()).x, 'Energy of data');
      assert.match(await savedSvg(panel, saved, 'Loss'), /<circle /);
      const kept = (await panel.storedState()) as { curveAxis: string };
      assert.equal(kept.curveAxis, 'metric:energy/data');
    });
  });

  test('are found by name, and tell where they were lowest', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const { loss } = fakeSeries(0, 1250);
      const lowest = Math.min(...loss!.values);
      const at = loss!.steps[loss!.values.indexOf(lowest)]!;
      const words = await seen(row(panel, 'Loss'));
      assert.ok(words.includes(`lowest ${formatValue(lowest)} at ${formatCount(at)}`), words);
      const filter = panel.page.getByRole('searchbox', { name: 'Filter curves by name' });
      await filter.fill('samp');
      await panel.drawn();
      assert.deepEqual(await panel.page.locator('.chart:visible').count(), 1);
      assert.equal(await row(panel, 'Energy of data').isVisible(), false);
      assert.equal(await row(panel, 'Energy of samples').isVisible(), true);
      await filter.fill('nothing has this');
      await panel.page.getByText('No curve has this in its name.').waitFor();
      await filter.fill('');
      await panel.drawn();
      assert.equal(await panel.page.locator('.chart:visible').count(), 3);
    });
  });

  test('are marked where the run was resumed, went back and failed', async () => {
    await withPage({}, async (panel) => {
      const markedAt = (generation: number, resumed: number, checkpoint: number) => {
        const resumes = [{ at: '2026-03-04T10:20:00.000Z', step: resumed }];
        const manifest = fakeManifest({ resumes });
        return show(panel, { generation, manifest, checkpointSteps: [checkpoint] });
      };
      const chart = panel.page.locator('.chart-plot').first();
      await markedAt(1, 200, 1000);
      assert.equal(await text(panel, 'marks'), 'Resumed at 200 · 1 checkpoint, at 1,000');
      const before = await panel.pixels(chart);
      // Another run has not been marked yet, not even while it has no curves.
      await panel.peer.request('snapshot', fakeSnapshot({ generation: 2 }));
      await panel.drawn();
      assert.equal(await panel.page.getByTestId('marks').isVisible(), false);
      await markedAt(3, 600, 400);
      const after = await panel.pixels(chart);
      const columns = new Set<number>();
      for (let i = 0; i < before.data.length; i += 4) {
        if (before.data[i] !== after.data[i]) columns.add((i / 4) % before.width);
      }
      const box = (await panel.page.locator('.u-over').first().boundingBox())!;
      const plot = (await chart.boundingBox())!;
      const xOf = (step: number) => box.x - plot.x + ((step - 1) / 1249) * box.width;
      for (const step of [200, 1000, 600, 400]) {
        assert.ok(
          [...columns].some((x) => Math.abs(x - xOf(step)) < 2),
          `step ${step}`,
        );
      }
      // Words stand beside their lines, and nothing else has changed.
      for (const x of columns) {
        const isTick = [1000, 400].some((step) => Math.abs(x - xOf(step)) < 3);
        const isLine = [200, 600].some((step) => x > xOf(step) - 3 && x < xOf(step) + 60);
        assert.ok(isTick || isLine, `column ${x}`);
      }
    });
  });

  test('leave the keys of the editor alone: of Ctrl and + nothing is taken', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const plot = panel.page.locator('.chart-plot').first();
      await panel.page.evaluate(`addEventListener('keydown', (event) => {
        (window.taken ??= []).push([event.ctrlKey, event.defaultPrevented]);
      })`);
      await plot.focus();
      for (const key of ['Control++', '+']) await panel.page.keyboard.press(key);
      await panel.drawn();
      const taken = await panel.page.evaluate<[boolean, boolean][]>('window.taken');
      assert.ok(taken.every(([withControl, isTaken]) => isTaken === !withControl));
      assert.ok(taken.some(([, isTaken]) => isTaken));
    });
  });

  test('are kept as pictures and tables, by keys alone', async () => {
    const saved: { name: string; kind: string; bytes: Uint8Array }[] = [];
    const saveFile: PanelOptions['saveFile'] = (name, kind, bytes) => {
      saved.push({ name, kind, bytes });
    };
    await withPage({ saveFile }, async (panel) => {
      await show(panel);
      const more = panel.page.getByRole('button', { name: 'More for Energy' });
      for (const [downs, kind] of ['png', 'svg', 'csv'].entries()) {
        await more.focus();
        await panel.page.keyboard.press('Enter');
        for (let k = 0; k < downs; k++) await panel.page.keyboard.press('ArrowDown');
        await panel.page.keyboard.press('Enter');
        await until(`${kind} was saved`, async () => saved.at(-1)?.kind === kind);
      }
      for (const { name, kind, bytes } of saved) {
        assert.equal(name, 'energy');
        assert.ok(isSaved(name, kind, bytes), kind);
      }
      const { width, data } = decode(saved[0]!.bytes);
      const svg = new TextDecoder().decode(saved[1]!.bytes);
      assert.equal(width, 2 * Number(/^<svg [^>]*width="(\d+)"/.exec(svg)?.[1]));
      // Dark Modern's ground, opaque, and something on it.
      assert.deepEqual([...data.slice(0, 4)], [0x1f, 0x1f, 0x1f, 0xff]);
      assert.ok(new Set(data).size > 20);
      assert.match(
        new TextDecoder().decode(saved[2]!.bytes),
        /^step,energy\/data,energy\/samples\n1,/,
      );

      await more.focus();
      await panel.page.keyboard.press('Enter');
      await panel.page.keyboard.press('Escape');
      assert.equal(await panel.page.getByRole('menu').count(), 0);
      await panel.page.keyboard.press('Enter');
      await panel.page.keyboard.press('End');
      await panel.page.keyboard.press('Enter');
      await panel.drawn();
      const copied = await panel.page.evaluate<string>('navigator.clipboard.readText()');
      assert.equal(copied, typescriptCode(fakeRunDirectory, ['energy/data', 'energy/samples']));
    });
  });

  test('can be hidden one by one', async () => {
    await withPage({ theme: 'lightModern' }, async (panel) => {
      await show(panel);
      const plot = panel.page.locator('.chart-plot').nth(1);
      // charts.orange of Light Modern, the second curve.
      const orange = async () => {
        const { data } = await panel.pixels(plot);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (data[i]! - data[i + 2]! > 120 && data[i + 1]! > 100) count++;
        }
        return count;
      };
      assert.ok((await orange()) > 100);
      await panel.page.getByRole('button', { name: 'Energy of samples' }).click();
      await panel.page.mouse.move(0, 0);
      await panel.drawn();
      assert.equal(await orange(), 0);
    });
  });

  test('keep a spike in sight among many points', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const count = 80_000;
      await panel.peer.request('update', {
        generation: 1,
        series: {
          loss: {
            steps: Float64Array.from({ length: count }, (_, i) => 2000 + i),
            values: Float32Array.from({ length: count }, (_, i) => (i === 40_000 ? 500 : i % 2)),
          },
        },
      });
      await panel.page.mouse.move(0, 0);
      await panel.drawn();
      const { width, height, data } = await panel.pixels(panel.page.locator('.u-over').first());
      // charts.blue of Dark Modern, in the upper half, which only the spike reaches.
      let blue = 0;
      for (let i = 0; i < 4 * width * Math.floor(height / 2); i += 4) {
        if (data[i + 2]! - data[i]! > 80) blue++;
      }
      assert.ok(blue >= height / 4, `${blue} pixels`);
    });
  });
});

describe('the page', () => {
  test('draws nothing while hidden and everything when shown', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      await panel.setHidden(true);
      await panel.peer.request('update', { generation: 1, state: fakeState({ step: 2000 }) });
      await panel.drawn();
      assert.equal(await text(panel, 'step'), '1,250');
      await panel.setHidden(false);
      await panel.drawn();
      assert.equal(await text(panel, 'step'), '2,000');
    });
  });

  test('is where it was after a reload', async () => {
    let kept: object | undefined;
    const preview = (step: number) => fakePreview(step);
    await withPage({ preview }, async (panel) => {
      await show(panel);
      await panel.page.getByTestId('scrubber').focus();
      await panel.page.keyboard.press('Home');
      await panel.page.getByLabel('Smoothing').fill('0.5');
      await panel.page.getByText('Log scale').click();
      await panel.drawn();
      kept = (await panel.storedState()) as object;
    });
    assert.equal((kept as { step?: number }).step, 50);
    assert.equal((kept as { runDirectory?: string }).runDirectory, fakeRunDirectory);
    await withPage({ preview, storedState: kept! }, async (panel) => {
      await show(panel);
      await panel.page
        .getByTestId('landscape-step')
        .getByText('step 50', { exact: true })
        .waitFor();
      assert.equal(await text(panel, 'shown-step'), '50');
      assert.equal(await panel.page.getByLabel('Smoothing').inputValue(), '0.5');
      assert.equal(await panel.page.getByRole('checkbox', { name: 'Log scale' }).isChecked(), true);
    });
  });

  test('shows a fresh snapshot of its run without losing its place', async () => {
    await withPage({ preview: (step) => fakePreview(step) }, async (panel) => {
      await show(panel);
      await panel.page.getByTestId('scrubber').focus();
      await panel.page.keyboard.press('Home');
      await panel.drawn();
      await show(panel, { generation: 2 });
      await panel.page
        .getByTestId('landscape-step')
        .getByText('step 50', { exact: true })
        .waitFor();
      assert.equal(await text(panel, 'shown-step'), '50');
    });
  });

  test('reports what is thrown in it and goes on', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      await panel.page.evaluate("setTimeout(() => { throw new Error('a slip'); })");
      await panel.page.getByTestId('notice').getByText('a slip').waitFor();
      await panel.page.evaluate("void Promise.reject(new Error('another'))");
      await panel.page.getByTestId('notice').getByText('another').waitFor();
      assert.deepEqual(
        panel.pageErrors.map(({ message }) => message),
        ['a slip', 'another'],
      );
      await panel.peer.request('update', { generation: 1, state: fakeState({ step: 1300 }) });
      await panel.drawn();
      assert.equal(await text(panel, 'step'), '1,300');
    });
  });

  test('repaints when the theme changes', async () => {
    await withPage({ theme: 'darkModern' }, async (panel) => {
      await show(panel);
      const plot = panel.page.locator('.u-over').first();
      const dark = colorAt(await panel.pixels(plot), 2, 2);
      await panel.setTheme('lightModern');
      await panel.drawn();
      const light = await panel.pixels(plot);
      assert.ok(dark.every((channel) => channel < 0.2));
      assert.deepEqual(colorAt(light, 2, 2), [1, 1, 1]);
      // charts.blue of Light Modern: the curve was drawn anew.
      let blue = 0;
      for (let i = 0; i < light.data.length; i += 4) {
        if (light.data[i]! < 60 && light.data[i + 2]! > 180) blue++;
      }
      assert.ok(blue > 50);
    });
  });

  test('has its views in words', async () => {
    await withPage({}, async (panel) => {
      await show(panel);
      const summary = await panel.page.getByTestId('summary').textContent();
      assert.match(summary ?? '', /^Running, step 1,250 of 5,000\./);
      assert.match(
        summary ?? '',
        /Step 1,250: 1,024 samples of the model, 2,000 points of the data/,
      );
      const plane = await panel.page.getByTestId('plane').getAttribute('aria-label');
      assert.match(plane ?? '', /energies from \S+ to \S+\./);
    });
  });

  test('tells a screen reader the numbers of the picture, once they are there', async () => {
    await withPage({}, async (panel) => {
      const state = fakeState({ status: 'finished', step: 5000 });
      await panel.peer.request('snapshot', fakeSnapshot({ state }));
      const values = (value: number, step: number) => ({
        generation: 1,
        series: { loss: { steps: Float64Array.of(step), values: Float32Array.of(value) } },
      });
      await panel.peer.request('update', values(0.7066, 4900));
      await panel.drawn();
      const summary = panel.page.getByTestId('summary');
      assert.doesNotMatch((await summary.textContent()) ?? '', /0\.7066/);
      await panel.peer.request('update', { ...values(0.5443, 5000), isComplete: true });
      await panel.drawn();
      assert.match((await summary.textContent()) ?? '', /Loss 0\.5443/);
      assert.match(await seen(row(panel, 'Loss')), /0\.5443/);
    });
  });

  test('has no code that makes code, and brings all its styles', async () => {
    const script = await readFile(path.resolve('dist/panel.js'), 'utf8');
    assert.doesNotMatch(script, /\beval\s*\(/);
    assert.doesNotMatch(script, /(?<![\w$.])Function\s*\(/);
    const styles = await readFile(path.resolve('dist/panel.css'), 'utf8');
    assert.match(styles, /\.u-over/);
    assert.doesNotMatch(styles, /@import|url\(/);
  });
});
