/** What is asked of the model in the panel's page, in a real Chromium: chains, points, parameters. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Drawing } from '../../protocol/looking';
import { ProblemError } from '../../protocol/problem';
import { fakeImageSnapshot } from '../fixtures/fake-images';
import {
  askAll,
  fakeDrawing,
  fakeFacts,
  fakeModel,
  fakeOffer,
  fakeStops,
} from '../fixtures/fake-model';
import { fakePreview, fakeSnapshot } from '../fixtures/fake-run';
import { fakeTableSnapshot } from '../fixtures/fake-tables';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();

const snapshot = fakeSnapshot({ checkpointSteps: [500, 1000] });
const section = ({ page }: Panel) => page.getByTestId('ask-model');
const form = ({ page }: Panel) => page.getByTestId('draw-form');
const strip = ({ page }: Panel) => page.getByTestId('drawn-strip');
const landscapeStep = async ({ page }: Panel) =>
  (await page.getByTestId('landscape-step').textContent()) ?? '';
const asked = ({ questions }: Panel, name: string) =>
  questions.filter(([question]) => question === name).map(([, params]) => params);

async function open(panel: Panel): Promise<void> {
  await section(panel).locator('summary').press('Enter');
  await panel.drawn();
}

/** Chooses in one of the toolkit's lists. */
async function choose(panel: Panel, list: string, option: string): Promise<void> {
  await section(panel).locator(`vscode-dropdown[aria-label="${list}"]`).click();
  await section(panel).getByRole('option', { name: option, exact: true }).click();
  await panel.drawn();
}

