/** In a folder without experiments the extension sleeps, until one is there or it is asked for. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host } from '../../scripts/vscode-host.mjs';
import { until } from '../support/condition';
import { runsIn } from './run-files';
import { repository, story } from './session';

const file = 'plain.ts';
const experiment = 'two-moons.ebm.ts';

/** TypeScript, and no experiment. */
async function prepare(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.ebm.ts')) await rm(path.join(folder, name));
  }
  await writeFile(path.join(folder, file), 'export const answer: number = 42;\n');
}

/** What the editor's log tells of extensions in all windows so far, in order. */
async function hostLog(host: Host): Promise<string> {
  const logs = path.join(host.userData, 'logs');
  const names = (await readdir(logs, { recursive: true })).filter((name) =>
    name.endsWith('remoteexthost.log'),
  );
  const texts = names.sort().map((name) => readFile(path.join(logs, name), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

/** What has woken an extension so far. */
async function wakings(host: Host, extension: string): Promise<string[]> {
  const told = new RegExp(`_doActivateExtension ${extension},.*activationEvent: '(.*)'`, 'g');
  return [...(await hostLog(host)).matchAll(told)].map(([, event]) => event!);
}

story('A folder without experiments', { file, prepare }, async (session, tell) => {
  const { workbench, host, folder } = session;
  const ours = () => wakings(host, 'ebm-lab.ebm-lab');

  await tell.part('leaves the extension asleep, though TypeScript is edited', async () => {
    await workbench.tab(file).waitFor();
    await until('TypeScript is awake', async () => {
      const events = await wakings(host, 'vscode.typescript-language-features');
      return events.includes('onLanguage:typescript');
    });
    await until('it was looked for experiments', async () =>
      /Eager extensions activated/.test(await hostLog(host)),
    );
    assert.deepEqual(await ours(), []);
  });

  await tell.part('its first experiment is launched by key, which wakes it', async () => {
    const source = await readFile(path.join(repository, 'examples', experiment));
    await writeFile(path.join(folder, experiment), source);
    await workbench.openFile(experiment);
    await workbench.activeEditor().click();
    await workbench.page.keyboard.press('Control+Alt+Enter');
    await until('a run is there', async () => (await runsIn(folder)).length > 0);
    assert.deepEqual(await ours(), ['onCommand:ebm.launchRun']);
  });

  await tell.part('a folder with one is woken for as it is opened', async () => {
    // A panel that is open wakes it too.
    await workbench.runCommand('View: Close All Editors');
    await workbench.reload();
    await until('it is awake', async () => (await ours()).length === 2);
    assert.match((await ours())[1]!, /^workspaceContains:/);
  });
});
