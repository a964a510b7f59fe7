/** What a shell does to runs that exist. Needs `dist/ebm.js`. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { EventWriter } from '../../run-directory/event-file';
import { readManifest, writeManifest } from '../../run-directory/manifest';
import { manifest } from '../support/manifest';
import { temporaryFolder } from '../support/temporary';
import { ebm, start } from '../support/trainer';

const name = '20260203-040506-moons-abcdefghjk';

/** A folder with a run that has ended, and the command run there. */
async function shell(t: TestContext) {
  const folder = await temporaryFolder(t);
  const directory = path.join(folder, '.ebm/runs', name);
  await mkdir(directory, { recursive: true });
  const { worker: _, ...ended } = manifest;
  await writeManifest(directory, {
    ...ended,
    state: { status: 'finished', step: 100, steps: 100 },
  });
  const events = await EventWriter.open(directory);
  for (let step = 1; step <= 3; step += 1) events.append(step, 0, { loss: 1 / step });
  await events.close();
  const command = async (...args: string[]) => {
    const program = start(t, [process.execPath, ebm, ...args], { cwd: folder });
    const code = await program.exited;
    return { code, out: program.out(), errors: program.errors() };
  };
  return { folder, directory, command };
}

test('ebm annotate names, tags, stars and notes a run, and list and show tell it', async (t) => {
  const { command, directory } = await shell(t);
  const tags = ['--tag', 'baseline', 'wide', '--star', '--note', 'Try 128 units.'];
  const first = await command('annotate', 'abcdef', '--name', 'the good one', ...tags);
  assert.equal(first.code, 0, first.errors);
  const more = await command(
    'annotate',
    'the good',
    '--note',
    'Done.',
    '--untag',
    'wide',
    '--json',
  );
  assert.equal(more.code, 0, more.errors);
  assert.deepEqual(JSON.parse(more.out), {
    directory,
    name: 'the good one',
    tags: ['baseline'],
    starred: true,
    notes: 'Try 128 units.\n\nDone.\n',
  });
  assert.equal(
    await readFile(path.join(directory, 'notes.md'), 'utf8'),
    'Try 128 units.\n\nDone.\n',
  );
  assert.match(
    (await command('list')).out,
    /★ the good one {2}finished {2}100\/100 .*\d {2}baseline\n/,
  );
  const listed = await command('list', '--sizes');
  assert.match(listed.out, /★ the good one {2}finished {2}100\/100 .* KiB {2}baseline\n/);
  const shown = await command('show', 'the good one');
  assert.match(shown.out, /^name +★ the good one$/m);
  assert.match(shown.out, /^named +two moons by its experiment$/m);
  assert.match(shown.out, /^ {2}Done\.$/m);
  const nothing = await command('annotate', 'the good one');
  assert.equal(nothing.code, 2);
  assert.match(nothing.errors, /nothing to add/);
});

test('ebm archive, restore and delete move a run away, back and away for good', async (t) => {
  const { command, directory, folder } = await shell(t);
  assert.equal((await command('archive', 'abcdef')).code, 0);
  assert.equal((await command('list')).out, 'no runs\n');
  assert.match((await command('list', '--runs', '.ebm/archive')).out, /^abcdefghjk /m);
  assert.equal((await command('restore', 'abcdef')).code, 0);
  const hesitant = await command('delete', 'abcdef');
  assert.equal(hesitant.code, 2);
  assert.match(hesitant.errors, /--yes/);
  assert.ok((await readdir(directory)).includes('run.json'));
  assert.equal((await command('delete', 'abcdef', '--yes')).code, 0);
  assert.deepEqual(await readdir(path.join(folder, '.ebm/runs')), []);
});

test('many runs are archived and deleted by one command, and what cannot be is told', async (t) => {
  const { command, folder } = await shell(t);
  const runs = path.join(folder, '.ebm/runs');
  const manifest = await readManifest(path.join(runs, name));
  const ids = Array.from({ length: 40 }, (_, k) => `many${String(k).padStart(6, '0')}`);
  for (const [k, id] of ids.entries()) {
    const directory = path.join(runs, `20260102-000000-many-${id}`);
    await mkdir(directory);
    const status = k % 2 === 0 ? 'failed' : 'finished';
    await writeManifest(directory, { ...manifest, id, state: { ...manifest.state, status } });
  }
  for (const [args, why] of [
    [[], /which runs/],
    [['many000001', '--filter', 'many'], /which runs/],
    [['--filter', ' '], /filter is empty/],
    [['--filter', 'status:crashed'], /fits/],
    [['--filter', 'status:failed'], /Nothing was done to 20 runs.*\n.*--yes/],
  ] as const) {
    const { code, errors } = await command('archive', ...args);
    assert.equal(code, 2);
    assert.match(errors, why);
  }
  const dry = await command('delete', '--filter', 'status:failed many', '--dry-run');
  assert.equal(dry.out.split('\n').filter((line) => /many-many/.test(line)).length, 20);
  assert.equal((await readdir(runs)).length, 41);

  // One of its name is in the way.
  const taken = path.join(folder, '.ebm/archive/20260102-000000-many-many000000');
  await mkdir(taken, { recursive: true });
  const archived = await command('archive', '--filter', 'status:failed many', '--yes');
  assert.equal(archived.code, 1);
  assert.match(archived.out, /archived 19 runs/);
  assert.match(archived.errors, /1 of 20 runs could not be archived:\n.*many000000.*taken/);
  assert.equal((await readdir(runs)).length, 22);
  assert.equal(
    (await command('delete', 'many000001', 'many000003', '--yes')).out,
    'deleted 2 runs\n',
  );
  assert.equal((await command('restore', 'many000002', 'many000004')).out, 'restored 2 runs\n');
  assert.equal((await readdir(runs)).length, 22);
});

test('ebm export writes an archive, or the metrics as CSV', async (t) => {
  const { command, folder } = await shell(t);
  const printed = await command('export', 'abcdef', '--csv', '--to', '-');
  assert.equal(printed.out, 'step,loss\n1,1\n2,0.5\n3,0.33333334\n');
  assert.equal((await command('export', 'abcdef', '--csv', '--to', 'curves.csv')).code, 0);
  assert.equal(await readFile(path.join(folder, 'curves.csv'), 'utf8'), printed.out);
  const exported = await command('export', 'abcdef');
  assert.equal(exported.code, 0, exported.errors);
  const archive = await readFile(path.join(folder, `${name}.zip`));
  assert.equal(archive.subarray(0, 2).toString(), 'PK');
  assert.ok(archive.includes(`${name}/run.json`));
  const imported = await command('import', `${name}.zip`);
  assert.equal(imported.code, 0, imported.errors);
  assert.match((await command('list')).out, /(finished.*\n.*){2}/);
  const refused = await command('import', 'curves.csv');
  assert.equal(refused.code, 2);
  assert.match(refused.errors, /no sound ZIP archive/);
});
