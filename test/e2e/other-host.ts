/** A run that trains on another host, and jobs that wait in Slurm: followed, asked and seen from here. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSubmission } from '../../run-directory/slurm-submissions';
import { until } from '../support/condition';
import { elsewhere, environmentElsewhere } from '../support/elsewhere';
import { ebm } from '../support/trainer';
import { onlyRunIn } from './run-files';
import { experimentFile, type Play } from './session';

/** A sweep that waits in Slurm, as that has just answered. */
export async function prepareSlurm(folder: string): Promise<void> {
  const slurm = path.join(await realpath(folder), '.ebm/slurm');
  const sweep = path.join(slurm, 'a1b2c3d4e5f60718');
  await mkdir(sweep, { recursive: true });
  await writeSubmission(sweep, { name: 'rates', jobs: ['4711'] });
  const rows = [
    { job: '4711', tasks: '0', count: 1, state: 'RUNNING', folder: sweep, reason: 'None' },
    { job: '4711', tasks: '1-23', count: 23, state: 'PENDING', folder: sweep, reason: 'Priority' },
  ];
  const answer = { formatVersion: 1, askedAt: Date.now(), jobs: ['4711'], rows };
  await writeFile(path.join(slurm, 'queue.json'), JSON.stringify(answer));
}

export const otherHost: Play = async ({ workbench, panel, folder }, tell) => {
  const { page } = workbench;
  const row = (name: string) =>
    page.locator('.pane-body .monaco-list-row', { hasText: name }).first();
  const trainer = spawn(
    elsewhere[0]!,
    [...elsewhere.slice(1), process.execPath, ebm, 'run', experimentFile],
    { cwd: folder, env: await environmentElsewhere(folder), stdio: 'ignore' },
  );
  try {
    await workbench.runCommand('View: Show EBM Lab');
    await tell.part('what waits in Slurm is a row of the tree, with its reason', async () => {
      await row('1 running · 23 wait (Priority)').waitFor();
      await row('rates').click({ button: 'right' });
      for (const title of ['Cancel in Slurm…', 'Hold in Slurm', 'Queue Again in Slurm']) {
        await page.locator('.monaco-menu .action-item', { hasText: title }).first().waitFor();
      }
      const release = page.locator('.monaco-menu .action-item', { hasText: 'Release in Slurm' });
      assert.equal(await release.count(), 0, 'nothing is held');
      await page.keyboard.press('Escape');
    });

    const { manifest } = await until('the run has begun', () => onlyRunIn(folder));
    await tell.part('its run is followed, paused and resumed from the panel', async () => {
      await workbench.runCommand('EBM: Inspect Run…');
      await workbench.choose(manifest.name);
      await workbench.choose('Panel');
      await panel.untilStatus('Running');
      const points = await panel.untilPoints('loss', 20);
      await panel.untilPoints('loss', points + 1);
      await panel.button('Pause').click();
      await panel.untilStatus('Paused');
      await panel.button('Resume').click();
      await panel.untilStatus('Running');
    });
  } finally {
    trainer.kill('SIGKILL');
  }
};
