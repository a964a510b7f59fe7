/** Options that are changed in the panel's page while a run trains, in a real Chromium. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProblemError } from '../../protocol/problem';
import type { Knob, KnobChange } from '../../protocol/run';
import { fakeManifest, fakeSeries, fakeSnapshot, fakeState } from '../fixtures/fake-run';
import type { Panel } from '../fixtures/panel-harness';
import { panelTests } from '../fixtures/panel-tests';

const { withPanel } = panelTests();

const knobs: readonly Knob[] = [
  {
    ...{ name: 'learningRate', option: 'optimizer.learningRate', label: 'learning rate' },
    ...{ above: 0, most: 10 },
  },
  {
    ...{ name: 'stepSize', option: 'objective.sampler.stepSize', label: 'step size' },
    ...{ above: 0, most: 1000 },
  },
];
const config = { optimizer: { learningRate: 1e-3 }, objective: { sampler: { stepSize: 0.1 } } };
const made: KnobChange = {
  ...{ at: '2026-03-04T10:20:00.000Z', step: 600, option: 'optimizer.learningRate' },
  ...{ from: 1e-3, to: 1e-4 },
};

/** The same run with these changes, as a panel is told anew after each. */
const snapshot = (generation: number, changes: readonly KnobChange[] = []) =>
  fakeSnapshot({ generation, manifest: fakeManifest({ knobs, config, changes }) });

const form = ({ page }: Panel) => page.getByTestId('hands-on');
const rate = (panel: Panel) => form(panel).getByLabel('learning rate');
const size = (panel: Panel) => form(panel).getByLabel('step size');
const apply = (panel: Panel, name: string) =>
  panel.page.getByTestId(`knob-${name}`).getByRole('button', { name: 'Apply' });

describe('what can be changed while a run trains', () => {
  test('is told in a line, changed by keys, and marked on the curves', async () => {
    await withPanel({ width: 1000, height: 700 }, snapshot(1), async (panel) => {
      const summary = form(panel).locator('summary');
      assert.match((await summary.textContent()) ?? '', /learning rate 0\.001 · step size 0\.1/);
      assert.equal(await rate(panel).isVisible(), false, 'in the way of nothing');
      await summary.press('Enter');
      assert.equal(await rate(panel).inputValue(), '0.001');
      assert.equal(await apply(panel, 'learningRate').isEnabled(), false, 'nothing to apply');
      await rate(panel).fill('1e-4');
      await size(panel).fill('0.3');
      await rate(panel).press('Enter');
      await panel.drawn();
      assert.deepEqual(panel.changes, [['optimizer.learningRate', 1e-4]]);
      await panel.peer.request('snapshot', snapshot(2, [made]));
      await panel.peer.request('update', { generation: 2, series: fakeSeries(0, 1250) });
      await panel.drawn();
      assert.equal(await rate(panel).inputValue(), '0.0001');
      assert.equal(await size(panel).inputValue(), '0.3', 'what is being typed stays');
      assert.match((await summary.textContent()) ?? '', /learning rate 0\.0001 · step size 0\.1/);
      const marks = (await panel.page.getByTestId('marks').textContent()) ?? '';
      assert.match(marks, /Learning rate 0\.001 → 0\.0001 at 600/);
      await apply(panel, 'stepSize').click();
      await panel.drawn();
      assert.deepEqual(panel.changes[1], ['objective.sampler.stepSize', 0.3]);
    });
  });

  test('is refused at its field: what is no number, out of its range, or not taken', async () => {
    const change = () => {
      throw new ProblemError({ kind: 'storage', message: 'The disk is full.', remedy: 'Free it.' });
    };
    await withPanel({ change }, snapshot(1), async (panel) => {
      await form(panel).locator('summary').click();
      const alert = panel.page.getByTestId('knob-learningRate').getByRole('alert');
      for (const text of ['0', 'fast', '', '11']) {
        await rate(panel).fill(text);
        await rate(panel).press('Enter');
        assert.equal(await alert.textContent(), 'It takes a number above 0, at most 10.');
        assert.equal(await rate(panel).getAttribute('aria-invalid'), 'true');
        assert.equal(await apply(panel, 'learningRate').isEnabled(), false);
      }
      assert.deepEqual(panel.changes, []);
      await rate(panel).fill('0.01');
      assert.equal(await alert.isVisible(), false);
      await rate(panel).press('Enter');
      await alert.waitFor();
      assert.equal(await alert.textContent(), 'The disk is full. Free it.');
      assert.equal(await rate(panel).inputValue(), '0.01', 'to be tried again');
      assert.equal(await apply(panel, 'learningRate').isEnabled(), true);
    });
  });

  test('is there only where it can be: in training, by the window that controls the run', async () => {
    await withPanel({}, snapshot(1), async (panel) => {
      assert.equal(await form(panel).isVisible(), true);
      const told = async (update: object) => {
        await panel.peer.request('update', { generation: 1, ...update });
        await panel.drawn();
        return await form(panel).isVisible();
      };
      assert.equal(await told({ isWatchedOnly: true }), false);
      assert.equal(await told({ isWatchedOnly: false }), true);
      assert.equal(await told({ state: fakeState({ status: 'paused' }) }), true);
      assert.equal(await told({ state: fakeState({ status: 'finished' }) }), false);
      await panel.peer.request('snapshot', fakeSnapshot({ generation: 2 }));
      await panel.drawn();
      assert.equal(await form(panel).isVisible(), false, 'one that has nothing to change');
    });
  });
});
