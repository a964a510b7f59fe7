/** A trainer that is killed outright: nothing is lost, and the user is told and offered a way on. */
import assert from 'node:assert/strict';
import { until } from '../support/condition';
import { onlyRunIn, recordedPoints, runsIn } from './run-files';
import type { Play } from './session';

export const killedTrainer: Play = async ({ workbench, panel, folder }, tell) => {
  await workbench.runCommand('EBM: Launch Run');
  await panel.untilPoints('loss', 20);
  const { directory, manifest } = await onlyRunIn(folder);
  const pid = manifest.worker?.pid;
  assert.ok(pid !== undefined);

  // What is recorded reaches the disk once a second; a fast machine is further by then.
  await until('some of it is on disk', async () => (await recordedPoints(directory, 'loss')) > 0);
  const killed = performance.now();
  process.kill(pid, 'SIGKILL');
  await panel.untilStatus('Crashed');
  tell.note(`kill to panel: ${((performance.now() - killed) / 1000).toFixed(2)} s`);
  await panel.problem.filter({ hasText: /ended .* after step \d+/ }).waitFor();
  await workbench.statusBarItem(`${manifest.name} crashed`).waitFor();
  tell.note(`kill to status bar: ${((performance.now() - killed) / 1000).toFixed(2)} s`);
  const toast = workbench.notifications(/ended .* after step \d+/);
  for (const name of ['Resume', 'Rerun']) await toast.getByRole('button', { name }).waitFor();

  await tell.part('the run opens, with all it had recorded', async () => {
    const crashed = await until('run.json says so', async () => {
      const run = await onlyRunIn(folder);
      return run.manifest.state.status === 'crashed' && run;
    });
    assert.equal(crashed.manifest.worker, undefined, 'run.json still names a trainer.');
    const recorded = await recordedPoints(crashed.directory, 'loss');
    // Also what the trainer wrote in its last moment and told nobody.
    await panel.untilPoints('loss', recorded);
    await workbench.panelTab(manifest.name).click();
    await workbench.runCommand('View: Close Editor');
    await workbench.panelTab(manifest.name).waitFor({ state: 'detached' });
    await workbench.runCommand('EBM: Inspect Run…');
    await workbench.choose(manifest.name);
    await workbench.choose('Panel');
    await panel.untilStatus('Crashed');
    assert.equal(await panel.untilPoints('loss', recorded), recorded);
    assert.ok((await panel.samples()) > 0, 'The last preview is not shown.');
  });

  await tell.part('resume goes on in the same run, with nothing missing or twice', async () => {
    await panel.button('Resume').click();
    await panel.untilStatus('Running');
    await workbench.statusBarItem(`${manifest.name} crashed`).waitFor({ state: 'detached' });
    const resumed = await onlyRunIn(folder);
    assert.equal(resumed.manifest.resumes?.length, 1);
    assert.notEqual(resumed.manifest.worker?.pid, pid);
    const before = await recordedPoints(resumed.directory, 'loss');
    await panel.untilPoints('loss', before + 20);
    await panel.button('Stop').click();
    await panel.untilStatus('Stopped');
    const step = await panel.step();
    assert.equal(await panel.untilPoints('loss', step), step);
    assert.equal(await recordedPoints(resumed.directory, 'loss'), step);
  });

  await tell.part('the offered rerun trains again', async () => {
    await panel.button('Rerun').click();
    const again = await until('a second run', async () => (await runsIn(folder))[1]);
    assert.equal(again.manifest.parent, manifest.id);
    await panel.untilStatus('Running');
    await workbench.runCommand('EBM: Stop Run');
    await panel.untilStatus('Stopped');
  });
};
