/** A run and its windows: reloaded, two at once, closed and opened again. The same process trains on. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readScalars } from '../../run-directory/event-file';
import { isProcessAlive } from '../../run-directory/process-alive';
import { patienceMs, until } from '../support/condition';
import { Panel } from './panel';
import { onlyRunIn } from './run-files';
import { type Session, story } from './session';
import { Workbench } from './workbench';

const file = 'two-moons.ebm.ts';

story('A run and its windows', { file, prepare: lengthen }, async (session, tell) => {
  const { workbench, panel, folder } = session;
  await workbench.tab(file).waitFor();
  await workbench.runCommand('EBM: Launch Run');
  await panel.untilPoints('loss', 20);
  const { directory, manifest } = await onlyRunIn(folder);
  const pid = manifest.worker?.pid;
  assert.ok(pid !== undefined);

  await tell.part('a reload in the middle leaves the run to its window', async () => {
    const before = await panel.step();
    await workbench.reload();
    await panel.untilStatus('Running');
    await until('it trains on', async () => (await panel.step()) > before);
    await panel.untilPoints('loss', await panel.step());
    await panel.watchedOnly.waitFor({ state: 'hidden' });
    await until('it may be paused', () => panel.button('Pause').isEnabled());
    assert.equal((await onlyRunIn(folder)).manifest.worker?.pid, pid);
  });

  const other = await openWindow(session);
  await tell.part('a second window watches, and takes over when it is told to', async () => {
    await showPanel(other, manifest.name);
    await other.panel.watchedOnly.waitFor();
    await untilDisabled(other, 'Pause');
    await untilDisabled(other, 'Stop');
    await other.panel.untilPoints('loss', await other.panel.step());
    await other.panel.takeOver();
    await other.panel.watchedOnly.waitFor({ state: 'hidden' });
    await panel.watchedOnly.waitFor();
    await untilDisabled(session, 'Pause');
    await other.panel.button('Pause').click();
    await panel.untilStatus('Paused');
    await other.panel.button('Resume').click();
    await panel.untilStatus('Running');
  });

  await tell.part(
    'when all windows are closed it trains on, and a new one shows all of it',
    async () => {
      await other.workbench.page.close();
      await workbench.page.close();
      const { state } = (await onlyRunIn(folder)).manifest;
      await until('run.json tells of more steps', async () => {
        return (await onlyRunIn(folder)).manifest.state.step > state.step;
      });
      const again = await openWindow(session);
      await showPanel(again, manifest.name);
      await again.panel.untilStatus('Running');
      assert.ok(await isProcessAlive(pid));
      assert.equal((await onlyRunIn(folder)).manifest.worker?.pid, pid);
      await again.panel.untilPoints('loss', await again.panel.step());
      // The host of a window that was closed may linger, and with it its ownership.
      await until('the new window may control it', async () => {
        if (await again.panel.watchedOnly.isVisible()) await again.panel.takeOver();
        return await again.panel.button('Stop').isEnabled();
      });
      await again.panel.button('Stop').click();
      await again.panel.untilStatus('Stopped');
      const step = await again.panel.step();
      assert.equal(await again.panel.untilPoints('loss', step), step);
      assert.deepEqual(
        await recordedSteps(directory),
        Array.from({ length: step }, (_, k) => k + 1),
      );
      await again.workbench.page.close();
    },
  );
});

/** Has the run outlast the story. */
async function lengthen(folder: string): Promise<void> {
  const experiment = path.join(folder, file);
  const text = await readFile(experiment, 'utf8');
  await writeFile(experiment, text.replace(/^( {2}steps: )[\d_]+,$/m, '$1200_000,'));
}

type Window = Pick<Session, 'workbench' | 'panel'>;

/** Another window on the same folder. */
async function openWindow({ context, host, folder }: Session): Promise<Window> {
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const workbench = new Workbench(page);
  await workbench.open(host.urlOf({ folder }));
  return { workbench, panel: new Panel(workbench) };
}

/** Opens or reveals the panel of the run of this name. */
async function showPanel({ workbench, panel }: Window, name: string): Promise<void> {
  await workbench.runCommand('EBM: Inspect Run…');
  await workbench.choose(name);
  await workbench.choose('Panel');
  await panel.status.waitFor();
}

async function untilDisabled({ panel }: Window, name: string): Promise<void> {
  await until(`'${name}' is disabled`, async () => !(await panel.button(name).isEnabled()));
}

/** The steps that the run's event file has a loss of, in its order. */
async function recordedSteps(directory: string): Promise<number[]> {
  const steps: number[] = [];
  for await (const { series } of readScalars(directory))
    steps.push(...(series['loss']?.steps ?? []));
  return steps;
}
