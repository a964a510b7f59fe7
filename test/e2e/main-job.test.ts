/** The main job in a real VS Code: open, launch, watch, pause, look, resume, reload, stop, rerun. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { isProcessAlive } from '../../run-directory/process-alive';
import { observe, until } from '../support/condition';
import { onlyRunIn, runsIn } from './run-files';
import { repository, type Session, story } from './session';

const file = 'two-moons.ebm.ts';
/** Whether the pictures of the documentation are to be made anew. */
const isForDocs = process.env['EBM_SCREENSHOTS'] === '1';

story('The main job', { file, prepare: lengthen }, async (session, tell) => {
  const { workbench, panel, folder } = session;
  const outside = requestsElsewhere(session.context);
  await workbench.tab(file).waitFor();
  await assertNoErrorsIn(session);

  const launched = await workbench.runCommand('EBM: Launch Run');
  await panel.untilPoints('loss', 1);
  tell.note(`launch to first curve point: ${since(launched)}`);
  await until('samples in the panel', async () => (await panel.samples()) > 0);
  tell.note(`launch to first samples: ${since(launched)}`);
  const groups = await workbench.page
    .locator('.editor-group-container')
    .evaluateAll((all) => all.map((group) => group.querySelector('.tab.active')?.textContent));
  assert.deepEqual(groups.length, 2, `The panel is not beside the code, groups: ${groups}.`);

  await panel.untilPoints('loss', 50);
  assert.ok((await panel.curveColours('loss')) > 1, 'The curve is not drawn.');
  await panel.untilStatus('Running');
  const { directory, manifest } = await onlyRunIn(folder);
  const pid = manifest.worker?.pid;
  assert.ok(pid !== undefined && (await isProcessAlive(pid)), 'run.json names a living trainer.');
  await keepScreenshots(session);

  await tell.part('pause stands still, resume goes on', async () => {
    await panel.button('Pause').click();
    await panel.untilStatus('Paused');
    const paused = await panel.step();
    // Over twenty steps' time at the pace of this example.
    const steps = await observe(() => panel.step(), 20);
    assert.deepEqual(new Set(steps), new Set([paused]), 'The step counter moved while paused.');
    // Standing still, only the layer that is switched off can change the picture.
    assert.ok((await panel.samplePixels()) > 200, 'The samples are not drawn.');
    await panel.button('Step Once').click();
    await until('one step is taken', async () => (await panel.step()) === paused + 1);
    await panel.untilStatus('Paused');
    await panel.button('Resume').click();
    await panel.untilStatus('Running');
    await until('the step counter moves again', async () => (await panel.step()) > paused);
  });

  await tell.part('a panel that was hidden is right when it is shown', async () => {
    const before = await panel.points('loss');
    const tab = workbench.panelTab(manifest.name);
    // Another tab over it in its group: the page is taken down.
    await tab.click();
    await workbench.openFile('penguins.csv');
    await panel.status.waitFor({ state: 'hidden' });
    await tab.click();
    await panel.untilPoints('loss', before + 1);
    await assertNoGap(session);
    assert.deepEqual(await workbench.notifications().allTextContents(), []);
  });

  await tell.part('after a reload the panel is back, complete and live', async () => {
    await workbench.reload();
    await panel.untilStatus('Running');
    const step = await panel.step();
    await assertNoGap(session);
    await until('the step counter moves on', async () => (await panel.step()) > step);
    assert.ok(await isProcessAlive(pid), 'The reload ended the trainer.');
  });

  await tell.part('stop ends the trainer and keeps a checkpoint', async () => {
    await panel.button('Stop').click();
    await panel.untilStatus('Stopped');
    // Each step records one loss: after all the hiding and reloading none is missing or twice there.
    const points = await panel.untilPoints('loss', await panel.step());
    assert.equal(points, await panel.step());
    await until('the trainer has ended', async () => !(await isProcessAlive(pid)));
    const stopped = await onlyRunIn(folder);
    assert.equal(stopped.manifest.state.status, 'stopped');
    assert.equal(stopped.manifest.worker, undefined, 'run.json still names a trainer.');
    const name = `${String(stopped.manifest.state.step).padStart(9, '0')}.safetensors`;
    await readFile(path.join(directory, 'checkpoints', name));
  });

  await tell.part('rerun repeats the run as a new one', async () => {
    const rerun = performance.now();
    await panel.button('Rerun').click();
    const again = await until('a second run', async () => (await runsIn(folder))[1]);
    assert.deepEqual(again.manifest.config, manifest.config);
    assert.equal(again.manifest.seed, manifest.seed);
    assert.equal(again.manifest.parent, manifest.id);
    await panel.untilStatus('Running');
    await panel.untilPoints('loss', 1);
    tell.note(
      `rerun to first curve point, in a window that is through with loading: ${since(rerun)}`,
    );
    await workbench.runCommand('EBM: Stop Run');
    await panel.untilStatus('Stopped');
  });

  await tell.part(
    'nothing leaves the machine, and the page runs no code from strings',
    async () => {
      assert.deepEqual(outside, []);
      await assertStrictPage(session);
    },
  );
});

