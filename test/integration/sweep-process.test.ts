/** Sweeps as the editor starts them, with the real `ebm`. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startSweep } from '../../extension/processes/sweep-process';
import type { SweepProgress } from '../../protocol/sweep';
import { listRuns } from '../../run-directory/listing';
import { problemFrom } from '../support/problem';
import { makeFolder, removeAfter } from '../support/temporary';
import { ebm, experimentSource } from '../support/trainer';

async function command(t: TestContext, sweep: string, fields: { [name: string]: string } = {}) {
  const folder = await makeFolder();
  removeAfter(t, folder);
  // A sweep keeps no process alive that started it, so this one keeps itself.
  const alive = setInterval(() => undefined, 60_000);
  t.after(() => clearInterval(alive));
  const file = path.join(folder, 'quick.ebm.ts');
  await writeFile(
    file,
    `${experimentSource({ steps: '3', ...fields })}export const sweep = ${sweep};\n`,
  );
  return {
    node: { path: process.execPath, version: process.versions.node, env: {} },
    script: ebm,
    packages: path.join(folder, 'packages'),
    task: { kind: 'begin', experiment: file, overrides: {} },
    cwd: folder,
    runs: path.join(folder, '.ebm/runs'),
    log: path.join(folder, '.ebm/sweeps/quick.jsonl'),
    parallel: 2,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  } as const;
}

test('a sweep begins, trains its runs, and once more says that they are done', async (t) => {
  const sweep = await command(t, "{ name: 'seeds', seeds: [1, 2] }");
  const heard: SweepProgress[] = [];
  const onProgress = (progress: SweepProgress) => heard.push(progress);
  const started = await startSweep({ ...sweep, onProgress });
  assert.deepEqual([started.name, started.runs, started.done], ['seeds', 2, 0]);
  assert.deepEqual(await started.ended, { code: 0, problems: [] });
  // Two begin, and one after the other ends, whichever is the first.
  assert.deepEqual(heard.at(-1), { done: 2, training: 0 });
  assert.equal(heard.length, 4);
  const runs = await listRuns(sweep.runs);
  assert.deepEqual(
    runs.map((listing) => 'manifest' in listing && listing.manifest.group?.id),
    [started.id, started.id],
  );
  const log = path.join(path.dirname(sweep.log), 'again.jsonl');
  const again = await startSweep({ ...sweep, log });
  assert.deepEqual([again.id, again.done], [started.id, 2]);
  assert.equal((await again.ended).code, 0);
});

test('a sweep that is wrong is refused with the place in the file; the log has it too', async (t) => {
  const sweep = await command(t, '{ parameters: { batchSise: [4] } }');
  const problem = await problemFrom(startSweep(sweep));
  assert.match(problem.message, /no option 'batchSise'/);
  assert.equal(problem.location?.file, sweep.task.experiment);
  assert.match(await readFile(sweep.log, 'utf8'), /batchSise/);
});

test('what ends without a word is told with its last ones; no Node is told too', async (t) => {
  const sweep = await command(t, '{ seeds: [1] }');
  const script = path.join(sweep.cwd, 'broken.mjs');
  await writeFile(script, "throw new Error('nothing works');");
  const wordless = await problemFrom(startSweep({ ...sweep, script }));
  assert.match(wordless.message, /quick\.ebm\.ts ended \(exit code 1\) before it began/);
  assert.match(wordless.detail ?? '', /nothing works/);
  const node = { ...sweep.node, path: path.join(sweep.cwd, 'no-node') };
  assert.match((await problemFrom(startSweep({ ...sweep, node }))).remedy ?? '', /ebm\.nodePath/);
});

test('cancelled before it has begun it is ended', async (t) => {
  const sweep = await command(t, '{ seeds: [1] }');
  const cancellation = new AbortController();
  const starting = startSweep({ ...sweep, signal: cancellation.signal });
  cancellation.abort(new Error('cancelled'));
  await assert.rejects(starting, /cancelled/);
  assert.deepEqual(await listRuns(sweep.runs), []);
});

test('what kept runs from finishing is told at the end, by its own problem', async (t) => {
  const sweep = await command(t, "{ parameters: { 'optimizer.learningRate': [1e-3] } }", {
    data: "data.csv('missing.csv')",
  });
  const { code, problems } = await (await startSweep(sweep)).ended;
  assert.equal(code, 1);
  assert.deepEqual(
    problems.map(({ kind, message }) => [kind, /missing\.csv/.test(message)]),
    [['data', true]],
  );
});
