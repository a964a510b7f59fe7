/** The suite of test/electron inside the extension host of a real VS Code, started as F5 does. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { launchConfiguration } from '../../scripts/launch-configuration.mjs';
import { shorten } from '../../scripts/short-run.mjs';
import { patienceMs } from '../support/condition';
import { repository, story } from './session';

/** The parts of the suite, as it tells them. */
const parts = [
  'it activates',
  'it registers every command that it declares',
  'it trains an experiment to its end',
  "it opens the run's panel",
  'it leaves a whole run directory',
];

story(
  "F5's configuration runs the extension",
  async () => {
    const { extensionDevelopmentPath, folder } = await launchConfiguration(repository);
    // Stories open a copy of this folder, so that nothing of a run stays in it.
    assert.equal(folder, path.join(repository, 'examples'));
    return {
      prepare: shorten,
      tests: {
        extension: extensionDevelopmentPath,
        suite: path.join(repository, 'dist/test/electron/suite.js'),
      },
    };
  },
  async ({ hostTests }) => {
    const timeout = new Promise<never>((_, reject) => {
      const message = () => `The suite does not end. It wrote:\n${hostTests.lines.join('\n')}`;
      setTimeout(() => reject(new Error(message())), 2 * patienceMs).unref();
    });
    const code = await Promise.race([hostTests.exitCode, timeout]);
    const told = hostTests.lines.filter((line) => line.startsWith('✓ '));
    assert.equal(code, 0, hostTests.lines.join('\n'));
    assert.deepEqual(
      told,
      parts.map((part) => `✓ ${part}`),
    );
  },
);