describe('drawing by hand', () => {
  test('is asked with what was changed only, watched, played, and left by a button', async () => {
    let answer!: (drawing: Drawing) => void;
    const draw = () =>
      new Promise<Drawing>((resolve) => {
        answer = resolve;
      });
    const model = { offer: () => fakeOffer, draw };
    await withPanel({ width: 1600, height: 1000, model }, snapshot, async (panel) => {
      assert.deepEqual(panel.questions, [], 'nothing is asked that nobody wants to know');
      await open(panel);
      await form(panel).getByLabel('Iterations').waitFor();
      assert.deepEqual(asked(panel, 'offer'), [{ checkpoint: 1000 }]);
      assert.equal(await form(panel).getByLabel('stepSize').inputValue(), '0.1', 'that of the run');
      await form(panel).getByLabel('Chains', { exact: true }).fill('64');
      await form(panel).getByLabel('Iterations').press('Enter');
      await panel.drawn();
      assert.deepEqual(asked(panel, 'draw'), [{ checkpoint: 1000, start: 'buffer', count: 64 }]);
      assert.match(await landscapeStep(panel), /^step 1,250$/, 'until there is something to see');

      const stops = fakeStops(64);
      await panel.peer.request('chainsPassed', stops[0]!);
      await panel.drawn();
      assert.match(await landscapeStep(panel), /^drawn by hand: checkpoint at step 1,000$/);
      assert.equal(
        await panel.page.getByTestId('scrubber').isVisible(),
        false,
        'one scrubber only',
      );
      for (const stop of stops.slice(1)) await panel.peer.request('chainsPassed', stop);
      answer(fakeDrawing(64));
      await strip(panel)
        .getByText('64 chains from the buffer, 60 iterations of langevin')
        .waitFor();
      assert.match((await strip(panel).textContent()) ?? '', /acceptance 0\.8250/);
      assert.match((await strip(panel).textContent()) ?? '', /60 of 60/);
      const range = panel.page.getByTestId('drawn-scrubber');
      await range.fill('0');
      await panel.drawn();
      assert.match((await strip(panel).textContent()) ?? '', /0 of 60/);
      await strip(panel).getByRole('button', { name: 'Play' }).click();
      await strip(panel).getByText('60 of 60', { exact: true }).waitFor();
      await strip(panel).getByRole('button', { name: 'Play' }).waitFor();

      await strip(panel).getByRole('button', { name: 'Save Samples', exact: true }).click();
      await panel.page.getByRole('menuitem', { name: /NumPy/ }).press('Enter');
      assert.deepEqual(asked(panel, 'saveDrawn'), [{ format: '.npy' }]);
      // A preview that comes meanwhile is none of these chains.
      const { generation } = snapshot;
      await panel.peer.request('update', { generation, preview: fakePreview(1300, 64) });
      await panel.drawn();
      assert.match(await landscapeStep(panel), /^drawn by hand/);
      await strip(panel).getByRole('button', { name: 'Back to the Run' }).click();
      await panel.drawn();
      assert.match(await landscapeStep(panel), /^step 1,300$/);
      assert.equal(await strip(panel).isVisible(), false);
      assert.equal(await panel.page.getByTestId('scrubber').isVisible(), true);
    });
  });

  test('another sampler brings its settings; what they cannot be is told at their field', async () => {
    const model = { offer: () => fakeOffer, draw: () => fakeDrawing(8) };
    await withPanel({ model }, snapshot, async (panel) => {
      await open(panel);
      await form(panel).getByLabel('Iterations').waitFor();
      await choose(panel, 'Sampler', 'hamiltonian');
      const size = form(panel).getByLabel('stepSize');
      await size.fill('fast');
      await size.press('Enter');
      assert.equal(
        await form(panel).getByRole('alert').filter({ visible: true }).textContent(),
        'It takes a number.',
      );
      await size.fill('1e-3');
      await choose(panel, 'Start from', 'data');
      await form(panel).getByLabel('Chains', { exact: true }).fill('0');
      await form(panel).getByRole('button', { name: 'Draw', exact: true }).click();
      assert.match(
        (await form(panel).getByRole('alert').filter({ visible: true }).textContent()) ?? '',
        /whole number, 1 to/,
      );
      await form(panel).getByLabel('Chains', { exact: true }).fill('8');
      await choose(panel, 'Checkpoint', 'Step 500');
      await form(panel).getByRole('button', { name: 'Draw', exact: true }).click();
      await panel.drawn();
      assert.deepEqual(asked(panel, 'draw'), [
        {
          ...{ checkpoint: 500, start: 'data', count: 8 },
          ...{ sampler: 'hamiltonian', settings: { stepSize: 1e-3 } },
        },
      ]);
    });
  });

  test('what cannot be drawn is said, and the run stays in view; it can be stopped', async () => {
    let refuse!: (problem: Error) => void;
    const draw = () =>
      new Promise<Drawing>((_, reject) => {
        refuse = reject;
      });
    await withPanel({ model: { offer: () => fakeOffer, draw } }, snapshot, async (panel) => {
      await open(panel);
      await form(panel).getByLabel('Iterations').waitFor();
      await form(panel).getByRole('button', { name: 'Draw', exact: true }).click();
      await panel.page.getByTestId('plane').click({ position: { x: 200, y: 150 } });
      assert.deepEqual(asked(panel, 'energy'), [], 'a slip of the hand ends no chains');
      await form(panel).getByRole('button', { name: 'Stop Drawing' }).click();
      assert.deepEqual(asked(panel, 'stopAsking'), [{}]);
      refuse(
        new ProblemError({
          kind: 'training',
          message: '8 of 8 chains ran off.',
          remedy: 'Go slower.',
        }),
      );
      await form(panel).getByText('8 of 8 chains ran off. Go slower.').waitFor();
      assert.match(await landscapeStep(panel), /^step 1,250$/);
      assert.equal(
        await form(panel).getByRole('button', { name: 'Draw', exact: true }).isEnabled(),
        true,
      );
    });
  });
});

