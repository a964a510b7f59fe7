import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';

import { ProblemError } from '../../../protocol/problem';
import type { PreviewFrame, PreviewLayout } from '../../../protocol/run';
import {
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../../run-directory/checkpoints';
import { removeLeftovers, replaceFile } from '../../../run-directory/files';
import { findRun } from '../../../run-directory/find-run';
import { listRuns } from '../../../run-directory/listing';
import { readManifest, updateManifest, writeManifest } from '../../../run-directory/manifest';
import { newRunName, runIdOf } from '../../../run-directory/naming';
import {
  listPreviewSteps,
  readData,
  readPreview,
  writeData,
  writePreview,
} from '../../../run-directory/previews';
import { readAllTensors, writeSafetensors } from '../../../run-directory/safetensors';
import { fc } from '../../support/fast-check';
import { manifest } from '../../support/manifest';
import { temporaryFolder } from '../../support/temporary';

/** A storage problem whose message has this in it. */
const problem = (text: string | RegExp) => (error: unknown) =>
  error instanceof ProblemError &&
  error.problem.kind === 'storage' &&
  (typeof text === 'string' ? error.message.includes(text) : text.test(error.message));

/** Root may write anywhere, so a test of rights says nothing there. */
const asRoot = process.getuid?.() === 0 ? 'root has every right' : false;

describe('run.json', () => {
  test('reads back what was written, whole or with the least', async (t) => {
    const directory = await temporaryFolder(t);
    const { endedAt, parent, backend, git, preview, transform, worker, ...least } = manifest;
    for (const contents of [manifest, least]) {
      await writeManifest(directory, contents);
      assert.deepEqual(await readManifest(directory), contents);
    }
    assert.deepEqual(await readdir(directory), ['run.json'], 'no temporary file is left');
  });

  test('keeps what a later version added when it is updated', async (t) => {
    const directory = await temporaryFolder(t);
    await writeFile(
      path.join(directory, 'run.json'),
      JSON.stringify({ ...manifest, notes: 'a good one' }),
    );
    await updateManifest(directory, (before) => ({ ...before, seed: 8 }));
    const after = JSON.parse(await readFile(path.join(directory, 'run.json'), 'utf8'));
    assert.deepEqual(after, { ...manifest, notes: 'a good one', seed: 8 });
  });

  test('takes updates one after the other, and one that fails hinders no other', async (t) => {
    const directory = await temporaryFolder(t);
    await writeManifest(directory, { ...manifest, seed: 0 });
    const updates = Array.from({ length: 20 }, (_, index) =>
      updateManifest(directory, (before) => {
        if (index === 7) throw new Error('seven');
        return { ...before, seed: before.seed + 1 };
      }),
    );
    const results = await Promise.allSettled(updates);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 1);
    assert.equal((await readManifest(directory)).seed, 19);
  });

  const broken: [what: string, text: string, message: RegExp][] = [
    ['cut short', JSON.stringify(manifest).slice(0, 100), /run\.json: it is not JSON/],
    ['empty', '', /it is not JSON/],
    ['a list', '[]', /the whole/],
    ['of another kind', '{"name": "x"}', /'formatVersion' is wrong/],
    ['of a later format', JSON.stringify({ ...manifest, formatVersion: 2 }), /format version 2/],
    [
      'of a configuration that is nested without end',
      JSON.stringify({ ...manifest, config: 'deep' }).replace(
        '"deep"',
        `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      ),
      /'config' is wrong: is nested too deeply/,
    ],
    [
      'with rungs that do not ascend',
      JSON.stringify({
        ...manifest,
        group: { ...manifest.group, halving: { eta: 3, rungs: [100, 10] } },
      }),
      /'group\.halving\.rungs' is wrong: must ascend/,
    ],
    [
      'with a wrong status',
      JSON.stringify({ ...manifest, state: { ...manifest.state, status: 'asleep' } }),
      /'state\.status' is wrong/,
    ],
    [
      'that points outside itself',
      JSON.stringify({ ...manifest, experiment: { ...manifest.experiment, source: '../../x' } }),
      /'experiment\.source' is wrong/,
    ],
    [
      'that points outside itself the Windows way',
      JSON.stringify({ ...manifest, experiment: { ...manifest.experiment, source: 'C:\\x' } }),
      /'experiment\.source' is wrong/,
    ],
  ];
  for (const [what, text, message] of broken) {
    test(`${what} is refused with the file, the place and a remedy`, async (t) => {
      const directory = await temporaryFolder(t);
      await writeFile(path.join(directory, 'run.json'), text);
      await assert.rejects(readManifest(directory), (error) => {
        assert.ok(problem(message)(error), String(error));
        assert.ok((error as ProblemError).problem.remedy);
        assert.ok((error as ProblemError).message.startsWith(path.join(directory, 'run.json')));
        return true;
      });
    });
  }

  test('that is missing, a folder, a link or a pipe is refused at once', async (t) => {
    const directory = await temporaryFolder(t);
    const file = path.join(directory, 'run.json');
    await assert.rejects(readManifest(directory), problem('ENOENT'));
    await mkdir(file);
    await assert.rejects(readManifest(directory), problem('it is not what a run directory has'));
    const elsewhere = await temporaryFolder(t);
    await writeManifest(elsewhere, manifest);
    await rename(file, `${file}.folder`);
    await symlink(path.join(elsewhere, 'run.json'), file);
    await assert.rejects(readManifest(directory), problem('symbolic link'));
    await assert.rejects(writeManifest(directory, { ...manifest, seed: 1 }), problem('symbolic'));
    assert.equal((await readManifest(elsewhere)).seed, manifest.seed);
    await rename(file, `${file}.link`);
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [file]);
      await assert.rejects(readManifest(directory), problem('it is not what a run directory has'));
    }
  });

  test('with any damage is a manifest, or a problem', async (t) => {
    const directory = await temporaryFolder(t);
    const whole = Buffer.from(JSON.stringify(manifest));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          await writeFile(path.join(directory, 'run.json'), bytes);
          try {
            assert.equal((await readManifest(directory)).formatVersion, 1);
          } catch (thrown) {
            assert.ok(problem('run.json')(thrown), String(thrown));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('in a folder without rights names the folder and the remedy', {
    skip: asRoot,
  }, async (t) => {
    const directory = await temporaryFolder(t);
    await chmod(directory, 0o500);
    await assert.rejects(writeManifest(directory, manifest), (error) => {
      assert.match((error as ProblemError).problem.remedy ?? '', /rights/);
      return problem('EACCES')(error);
    });
  });
});

describe('a file that is replaced', () => {
  test('what a dead process left is removed, what others write just now is not, nor does it matter if it goes', async (t) => {
    const directory = await temporaryFolder(t);
    const left = (name: string, k: number) => `.${name}.${k.toString(16).padStart(12, '0')}.tmp`;
    const others = [left('own.beat', 1), left('some.request.json', 2), 'file.tmp', '.hidden'];
    const dead = Array.from({ length: 200 }, (_, k) => left('dead.beat', 10 + k));
    for (const name of [...others, ...dead]) await writeFile(path.join(directory, name), '');
    const isDead = (name: string) => name === 'dead.beat';
    // Several at once find the same names: most are gone by the time that it is their turn.
    await Promise.all([1, 2, 3].map(() => removeLeftovers(directory, ['.', 'none'], isDead)));
    assert.deepEqual((await readdir(directory)).sort(), others.sort());
    await removeLeftovers(directory, ['.']);
    assert.deepEqual((await readdir(directory)).sort(), ['.hidden', 'file.tmp']);
  });

  test('keeps its old content when the new one cannot be written', async (t) => {
    const directory = await temporaryFolder(t);
    await replaceFile(directory, 'a/b.bin', [Buffer.from('old')]);
    // Contents that fail in the middle of being written, as on a disk that fills up.
    const contents = [Buffer.from('new'), null as unknown as Uint8Array];
    await assert.rejects(replaceFile(directory, 'a/b.bin', contents), problem('a/b.bin'));
    assert.equal(await readFile(path.join(directory, 'a/b.bin'), 'utf8'), 'old');
    assert.deepEqual(await readdir(path.join(directory, 'a')), ['b.bin']);
  });

  test('never lies outside its directory', async (t) => {
    const directory = await temporaryFolder(t);
    for (const place of ['../x', 'a/../../x', '..']) {
      await assert.rejects(replaceFile(directory, place, []), problem('outside'));
    }
  });
});

describe('the name of a run', () => {
  test('is a safe file name for any experiment, and tells time, slug and id', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('2000-01-01'),
          max: new Date('2100-01-01'),
          noInvalidDate: true,
        }),
        fc.string({ unit: 'binary' }),
        (createdAt, file) => {
          const { id, directoryName } = newRunName(createdAt, file);
          assert.match(directoryName, /^\d{8}-\d{6}-[a-z0-9]+(-[a-z0-9]+)*-[a-z0-9]{10}$/);
          assert.ok(directoryName.length <= 70);
          assert.equal(runIdOf(directoryName), id);
        },
      ),
    );
  });

  test('reads well', () => {
    const createdAt = new Date('2026-02-03T04:05:06.789Z');
    const name = (file: string) => newRunName(createdAt, file).directoryName.slice(0, -11);
    assert.equal(name('/home/me/two-moons.ebm.ts'), '20260203-040506-two-moons');
    assert.equal(name('C:\\Users\\Zoë\\Süße Monde.ebm.ts'), '20260203-040506-su-e-monde');
    assert.equal(name('月.ebm.ts'), '20260203-040506-run');
    assert.equal(runIdOf('my own folder'), undefined);
  });
});

describe('a list of runs', () => {
  test('has the newest first, and the broken ones with their problem', async (t) => {
    const runs = await temporaryFolder(t);
    for (const day of [3, 1, 2]) {
      const directory = path.join(runs, `2026020${day}-000000-a-${'abcdefghjk'}`);
      await mkdir(directory);
      await writeManifest(directory, { ...manifest, createdAt: `2026-02-0${day}T00:00:00.000Z` });
    }
    await mkdir(path.join(runs, '20260202-120000-broken-abcdefghjk'));
    await mkdir(path.join(runs, 'photos'));
    await mkdir(path.join(runs, '.hidden'));
    await writeFile(path.join(runs, 'notes.txt'), '');
    await symlink('/', path.join(runs, 'link'));
    const listed = (await listRuns(runs)).map((run) => [
      path.basename(run.directory),
      'manifest' in run ? run.manifest.createdAt : run.problem.kind,
    ]);
    assert.deepEqual(listed, [
      ['20260203-000000-a-abcdefghjk', '2026-02-03T00:00:00.000Z'],
      ['20260202-120000-broken-abcdefghjk', 'storage'],
      ['20260202-000000-a-abcdefghjk', '2026-02-02T00:00:00.000Z'],
      ['20260201-000000-a-abcdefghjk', '2026-02-01T00:00:00.000Z'],
      ['photos', 'storage'],
      ['link', 'storage'],
    ]);
  });

  test('is empty where there is no folder, and a problem where there is a file', async (t) => {
    const folder = await temporaryFolder(t);
    assert.deepEqual(await listRuns(path.join(folder, 'none')), []);
    await writeFile(path.join(folder, 'file'), '');
    await assert.rejects(listRuns(path.join(folder, 'file')), problem('ENOTDIR'));
  });
});

describe('samples/', () => {
  const layout: PreviewLayout = {
    dimensions: 2,
    axes: ['a', 'b'],
    bounds: [
      [0, 1],
      [0, 1],
    ],
    resolution: 2,
  };
  const frame: PreviewFrame = {
    step: 50,
    samples: Float32Array.of(1, 2, 3, 4, 5, 6),
    count: 3,
    field: Float32Array.of(1, 2, 3, Number.NaN),
  };

  test('reads back previews and data, exactly sized', async (t) => {
    const directory = await temporaryFolder(t);
    assert.deepEqual(await listPreviewSteps(directory), []);
    assert.equal(await readData(directory), undefined);
    await writePreview(directory, frame, layout);
    const { field, ...plain } = frame;
    await writePreview(directory, { ...plain, step: 1_000_000_000 }, layout);
    await writePreview(directory, { ...plain, step: 0 }, layout);
    const data = { values: Float32Array.of(1, 2, 3, 4), count: 2 };
    await writeData(directory, data);
    assert.deepEqual(await listPreviewSteps(directory), [0, 50, 1_000_000_000]);
    const read = await readPreview(directory, 50, layout);
    assert.deepEqual(read, frame);
    assert.equal(read.samples.buffer.byteLength, 24);
    assert.deepEqual(await readPreview(directory, 0, layout), { ...plain, step: 0 });
    assert.deepEqual(await readData(directory), data);
  });

  test('reads back what is known of the rows, and refuses what does not fit them', async (t) => {
    const directory = await temporaryFolder(t);
    const known: PreviewFrame = {
      ...frame,
      energies: {
        samples: Float32Array.of(1, Number.NaN, 3),
        data: Float32Array.of(4, 5),
        heldOut: Float32Array.of(6),
        outOfDistribution: Float32Array.of(7, 8, 9),
      },
      ages: Float32Array.of(10, 0, 2),
      classes: Float32Array.of(1, 0, 1),
      classFields: { values: Float32Array.of(1, 2, 3, 4, 5, Number.NaN, 7, 8), resolution: 2 },
      paths: {
        values: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
        chains: 2,
        iterations: [0, 40],
      },
      logPartition: -2.5,
      filters: {
        values: Float32Array.of(1, -2, 3, -4, 5, -6),
        height: 1,
        width: 3,
        channels: 1,
        units: Float32Array.of(4, 9),
        of: 12,
      },
    };
    await writePreview(directory, known, layout);
    assert.deepEqual(await readPreview(directory, 50, layout), known);
    const { samples, data } = known.energies!;
    const fewer = { ...frame, step: 60, energies: { samples, data } };
    await writePreview(directory, fewer, layout);
    assert.deepEqual(await readPreview(directory, 60, layout), fewer);
    const labelled = {
      values: Float32Array.of(1, 2, 3, 4),
      count: 2,
      labels: Float32Array.of(1, 0),
    };
    await writeData(directory, labelled);
    assert.deepEqual(await readData(directory), labelled);

    await writePreview(directory, { ...frame, step: 70, ages: Float32Array.of(1) }, layout);
    await assert.rejects(
      readPreview(directory, 70, layout),
      problem("000000070.known.safetensors: 'ages' has 1 numbers, not 3"),
    );
    await writePreview(directory, { ...frame, step: 75 }, layout);
    const nameless = { name: 'filters', shape: [2, 1, 3, 1], data: known.filters!.values };
    await writeFile(
      path.join(directory, 'samples/000000075.known.safetensors'),
      writeSafetensors([nameless], {}),
    );
    await assert.rejects(readPreview(directory, 75, layout), problem("'filters' are not pictures"));
    const uneven = path.join(directory, 'samples/000000050.known.safetensors');
    const tensor = { name: 'fields/classes', shape: [2, 2, 1], data: new Float32Array(4) };
    await writeFile(uneven, writeSafetensors([tensor], {}));
    await assert.rejects(
      readPreview(directory, 50, layout),
      problem("'fields/classes' is 2 × 2 × 1, which is no square fields"),
    );
    await writePreview(directory, { ...known, step: 80 }, layout);
    await truncate(path.join(directory, 'samples/000000080.known.safetensors'), 200);
    await assert.rejects(readPreview(directory, 80, layout), problem('known.safetensors: byte'));
    await writeData(directory, { ...labelled, labels: Float32Array.of(1, 0) });
    await writeData(directory, { values: Float32Array.of(1, 2), count: 1 });
    await assert.rejects(readData(directory), problem('asks for 1 rows of one column'));
  });

  test('keeps the energies of a line as one row', async (t) => {
    const directory = await temporaryFolder(t);
    const line = { dimensions: 1, axes: ['x'], bounds: [[0, 1]], resolution: 5 } as const;
    const samples = Float32Array.of(0.5, 0.25);
    const kept = { step: 7, samples, count: 2, field: Float32Array.of(5, 4, 3, 2, 1) };
    await writePreview(directory, kept, line);
    assert.deepEqual(await readPreview(directory, 7, line), kept);
    await assert.rejects(
      readPreview(directory, 7, { ...line, resolution: 4 }),
      problem('asks for 1 rows and 4 columns'),
    );
    // A run of an older version that goes on has no room for them.
    await writePreview(directory, { ...kept, step: 8 }, { ...line, resolution: 0 });
    assert.deepEqual(await readPreview(directory, 8, line), { step: 8, samples, count: 2 });
  });

  test('refuses previews that are missing, torn, of another shape, or behind a link', async (t) => {
    const directory = await temporaryFolder(t);
    await writePreview(directory, frame, layout);
    await assert.rejects(readPreview(directory, 51, layout), problem('000000051.samples.npy'));
    await assert.rejects(
      readPreview(directory, 50, { ...layout, dimensions: 3 }),
      problem('3 rows and 2 columns'),
    );
    await assert.rejects(
      readPreview(directory, 50, { ...layout, resolution: 4 }),
      problem('asks for 4 rows and 4 columns'),
    );
    await truncate(path.join(directory, 'samples/000000050.field.npy'), 130);
    await assert.rejects(readPreview(directory, 50, layout), problem('000000050.field.npy: byte'));
    const other = await temporaryFolder(t);
    await symlink(path.join(directory, 'samples'), path.join(other, 'samples'));
    await assert.rejects(listPreviewSteps(other), problem('symbolic link'));
    await assert.rejects(readPreview(other, 50, layout), problem('symbolic link'));
    await assert.rejects(writePreview(other, { ...frame, step: 60 }, layout), problem('symbolic'));
    assert.deepEqual(await listPreviewSteps(directory), [50]);
  });
});

describe('checkpoints', () => {
  const tensors = [{ name: 'w', shape: [2], data: Float32Array.of(1, 2) }];
  const checkpoint = (step: number) => ({ step, tensors, metadata: { step: String(step) } });

  test('are safetensors files named by their step', async (t) => {
    const directory = await temporaryFolder(t);
    const place = await writeCheckpoint(directory, checkpoint(12));
    assert.equal(place, 'checkpoints/000000012.safetensors');
    assert.deepEqual(readAllTensors(await readFile(path.join(directory, place))), {
      tensors,
      metadata: { step: '12' },
    });
    assert.deepEqual(await readCheckpoint(directory, 12), checkpoint(12));
  });

  test('are listed by step, whatever else lies there, and pruned from the oldest', async (t) => {
    const directory = await temporaryFolder(t);
    assert.deepEqual(await listCheckpoints(directory), []);
    for (const step of [1_000_000_000, 5, 40]) await writeCheckpoint(directory, checkpoint(step));
    const folder = path.join(directory, 'checkpoints');
    await mkdir(path.join(folder, '000000041.safetensors'));
    await writeFile(path.join(folder, '.000000042.safetensors.ab.tmp'), 'torn');
    await writeFile(path.join(folder, 'notes.txt'), 'mine');
    await symlink('000000005.safetensors', path.join(folder, '000000043.safetensors'));
    assert.deepEqual(await listCheckpoints(directory), [5, 40, 1_000_000_000]);
    await pruneCheckpoints(directory, 1, 5);
    assert.deepEqual(await listCheckpoints(directory), [5, 1_000_000_000]);
    await writeCheckpoint(directory, checkpoint(40));
    await pruneCheckpoints(directory, 2);
    assert.deepEqual(await listCheckpoints(directory), [40, 1_000_000_000]);
    assert.equal((await readdir(folder)).length, 6);
  });

  test('that are broken, of another step or behind a link are refused', async (t) => {
    const directory = await temporaryFolder(t);
    const folder = path.join(directory, 'checkpoints');
    await writeCheckpoint(directory, checkpoint(1));
    const file = (step: number) => path.join(folder, `00000000${step}.safetensors`);
    await rename(file(1), file(2));
    await assert.rejects(readCheckpoint(directory, 2), problem(/metadata speak of step 1/));
    await truncate(file(2), 20);
    await assert.rejects(readCheckpoint(directory, 2), problem('does not fit into the file'));
    await symlink(file(2), file(3));
    await assert.rejects(readCheckpoint(directory, 3), problem('symbolic link'));
    await assert.rejects(readCheckpoint(directory, 4), problem('file'));
    await rename(folder, path.join(directory, 'elsewhere'));
    await symlink('elsewhere', folder);
    await assert.rejects(listCheckpoints(directory), problem('symbolic link'));
  });
});

test('a run is found by its path, its id, its name, or the beginning of these if only one fits', async (t) => {
  const runs = await temporaryFolder(t);
  const add = async (id: string, name: string) => {
    const directory = path.join(runs, `20260101-000000-${name}-${id}`);
    await mkdir(directory);
    await writeManifest(directory, { ...manifest, id, name });
    return directory;
  };
  const moons = await add('abcdefghjk', 'moons');
  const again = await add('abcdxyzwww', 'moons again');
  assert.equal(await findRun(moons, '/nowhere'), moons);
  assert.equal(await findRun('abcdefghjk', runs), moons);
  assert.equal(await findRun('abcde', runs), moons);
  assert.equal(await findRun('moons', runs), moons);
  assert.equal(await findRun('moons a', runs), again);
  assert.equal(await findRun(path.basename(again), runs), again);
  const refused = (text: RegExp) => (error: unknown) =>
    error instanceof ProblemError && text.test(`${error.message} ${error.problem.remedy}`);
  await assert.rejects(findRun('abcd', runs), refused(/may be any of 2 runs.*abcdefghjk/));
  await assert.rejects(findRun('zz', runs), refused(/is no run in .*moons-abcdefghjk/));
  await assert.rejects(findRun('zz', path.join(runs, 'none')), refused(/path of a run directory/));
  // An unset variable of a shell is no run, also where there is one alone.
  await rm(again, { recursive: true });
  for (const nothing of ['', ' ']) {
    await assert.rejects(findRun(nothing, runs), refused(/name of the run is empty/));
  }
});
