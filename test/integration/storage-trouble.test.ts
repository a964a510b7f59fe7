/** A disk that is full, turns read-only or denies its rights while a run trains. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Peer } from '../../protocol/peer';
import { ProblemError } from '../../protocol/problem';
import type { RunState } from '../../protocol/run';
import { connectToTrainer } from '../../protocol/socket-transport';
import type { EditorSide, TrainerSide } from '../../protocol/trainer';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { readScalars } from '../../run-directory/event-file';
import { readManifest } from '../../run-directory/manifest';
import { listPreviewSteps, readPreview } from '../../run-directory/previews';
import { until } from '../support/condition';
import { makeFolder, removeAfter, temporaryFolder } from '../support/temporary';
import { ebm, experimentSource, readCurve, start } from '../support/trainer';

/** Why file systems cannot be mounted here, or false. */
const withoutMount: string | false = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root of Linux may mount';
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return false;
  } catch {
    return 'nothing may be mounted in this container';
  }
})();

/** Writes previews often and checkpoints now and then. */
const source = experimentSource({
  preview: '{ every: 20, samples: 2000, resolution: 8, chainSteps: 0 }',
  checkpoint: '{ every: 50 }',
});

/** A trainer whose runs are kept in `disk`, and what it was last heard to say. */
async function train(
  t: TestContext,
  disk: string,
  options: { prefix?: readonly string[]; sockets?: string } = {},
) {
  const directory = path.join(disk, 'run');
  await mkdir(directory, { recursive: true });
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o755);
  await writeFile(path.join(folder, 'quick.ebm.ts'), source);
  const socket = path.join(options.sockets ?? folder, 's');
  const program = start(
    t,
    [
      ...(options.prefix ?? []),
      ...[process.execPath, ebm, 'serve', '--run-directory', directory, '--socket', socket],
      ...['--task', '-'],
    ],
    {
      task: { kind: 'begin', experiment: path.join(folder, 'quick.ebm.ts'), overrides: {} },
      cwd: folder,
      env: { ...process.env, HOME: disk },
    },
  );
  const peer: Peer<EditorSide, TrainerSide> = await until('it listens', () => {
    const { exitCode } = program.process;
    if (exitCode !== null) throw new Error(`It ended (${exitCode}): ${program.errors()}`);
    return connectToTrainer(socket).catch(() => undefined);
  });
  t.after(() => peer.close());
  let state: RunState = { status: 'starting', step: 0, steps: 0 };
  peer.on('state', (now) => {
    state = now;
  });
  await peer.request('attach', {});
  await until('it has some checkpoints', async () => (await listCheckpoints(directory)).length > 2);
  return {
    directory,
    program,
    peer,
    state: () => state,
    paused: () =>
      until('it pauses with a problem', () => state.status === 'paused' && state.problem),
    goesOn: async () => {
      const { step } = state;
      await until('it goes on by itself', () => state.step > step + 20);
      assert.equal(state.problem, undefined);
      assert.equal(state.status, 'running');
    },
  };
}

/** All that is in the directory can be read, and nothing half-written lies there. */
async function assertSound(directory: string, mayLeaveTemporary = false): Promise<void> {
  const { preview } = await readManifest(directory);
  // A record that only began to be written ends the file, until it is written whole.
  let last = 0;
  for await (const { series } of readScalars(directory)) {
    for (const step of series['loss']?.steps ?? []) assert.equal(step, ++last);
  }
  assert.ok(last > 0);
  for (const step of await listCheckpoints(directory)) await readCheckpoint(directory, step);
  for (const step of await listPreviewSteps(directory))
    await readPreview(directory, step, preview!);
  if (mayLeaveTemporary) return;
  const names = await readdir(directory, { recursive: true });
  assert.deepEqual(
    names.filter((name) => name.endsWith('.tmp')),
    [],
  );
}

/** Ends the run, and compares it with one that had no trouble. */
async function assertUnharmed(
  t: TestContext,
  { directory, peer, program }: Awaited<ReturnType<typeof train>>,
  mayLeaveTemporary = false,
): Promise<void> {
  const { status, step } = await peer.request('stop', {});
  assert.equal(status, 'stopped');
  assert.equal(await program.exited, 0);
  await assertSound(directory, mayLeaveTemporary);
  assert.equal((await listCheckpoints(directory)).at(-1), step);
  const { steps, values } = await readCurve(directory);
  assert.deepEqual(
    steps,
    Array.from({ length: step }, (_, k) => k + 1),
  );
  const folder = await temporaryFolder(t);
  await writeFile(path.join(folder, 'quick.ebm.ts'), source);
  const args = ['run', 'quick.ebm.ts', '--runs', 'runs', '--steps', String(step)];
  const other = start(t, [process.execPath, ebm, ...args], { cwd: folder });
  assert.equal(await other.exited, 0, other.errors());
  const [name] = await readdir(path.join(folder, 'runs'));
  assert.deepEqual((await readCurve(path.join(folder, 'runs', name!))).values, values);
}

/** An empty file system of `megabytes` of its own, gone after the test. */
async function smallDisk(t: TestContext, megabytes: number): Promise<string> {
  const disk = await makeFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk]);
  t.after(() => {
    // All that is mounted there, one over the other.
    while (readFileSync('/proc/mounts', 'utf8').includes(` ${disk} `)) {
      execFileSync('umount', ['--lazy', disk]);
    }
  });
  removeAfter(t, disk);
  return disk;
}

