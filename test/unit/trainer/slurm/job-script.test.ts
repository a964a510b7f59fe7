import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import {
  arrayOption,
  arraysOf,
  jobScript,
  quoted,
} from '../../../../trainer-worker/trainer/slurm/job-script';
import {
  readProfile,
  secondsOf,
  slurmProfileSchema,
} from '../../../../trainer-worker/trainer/slurm/profile';
import { fc } from '../../../support/fast-check';
import { problemFrom } from '../../../support/problem';
import { temporaryFolder } from '../../../support/temporary';

const profile = slurmProfileSchema.parse({});
const command = {
  name: 'moons',
  workingFolder: '/home/a',
  node: '/usr/bin/node',
  program: '/opt/ebm.js',
  folder: '/home/a/.ebm/slurm/x',
};

/** Anything that a file may be called, and what a shell would make something of more often. */
const hostile = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.string({
      unit: fc.constantFrom("'", '"', '$', '`', '(', ')', '\\', '\n', ';', ' ', '#', 'a', '!'),
    }),
  )
  .map((text) => Buffer.from(text.replaceAll('\0', '')).toString());

test('a quoted text is one word of the shell, whatever is in it', () => {
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 20 }), (texts) => {
      const script = `printf '%s\\0' ${texts.map(quoted).join(' ')}`;
      const out = execFileSync('/bin/bash', ['-c', script], { encoding: 'utf8' });
      assert.deepEqual(out.split('\0').slice(0, -1), texts);
    }),
    { numRuns: 100 },
  );
});

test('no name of a sweep, a folder or a program adds a line or an option to the script', () => {
  const lines = jobScript(command, profile).split('\n').length;
  fc.assert(
    fc.property(hostile, hostile, hostile, (name, folder, program) => {
      const script = jobScript({ ...command, name, folder, program }, profile);
      const options = script.split('\n').filter((line) => line.startsWith('#SBATCH '));
      assert.deepEqual(
        options.slice(1),
        jobScript(command, profile)
          .split('\n')
          .filter((line) => line.startsWith('#SBATCH '))
          .slice(1),
      );
      assert.match(options[0]!, /^#SBATCH --job-name=ebm(-[A-Za-z0-9-]{1,40})?$/);
      // A line break inside quotes is a part of the word, and after all options.
      const breaks = `${folder}${program}`.split('\n').length - 1;
      assert.equal(script.split('\n').length, lines + breaks);
    }),
    { numRuns: 300 },
  );
});

test('the script runs its set-up, then becomes the process, with the words as they are', async (t) => {
  const folder = await temporaryFolder(t);
  const strange = path.join(folder, "it's $(a) folder");
  const script = jobScript(
    { ...command, workingFolder: folder, node: '/usr/bin/printf', program: '%s|', folder: strange },
    slurmProfileSchema.parse({ setup: ['export A=1', 'echo "set $A"'], wrapper: ['env', 'B=2'] }),
  );
  await writeFile(path.join(folder, 'job.sh'), script);
  const out = execFileSync('/bin/bash', [path.join(folder, 'job.sh'), '10', '2'], {
    encoding: 'utf8',
  });
  assert.equal(out, `set 1\nslurm-task|--folder|${strange}|--first|10|--trials-per-job|2|`);
});

test('a profile takes words and lines, and refuses what would be more than that', async (t) => {
  const base = await temporaryFolder(t);
  const told = (value: unknown) =>
    writeFile(path.join(base, 'slurm.json'), JSON.stringify(value)).then(() => readProfile(base));
  assert.deepEqual(await readProfile(base), profile);
  const full = {
    ...{ partition: 'gpu,cpu', account: 'phys', qos: 'long', time: '1-12:00:00', memory: '4G' },
    ...{ cores: 4, gres: 'gpu:a100:1', constraint: 'a100&ib', graceSeconds: 60 },
    ...{ setup: ['module load nodejs'], wrapper: ['apptainer', 'exec', 'my image.sif'] },
    ...{ node: '/opt/node', flags: ['--exclusive', '--mail-type=END'] },
  };
  assert.deepEqual(await told(full), full);
  const options = jobScript(command, await told(full));
  for (const option of ['--partition=gpu,cpu', '--time=1-12:00:00', '--mem=4G', '--exclusive']) {
    assert.ok(options.includes(`\n#SBATCH ${option}\n`), option);
  }
  for (const [wrong, what] of [
    [{ partition: 'a b' }, 'partition'],
    [{ partition: 'a\n#SBATCH --uid=0' }, 'partition'],
    [{ account: '$(id)' }, 'account'],
    [{ time: 'soon' }, 'time'],
    [{ setup: ['a\nb'] }, 'setup.0'],
    [{ flags: ['--wrap=x'] }, 'flags.0'],
    [{ flags: ['-p x'] }, 'flags.0'],
    [{ flags: ['--comment=a b'] }, 'flags.0'],
    [{ cores: 0 }, 'cores'],
  ] as const) {
    await assert.rejects(told(wrong), new RegExp(`slurm\\.json: .*${what}.* is wrong`));
  }
  const misspelled = await problemFrom(told({ partitions: 'a' }));
  assert.match(misspelled.message, /slurm\.json: 'partitions' is not one of its entries\./);
  assert.match(misspelled.remedy!, /partition, account, qos, time,/);
  // It would write a checkpoint and be queued again for ever.
  for (const time of ['2', '00:01:00', '1:30', '0-0:2']) {
    await assert.rejects(told({ time }), /nothing is left for training/);
  }
  await told({ time: '3' });
  await told({ time: '00:01:00', graceSeconds: 30 });
});

test('times are those that Slurm reads', () => {
  for (const [time, seconds] of [
    ['90', 5400],
    ['90:30', 5430],
    ['1:30:15', 5415],
    ['2-3', 183_600],
    ['2-3:04', 183_840],
    ['2-3:04:05', 183_845],
  ] as const) {
    assert.equal(secondsOf(time), seconds, time);
  }
});

test('arrays have at most as many tasks as the cluster lets, each task once', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(5_000), { maxLength: 300 }),
      fc.integer({ min: 1, max: 1_001 }),
      (numbers, largest) => {
        const tasks = numbers.toSorted((a, b) => a - b);
        const arrays = arraysOf(tasks, largest);
        assert.deepEqual(
          arrays.flatMap(({ first, indices }) => indices.map((index) => first + index)),
          tasks,
        );
        assert.ok(arrays.every(({ indices }) => indices.every((index) => index < largest)));
      },
    ),
  );
  assert.equal(arrayOption([0, 1, 2, 5, 7, 8], 3), '0-2,5,7-8%3');
  assert.equal(arrayOption([4], undefined), '4');
});

test('the published schema is the reader’s own; EBM_SCHEMAS=1 writes it anew', async () => {
  const file = 'schemas/slurm.schema.json';
  const schema = {
    title: 'How EBM Lab hands runs to Slurm',
    ...z.toJSONSchema(slurmProfileSchema, { io: 'input', target: 'draft-7' }),
  };
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (process.env['EBM_SCHEMAS'] === '1') await writeFile(file, text);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), JSON.parse(text));
});
