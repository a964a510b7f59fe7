/** What cannot run says so once, at its place, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../support/condition';
import { untilNothingRuns } from './run-files';
import { experimentFile, type Play } from './session';

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

export const mistakenExperiments: Play = async ({ workbench, folder }, tell) => {
  const right = await readFile(path.join(folder, experimentFile), 'utf8');
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
      await untilNothingRuns(folder);
      await workbench.runCommand('Notifications: Clear All Notifications');
    });
  }
};