/** Fills a disk to its last byte with one file. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    for (let bytes = 2 ** 16; bytes >= 1; ) {
      try {
        await handle.writeFile(new Uint8Array(bytes));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        bytes /= 16;
      }
    }
  } finally {
    await handle.close();
  }
}

test('a full disk pauses a run, and room lets it go on', { skip: withoutMount }, async (t) => {
  const disk = await smallDisk(t, 16);
  const trainer = await train(t, disk);
  await fill(path.join(disk, 'ballast'));
  const problem = await trainer.paused();
  assert.equal(problem.kind, 'storage');
  assert.match(problem.message, /Cannot write .*: ENOSPC/);
  assert.match(problem.remedy ?? '', /Free some space/);
  await assertSound(trainer.directory);
  // Asked to stop, it says why it cannot, and nothing is lost.
  await assert.rejects(trainer.peer.request('resume', {}), ProblemError);
  await rm(path.join(disk, 'ballast'));
  await trainer.goesOn();
  await assertUnharmed(t, trainer);
});

test('a run in a shell waits for room on a full disk, or ends when told to', {
  skip: withoutMount,
}, async (t) => {
  const disk = await smallDisk(t, 16);
  await writeFile(path.join(disk, 'quick.ebm.ts'), source);
  const shell = start(t, [process.execPath, ebm, 'run', 'quick.ebm.ts', '--json'], { cwd: disk });
  const ballast = path.join(disk, 'ballast');
  const isWaiting = () => shell.errors().split('goes on by itself').length - 1;
  const steps = () => shell.out().split('\n').length;
  await until('it trains', () => steps() > 10);
  await fill(ballast);
  await until('it says that it waits', () => isWaiting() === 1);
  assert.match(shell.errors(), /ENOSPC/);
  const before = steps();
  await rm(ballast);
  await until('it goes on', () => steps() > before + 5);
  await fill(ballast);
  await until('it waits again', () => isWaiting() === 2);
  shell.process.kill('SIGINT');
  assert.equal(await shell.exited, 1);
  assert.match(shell.errors(), /stopping with a checkpoint/);
});

test('a run that is to pause is not resumed by a disk that has room again', {
  skip: withoutMount,
}, async (t) => {
  const disk = await smallDisk(t, 16);
  const trainer = await train(t, disk);
  await fill(path.join(disk, 'ballast'));
  await trainer.paused();
  await assert.rejects(trainer.peer.request('stop', {}), ProblemError);
  await rm(path.join(disk, 'ballast'));
  const { step } = trainer.state();
  assert.equal((await trainer.peer.request('checkpoint', {})).status, 'paused');
  assert.equal((await listCheckpoints(trainer.directory)).at(-1), step);
  assert.equal((await trainer.peer.request('resume', {})).status, 'running');
  await assertUnharmed(t, trainer);
});

test('a disk that turns read-only pauses a run', { skip: withoutMount }, async (t) => {
  const disk = await smallDisk(t, 16);
  const trainer = await train(t, disk);
  // A file system with open files does not turn read-only on request: a view of it that is goes over it.
  const view = await makeFolder();
  execFileSync('mount', ['--bind', disk, view]);
  t.after(() => execFileSync('umount', ['--lazy', view]));
  removeAfter(t, view);
  execFileSync('mount', ['-o', 'remount,bind,ro', view]);
  execFileSync('mount', ['--bind', view, disk]);
  const problem = await trainer.paused();
  assert.match(problem.message, /EROFS/);
  assert.match(problem.remedy ?? '', /read-only/);
  // What was being written when the disk turned read-only cannot be removed from it either.
  await assertSound(trainer.directory, true);
  execFileSync('umount', ['--lazy', disk]);
  await trainer.goesOn();
  await assertUnharmed(t, trainer, true);
});

/** A user without any rights, as whom root can start a program. */
const nobody = 65_534;
/** One that has a number only, as a container may be started with. */
const nameless = 3_141_592;
const withoutSetpriv: string | false = (() => {
  if (process.getuid?.() !== 0) return 'only root can become another user';
  try {
    // That user must be able to read the trainer, too.
    execFileSync('setpriv', [
      ...[`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'],
      ...[process.execPath, ebm, '--version'],
    ]);
    return false;
  } catch {
    return 'another user cannot run the trainer here';
  }
})();

test('permission that is lost pauses a run', { skip: withoutSetpriv }, async (t) => {
  const disk = await temporaryFolder(t);
  await chmod(disk, 0o755);
  const directory = path.join(disk, 'run');
  await mkdir(directory);
  for (const folder of [disk, directory]) await chown(folder, nobody, nobody);
  const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  const trainer = await train(t, disk, { prefix, sockets: disk });
  const folders = ['.', 'samples', 'checkpoints'].map((name) => path.join(directory, name));
  for (const folder of folders) await chown(folder, 0, 0);
  const problem = await trainer.paused();
  assert.match(problem.message, /EACCES/);
  assert.match(problem.remedy ?? '', /rights/);
  // Nor can anything be removed without the right to.
  await assertSound(directory, true);
  for (const folder of folders) await chown(folder, nobody, nobody);
  await trainer.goesOn();
  await assertUnharmed(t, trainer, true);
});

test('a user without a name trains', { skip: withoutSetpriv }, async (t) => {
  assert.throws(() => execFileSync('getent', ['passwd', String(nameless)]), 'it has a name');
  const disk = await temporaryFolder(t);
  await chown(disk, nameless, nameless);
  await writeFile(path.join(disk, 'moons.ebm.ts'), experimentSource({ steps: '5' }));
  const run = start(
    t,
    [
      ...['setpriv', `--reuid=${nameless}`, `--regid=${nameless}`, '--clear-groups'],
      ...[process.execPath, ebm, 'run', 'moons.ebm.ts', '--runs', 'runs'],
    ],
    { cwd: disk },
  );
  assert.equal(await run.exited, 0, run.errors());
});
