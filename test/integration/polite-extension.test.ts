/** What the extension does in folders that have no runs, and when it looks at those that have. */
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, mock, type TestContext, test } from 'node:test';
import { CountingEditor } from '../support/counting-editor';
import { temporaryFolder } from '../support/temporary';

/** What is waited for in each folder: runs, and the folders that they lie in. */
const manifests = '.ebm/runs/*/{run,annotations}.json';
const directories = '{.ebm,.ebm/runs,.ebm/runs/*}';
/** Launches that wait, wherever. */
const queue = '**/.ebm/queue/*.json*';

// The extension is one for a process, as are the functions whose calls are counted.
const editor = await (async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const made = new CountingEditor([]);
  await made.settle();
  return made;
})();

/** What is asked of the disk in ten minutes. */
async function tenMinutes(): Promise<readonly string[]> {
  await editor.settle();
  const before = editor.asked.files.length;
  for (let seconds = 0; seconds < 600; seconds += 3) {
    mock.timers.tick(3_000);
    await editor.settle();
  }
  return editor.asked.files.slice(before);
}

afterEach(() => assert.deepEqual(editor.problems.splice(0), []));

/** How often a folder of runs is looked at: each time whether it was changed, and what is in it. */
const looksAt = (asked: readonly string[], folder: string) =>
  asked.filter((file) => file === path.join(folder, '.ebm/runs')).length / 2;

async function makeRuns(folder: string): Promise<void> {
  await mkdir(path.join(folder, '.ebm/runs'), { recursive: true });
}

/** Some folders, of which the first `open` ones are opened. */
async function folders(t: TestContext, count: number): Promise<string[]> {
  const made = await Promise.all(Array.from({ length: count }, () => temporaryFolder(t)));
  editor.focus = true;
  editor.folders = made;
  await editor.settle();
  return made;
}

test('in a folder without .ebm nothing is polled, started or watched but for its coming', async (t) => {
  const [folder] = await folders(t, 1);
  assert.deepEqual(await tenMinutes(), []);
  assert.deepEqual(editor.asked.programs, []);
  assert.deepEqual(
    [...editor.watchers].map(({ base, pattern }) => [base, pattern]),
    [
      [undefined, queue],
      [folder, manifests],
      [folder, directories],
    ],
  );
});

test('a .ebm that comes is looked at at once and from then on, until it goes', async (t) => {
  const [folder] = (await folders(t, 1)) as [string];
  await makeRuns(folder);
  assert.deepEqual(await tenMinutes(), [], 'nobody has told of it');
  const before = editor.asked.files.length;
  editor.tell('created', folder, directories);
  await editor.settle();
  assert.equal(looksAt(editor.asked.files.slice(before), folder), 1);
  assert.equal(looksAt(await tenMinutes(), folder), 200);

  // Whether or not the editor tells.
  await rm(path.join(folder, '.ebm'), { recursive: true });
  await tenMinutes();
  assert.deepEqual(await tenMinutes(), []);

  await makeRuns(folder);
  editor.tell('created', folder, directories);
  assert.equal(looksAt(await tenMinutes(), folder), 200);
  await rm(path.join(folder, '.ebm'), { recursive: true });
  editor.tell('deleted', folder, directories);
  assert.deepEqual(await tenMinutes(), []);
});

test('it is looked only while somebody would see it', async (t) => {
  const [folder] = (await folders(t, 1)) as [string];
  await makeRuns(folder);
  editor.tell('created', folder, directories);
  await editor.settle();
  editor.focus = false;
  assert.deepEqual(await tenMinutes(), []);

  for (const show of ['focus', 'treeVisibility'] as const) {
    const before = editor.asked.files.length;
    editor[show] = true;
    await editor.settle();
    assert.equal(looksAt(editor.asked.files.slice(before), folder), 1, 'at once');
    assert.equal(looksAt(await tenMinutes(), folder), 200);
    editor[show] = false;
    assert.deepEqual(await tenMinutes(), []);
  }
});

test('where nothing comes and nothing goes it is only asked whether that is so', async (t) => {
  const [folder] = (await folders(t, 1)) as [string];
  await makeRuns(folder);
  let now = performance.now();
  const clock = t.mock.method(performance, 'now', () => (now += 3_000));
  editor.tell('created', folder, directories);
  await tenMinutes();
  assert.equal(looksAt(await tenMinutes(), folder), 100, '200 times, and never what is in it');
  await mkdir(path.join(folder, '.ebm/runs/20260101-000000-moons-abcdefghjk'));
  const asked = await tenMinutes();
  assert.equal(looksAt(asked, folder), 200, 'one that is being made is waited for');
  clock.mock.restore();
});

test('of several folders those with a .ebm alone are looked at', async (t) => {
  const [plain, used, removed] = (await folders(t, 3)) as [string, string, string];
  for (const folder of [used, removed]) {
    await makeRuns(folder);
    editor.tell('created', folder, directories);
  }
  let asked = await tenMinutes();
  assert.deepEqual(
    [plain, used, removed].map((folder) => looksAt(asked, folder)),
    [0, 200, 200],
  );

  editor.folders = [plain, used];
  asked = await tenMinutes();
  assert.deepEqual(
    [plain, used, removed].map((folder) => looksAt(asked, folder) > 0),
    [false, true, false],
  );
  assert.deepEqual(
    [...editor.watchers].map(({ base }) => base),
    [undefined, plain, plain, used, used],
  );

  // One that is added is looked at from the beginning, without a word of its .ebm.
  editor.folders = [plain, removed];
  asked = await tenMinutes();
  assert.deepEqual(
    [plain, used, removed].map((folder) => looksAt(asked, folder) > 100),
    [false, false, true],
  );
});
