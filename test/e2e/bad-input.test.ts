/** What cannot run says so once, at its place, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from './condition';
import { livingTrainers, runsIn } from './run-files';
import { story } from './session';

const file = 'two-moons.ebm.ts';

/** Mistakes, each with the line it is made on and what the user is told. */
const mistakes = [
  {
    name: 'a syntax error',
    change: (text: string) => text.replace('batchSize:', 'batchSize'),
    line: (lines: string[]) => lines.findIndex((line) => line.includes('batchSize ')),
    message: /Expected/,
  },
  {
    name: 'a misspelled option',
    change: (text: string) => text.replace('hidden:', 'hiden:'),
    line: (lines: string[]) => lines.findIndex((line) => line.includes('hiden:')),
    message: /no option 'hiden'.*Did you mean 'hidden'/,
  },
];

story('Mistakes in an experiment', { file }, async ({ workbench, folder }, tell) => {
  await workbench.tab(file).waitFor();
  const right = await readFile(path.join(folder, file), 'utf8');
  for (const { name, change, line, message } of mistakes) {
    await tell.part(name, async () => {
      const wrong = change(right);
      assert.notEqual(wrong, right, 'The example has changed: the mistake is not made.');
      const experiment = `${name.replaceAll(' ', '-')}.ebm.ts`;
      await writeFile(path.join(folder, experiment), wrong);
      await workbench.openFile(experiment);
      await workbench.runCommand('EBM: Launch Run');
      await workbench.notifications(message).waitFor();
      // The launch's own notification, with its progress, goes away.
      await until('there is one notification', async () => {
        return (await workbench.notifications().count()) === 1;
      });
      const expected = line(wrong.split('\n')) + 1;
      await until(`a squiggle on line ${expected}`, async () =>
        (await workbench.squiggledLines()).includes(expected),
      );
      await assertNothingLeft(folder);
      await workbench.runCommand('Notifications: Clear All Notifications');
    });
  }
});

story('Without a folder', { hasFolder: false }, async ({ workbench, folder }) => {
  await workbench.runCommand('EBM: Launch Run');
  await workbench.notifications(/No folder is open.*Open the folder/).waitFor();
  await assertNothingLeft(folder);
});

story('An untrusted workspace', { file, trust: false }, async ({ workbench, folder }) => {
  await workbench.tab(file).waitFor();
  await workbench.runCommand('EBM: Launch Run');
  await workbench.notifications(/none starts before you trust this workspace/).waitFor();
  await assertNothingLeft(folder);
});

async function assertNothingLeft(folder: string): Promise<void> {
  await until('no run directory', async () => (await runsIn(folder)).length === 0);
  assert.deepEqual(await livingTrainers(folder), []);
}