/** Has the run outlast the story: every machine is through with the example's own length sometime. */
async function lengthen(folder: string): Promise<void> {
  const experiment = path.join(folder, file);
  const text = await readFile(experiment, 'utf8');
  const longer = text.replace(/^( {2}steps: )[\d_]+,$/m, isForDocs ? '$120_000,' : '$1200_000,');
  assert.notEqual(longer, text, `${file} has no line that sets its steps.`);
  await writeFile(experiment, longer);
}

/**
 * No red squiggle in the experiment. That it is not merely too early to see one is shown by another
 * file, whose error the editor can only know if it knows the types of `ebm-lab`.
 */
async function assertNoErrorsIn({ workbench, folder }: Session): Promise<void> {
  const control = 'control.ebm.ts';
  const text = await readFile(path.join(folder, file), 'utf8');
  await writeFile(path.join(folder, control), text.replace('hidden:', 'hiden:'));
  await workbench.openFile(control);
  await workbench.squiggles.first().waitFor();
  const wrong = text.split('\n').findIndex((line) => line.includes('hidden:')) + 1;
  assert.deepEqual(await workbench.squiggledLines(), [wrong]);
  // By its own tab: a command whose choice is repeated on a busy machine closes the experiment too.
  await workbench.tab(control).click({ button: 'middle' });
  await workbench.tab(control).waitFor({ state: 'detached' });
  await rm(path.join(folder, control));
  assert.equal(await workbench.squiggles.count(), 0, `${file} has errors in the editor.`);
}

/** The curve has a point for every step that the header counts, from the first on. */
async function assertNoGap({ panel }: Session): Promise<void> {
  // The header is told the step less often than the curve grows, so it may lag, never lead.
  await panel.untilPoints('loss', await panel.step());
}

/** Requests to any other machine, as they come. */
function requestsElsewhere(context: BrowserContext): string[] {
  const seen: string[] = [];
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isNetwork = protocol.startsWith('http') || protocol.startsWith('ws');
    // The editor's own name for a webview's files; a service worker of its serves them.
    const isWebview = hostname.endsWith('.vscode-resource.vscode-cdn.net');
    if (isNetwork && hostname !== '127.0.0.1' && !isWebview) seen.push(request.url());
  });
  return seen;
}

/** The page's policy allows nothing unsafe, and its script does not need it. */
async function assertStrictPage({ panel }: Session): Promise<void> {
  const policy = await panel.frame
    .locator('meta[http-equiv="Content-Security-Policy"]')
    .first()
    .getAttribute('content');
  // What the editor itself serves a page's files from.
  const own = (policy ?? '').replaceAll("'self' https://*.vscode-cdn.net", '<own>');
  assert.match(own, /default-src 'none'/);
  assert.doesNotMatch(own, /unsafe-|https?:|\*/);
  const script = await readFile(path.join(repository, 'dist/panel.js'), 'utf8');
  const dynamic = /(?<![\w.$])(eval|Function)\s*\(/.exec(script);
  assert.equal(dynamic, null, `dist/panel.js has ${dynamic?.[0]} at ${dynamic?.index}.`);
}

/** Pictures of the window in both kinds of theme: for the documentation if asked to. */
async function keepScreenshots({ workbench, panel }: Session): Promise<void> {
  const target = path.join(repository, isForDocs ? 'docs/images' : 'out');
  // A landscape worth a look takes some training.
  if (isForDocs) await panel.untilPoints('loss', 2500);
  const themes = [
    ['light', 'Light Modern', 'vs'],
    ['dark', 'Dark Modern', 'vs-dark'],
  ] as const;
  for (const [name, theme, kind] of themes) {
    await workbench.selectTheme(theme, kind);
    await workbench.page.screenshot({ path: path.join(target, `two-moons-${name}.png`) });
    // 3 is what WCAG asks of graphics.
    const contrasts = await panel.curveContrasts();
    assert.ok(Math.min(...contrasts) >= 3, `Curves stand out by ${contrasts} in ${theme}.`);
  }
  const size = workbench.page.viewportSize()!;
  await workbench.page.setViewportSize({ width: 1000, height: 700 });
  await until('a narrow panel shows all of its buttons', async () => {
    return (await panel.cutOffButtons()).length === 0;
  });
  await workbench.page.setViewportSize(size);
}

function since(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(2)} s`;
}