describe('the energy of a point', () => {
  const energy = () =>
    ({
      ...{ checkpoint: 1000, axes: ['x1', 'x2'], point: [0.5, -1], energy: 1.25 },
      ...{ score: [0.3, -0.4], scoreNorm: 0.5, negativeLogDensity: 3.5 },
    }) as const;
  const model = { offer: () => fakeOffer, energy };

  test('is asked for a typed point, a row, a sample, and a place in the landscape', async () => {
    await withPanel({ width: 1600, height: 1000, model }, snapshot, async (panel) => {
      const points = () => asked(panel, 'energy') as { checkpoint: number; point: unknown }[];
      const plane = panel.page.getByTestId('plane');
      await plane.click({ position: { x: 200, y: 150 } });
      assert.deepEqual(points(), [], 'a click asks nothing of what is closed');
      await open(panel);
      const typed = section(panel).getByLabel('x1, x2');
      await typed.fill('0.5, -1');
      await typed.press('Enter');
      const facts = panel.page.getByTestId('point-facts');
      await facts.getByText('1.250 nats').waitFor();
      const text = (await facts.textContent()) ?? '';
      assert.match(text, /x1 0\.3000, x2 −0\.4000/);
      assert.match(text, /Length of the score0\.5000−log p3\.500 nats/);
      const number = section(panel).getByLabel('Number');
      await number.fill('3');
      await number.press('Enter');
      await choose(panel, 'Row or sample', 'Sample shown');
      await number.press('Enter');
      await panel.drawn();
      const { data, preview } = snapshot;
      assert.deepEqual(
        points().map(({ point }) => Array.from(Object.values(point as object))),
        [
          [...'0.5, -1'],
          Array.from(data!.values.subarray(4, 6)),
          Array.from(preview!.samples.subarray(4, 6)),
        ],
      );
      await number.fill('0');
      await number.press('Enter');
      assert.match((await section(panel).textContent()) ?? '', /It is 1 to 1,024\./);
      await plane.focus();
      await panel.page.keyboard.press('ArrowRight');
      await panel.page.keyboard.press('Enter');
      await panel.drawn();
      // The middle of the window, and a hundredth of its width to the right of it.
      const [x, y] = Object.values(points().at(-1)!.point as object) as [number, number];
      assert.ok(Math.abs(x - 0.06) < 1e-6 && Math.abs(y) < 1e-6, `${x}, ${y}`);
      await plane.click({ position: { x: 200, y: 150 } });
      await panel.drawn();
      assert.equal(points().length, 5);
    });
  });

  test('of an image is asked by picking it; of a wide table no list is to be typed', async () => {
    const images = { ...fakeImageSnapshot({ count: 64, side: 16 }), checkpointSteps: [1000] };
    await withPanel({ model }, images, async (panel) => {
      await open(panel);
      assert.equal(await section(panel).getByLabel('A typed point').isVisible(), false);
      await panel.page.getByTestId('images-samples').focus();
      await panel.page.keyboard.press('ArrowRight');
      await panel.page.keyboard.press('Enter');
      await panel.drawn();
      const [{ point }] = asked(panel, 'energy') as [{ point: object }];
      assert.equal(Object.values(point).length, 256);
    });
    await withPanel({ model }, { ...fakeTableSnapshot(), checkpointSteps: [10] }, async (panel) => {
      await open(panel);
      assert.equal(await section(panel).getByLabel('A row or a sample').isVisible(), true);
    });
  });
});

test('the numbers of a checkpoint are shown, and which answers where the shown step has none', async () => {
  const model = { offer: () => fakeOffer, tensors: () => fakeFacts };
  const preview = (step: number) => fakePreview(step, 64);
  await withPanel({ model, preview, width: 1600, height: 1000 }, snapshot, async (panel) => {
    await open(panel);
    const [first] = snapshot.previewSteps;
    await panel.page.getByTestId('scrubber').fill('0');
    await panel.drawn();
    assert.match(
      (await section(panel).textContent()) ?? '',
      new RegExp(`The step shown, ${first}, has no checkpoint: that of step 500 answers`),
    );
    await section(panel).getByRole('button', { name: 'Show' }).click();
    const tensors = panel.page.getByTestId('tensors');
    await tensors.getByText('dense/kernel').waitFor();
    assert.deepEqual(asked(panel, 'tensors'), [{ checkpoint: 500 }]);
    assert.match((await tensors.textContent()) ?? '', /2 × 64.*−0\.9000 to 0\.8000.*3 not finite/);
    assert.match((await tensors.textContent()) ?? '', /Chains of the buffer.*ages in steps/);
  });
});

test('the strip is whole in a narrow panel', async () => {
  await withPanel({ model: fakeModel, width: 320, height: 600 }, snapshot, async (panel) => {
    await askAll(panel);
    for (const part of ['Save Samples', 'Back to the Run']) {
      const box = await strip(panel).getByRole('button', { name: part, exact: true }).boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 320, `${part} is cut off`);
    }
  });
});

test('nothing can be asked of a run without a checkpoint; what loads badly says so', async () => {
  await withPanel({}, fakeSnapshot(), async (panel) => {
    assert.equal(await section(panel).isVisible(), false);
    await panel.peer.request('update', {
      generation: fakeSnapshot().generation,
      checkpointSteps: [500],
    });
    await panel.drawn();
    assert.equal(await section(panel).isVisible(), true);
    await open(panel);
    await form(panel).getByText('The model cannot be asked.').waitFor();
    await section(panel).locator('summary').press('Enter');
    await open(panel);
    assert.equal(asked(panel, 'offer').length, 2, 'opened again, it is tried again');
    assert.equal(
      await form(panel).getByRole('button', { name: 'Draw', exact: true }).isEnabled(),
      false,
    );
  });
});
