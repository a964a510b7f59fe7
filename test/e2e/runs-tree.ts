/** The tree of runs: what it shows, and what can be done to runs from there. */
import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunManifest, RunStatus } from '../../protocol/run';
import { readAnnotations } from '../../run-directory/annotations';
import { writeManifest } from '../../run-directory/manifest';
import { until } from '../support/condition';
import { manifest } from '../support/manifest';
import { runsIn } from './run-files';
import type { Play } from './session';

const { worker: _, group: __, ...ended } = manifest;

/** Four runs that were never trained, one of which cannot be opened. */
export async function prepareRuns(folder: string): Promise<void> {
  const make = async (minute: number, name: string, status: RunStatus, change: object = {}) => {
    const id = `abcdefghj${minute}`;
    const directory = path.join(folder, '.ebm/runs', `20260203-04050${minute}-moons-${id}`);
    await mkdir(directory, { recursive: true });
    const made: RunManifest = {
      ...ended,
      id,
      name,
      createdAt: `2026-02-03T04:0${minute}:00.000Z`,
      state: { status, step: 50, steps: 100 },
      overrides: {},
      ...change,
    };
    await writeManifest(directory, made);
    return directory;
  };
  await make(2, 'first', 'finished');
  await make(3, 'second', 'stopped', { overrides: { 'optimizer.learningRate': 0.01 } });
  await make(4, 'third', 'failed');
  await writeFile(path.join(await make(5, 'broken', 'failed'), 'run.json'), '{');
}

export const runsTree: Play = async ({ workbench, folder }, tell) => {
  const { page } = workbench;
  const rows = page.locator('.pane-body .monaco-list-row', { has: page.locator('.label-name') });
  const row = (name: string | RegExp) => rows.filter({ hasText: name }).first();
  const names = async () => await rows.locator('.label-name').allTextContents();
  const shows = async (wanted: readonly string[]) =>
    JSON.stringify(await names()) === JSON.stringify(wanted);
  const untilNames = async (wanted: readonly string[]) =>
    await until(`the tree shows ${wanted.join(', ')}`, () => shows(wanted));
  /** Chooses from the menu of a row, again until what it leads to is seen. */
  const menu = async (name: string, title: string, isDone: () => Promise<boolean>) => {
    // Its key, where it has one, comes after it.
    const item = page.locator('.monaco-menu .action-item', { hasText: new RegExp(`^${title}`) });
    await until(`‘${title}’ of ‘${name}’ is done`, async () => {
      if (await isDone()) return true;
      if (await page.locator('.monaco-menu').isVisible()) await page.keyboard.press('Escape');
      await row(name).click({ button: 'right', timeout: 5_000 });
      await item.first().waitFor({ timeout: 5_000 });
      // The editor takes a click on a menu that has just opened for the end of the one that opened
      // it: the menu stays, or is closed without doing anything.
      await until('the menu is closed', async () => {
        await item
          .first()
          .click({ timeout: 500 })
          .catch(() => undefined);
        return await item.first().isHidden();
      });
      return await until('its effect', isDone, 5_000);
    });
  };
  const brokenName = '20260203-040505-moons-abcdefghj5';
  const annotationsOf = async (id: string) => {
    const run = (await runsIn(folder)).find((each) => each.manifest.id === id);
    return run && (await readAnnotations(run.directory));
  };

  await workbench.runCommand('View: Show EBM Lab');

  await tell.part('shows all runs, newest first, and why one cannot be opened', async () => {
    await untilNames(['third', 'second', 'first', brokenName]);
    await row('second').filter({ hasText: 'learningRate=0.01' }).waitFor();
    await row(brokenName).filter({ hasText: 'it is not JSON' }).waitFor();
  });

  await tell.part('a star puts a run first, a name and tags are kept', async () => {
    const starred = ['first', 'third', 'second', brokenName];
    await menu('first', 'Star Run', () => shows(starred));
    const input = page.locator('.quick-input-widget input.input');
    await menu('second', 'Rename Run…', () => input.isVisible());
    await input.fill('the good one');
    await input.press('Enter');
    await untilNames(['first', 'third', 'the good one', brokenName]);
    await input.waitFor({ state: 'hidden' });
    await menu('third', 'Tag Run…', () => input.isVisible());
    await input.fill('baseline');
    await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'new' }).waitFor();
    await input.press('Enter');
    await row('third').filter({ hasText: '#baseline' }).waitFor();
    assert.deepEqual(await annotationsOf('abcdefghj2'), { tags: [], starred: true });
    assert.deepEqual(await annotationsOf('abcdefghj3'), {
      name: 'the good one',
      tags: [],
      starred: false,
    });
    assert.deepEqual(await annotationsOf('abcdefghj4'), { tags: ['baseline'], starred: false });
  });

  await tell.part('it can be looked at in every theme', async () => {
    const pictures = process.env['EBM_PICTURES'];
    for (const [theme, kind] of [
      ['Light Modern', 'vs'],
      ['Dark High Contrast', 'hc-black'],
      ['Dark Modern', 'vs-dark'],
    ] as const) {
      await workbench.selectTheme(theme, kind);
      await row('third').waitFor();
      if (pictures) await page.screenshot({ path: path.join(pictures, `runs-tree-${kind}.png`) });
    }
  });

  await tell.part('a filter hides the others until it is cleared', async () => {
    await workbench.runCommand('EBM: Filter Runs…');
    const input = page.locator('.quick-input-widget input.input');
    await input.fill('tag:baseline');
    await input.press('Enter');
    await untilNames(['third']);
    await workbench.runCommand('EBM: Clear Filter of Runs');
    await untilNames(['first', 'third', 'the good one', brokenName]);
  });

  await tell.part(
    'a run is deleted once its size was seen, one is archived and had back',
    async () => {
      const dialog = page.locator('.monaco-dialog-box');
      await menu('first', 'Delete Run…', () => dialog.isVisible());
      await dialog.filter({ hasText: /first \([\d.]+ KiB\)/ }).waitFor();
      await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
      // Where the system has no trash, that is told and asked for.
      const forGood = dialog.getByRole('button', { name: 'Delete for Good' });
      await until('the run is gone', async () => {
        if (await forGood.isVisible()) await forGood.click();
        return !(await names()).includes('first');
      });
      await untilNames(['third', 'the good one', brokenName]);
      await menu('third', 'Archive Run', () => shows(['the good one', brokenName]));
      assert.equal((await readdir(path.join(folder, '.ebm/archive'))).length, 1);
      await workbench.runCommand('EBM: Restore Archived Runs…');
      await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'third' }).click();
      await page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
      await untilNames(['third', 'the good one', brokenName]);
      assert.equal((await runsIn(folder)).length, 2);
    },
  );

  await tell.part('a run in training is followed, and stopped from its row', async () => {
    await workbench.runCommand('EBM: Launch Run');
    const living = row('two moons');
    await living.filter({ hasText: /[1-9][\d,]*\/[\d,]+ · \d+ %/ }).waitFor();
    await living.hover();
    await living.getByRole('button', { name: 'Stop Run' }).click();
    const launched = await until('the run has stopped', async () =>
      (await runsIn(folder)).find(
        // Those that were there before are of 100 steps.
        ({ manifest: { state } }) => state.steps !== 100 && state.status === 'stopped',
      ),
    );
    // Stopped, it can go on: no row but a living one has these buttons.
    await until('the tree says so', async () => {
      const label = await living.getAttribute('aria-label');
      return label?.includes('stopped');
    });
    assert.ok((await readdir(launched.directory)).includes('run.json'));
  });

  await tell.part(
    'runs that a shell makes in a folder without any appear, a sweep as one',
    async () => {
      await rm(path.join(folder, '.ebm'), { recursive: true });
      await untilNames([]);
      // Watchers of files miss what is made right after the folder that it is made in.
      for (const index of [0, 1]) {
        const directory = path.join(
          folder,
          `.ebm/runs/20260203-04050${index}-moons-abcdefghj${index}`,
        );
        await mkdir(directory, { recursive: true });
        await writeManifest(directory, {
          ...ended,
          id: `abcdefghj${index}`,
          overrides: { 'optimizer.learningRate': 0.01 + index / 3 },
          state: { status: 'finished', step: 100, steps: 100 },
          group: { id: 'a1b2', name: 'rates', index, of: 3 },
        });
      }
      await untilNames(['rates']);
      await row('rates').filter({ hasText: '2 of 3 done' }).waitFor();
      await row('rates').click();
      await untilNames(['rates', 'learningRate=0.01', 'learningRate=0.3433']);
      await workbench.runCommand('EBM: Show Sweep Summary…');
      await workbench.panelTab('rates').first().waitFor();
    },
  );

  await tell.part(
    'of a sweep that is thinned out it says who waits, and all go by one question',
    async () => {
      const count = 12;
      for (let index = 0; index < count; index++) {
        const id = `thinned0${String(index).padStart(2, '0')}`;
        const directory = path.join(folder, `.ebm/runs/20260204-0405${index + 10}-moons-${id}`);
        await mkdir(directory, { recursive: true });
        await writeManifest(directory, {
          ...ended,
          id,
          createdAt: '2026-02-04T04:05:06.789Z',
          overrides: { 'optimizer.learningRate': 1 + index },
          state: { status: 'stopped', step: 30, steps: 90 },
          group: {
            ...{ id: 'c3d4', name: 'thinned', index, of: count, metric: 'loss' },
            halving: { eta: 3, rungs: [10, 30, 90] },
          },
          rungs: [10, 30].map((step) => ({ step, value: index })),
        });
      }
      await row('thinned').filter({ hasText: '0 of 12 done · 12 at rungs' }).waitFor();
      await row('thinned').click();
      const waiting = row('learningRate=3');
      await waiting.filter({ hasText: 'rung 2 of 3' }).waitFor();
      const label = await waiting.getAttribute('aria-label');
      assert.match(label ?? '', /at rung 2 of 3, not promoted/);
      const pictures = process.env['EBM_PICTURES'];
      if (pictures) await page.screenshot({ path: path.join(pictures, 'runs-tree-thinned.png') });
      const dialog = page.locator('.monaco-dialog-box');
      await menu('thinned', 'Archive Run', () => dialog.isVisible());
      await dialog.filter({ hasText: 'Archive 12 runs?' }).waitFor();
      if (pictures) await page.screenshot({ path: path.join(pictures, 'archive-many.png') });
      await dialog.getByRole('button', { name: 'Archive', exact: true }).click();
      await until('the sweep is gone', async () => !(await names()).includes('thinned'));
      assert.equal((await readdir(path.join(folder, '.ebm/archive'))).length, count);
    },
  );
};
