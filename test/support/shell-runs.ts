/** Runs that are started from a shell, in a folder of a test. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { listCheckpoints, readCheckpoint } from '../../run-directory/checkpoints';
import { readManifest } from '../../run-directory/manifest';
import { ebm, type Program, readCurve, start } from './trainer';

/** `ebm` with arguments, in a folder; runs are kept in its folder `runs`. */
export function command(t: TestContext, folder: string, ...args: string[]): Program {
  return start(t, [process.execPath, ebm, ...args, '--runs', 'runs'], { cwd: folder });
}

/** Waits for its end, which is to be a good one. */
export async function succeed(program: Program): Promise<void> {
  assert.equal(await program.exited, 0, program.errors());
}

/** Waits for its end, which is to be a refusal. */
export async function refuse(program: Program, why: RegExp): Promise<void> {
  assert.equal(await program.exited, 2, program.out());
  assert.match(program.errors(), why);
}

/** The run directories in a folder, oldest first. */
export async function runsIn(folder: string): Promise<string[]> {
  const runs = path.join(folder, 'runs');
  const manifests = await Promise.all(
    (await readdir(runs)).map(async (name) => {
      const directory = path.join(runs, name);
      return { directory, manifest: await readManifest(directory).catch(() => undefined) };
    }),
  );
  return manifests
    .filter(({ manifest }) => manifest !== undefined)
    .sort((a, b) => (a.manifest!.createdAt < b.manifest!.createdAt ? -1 : 1))
    .map(({ directory }) => directory);
}

/** Everything that a run ends in, as bits: its curve and its last checkpoint. */
export async function result(directory: string) {
  const { steps, values } = await readCurve(directory);
  const { step, tensors } = await readCheckpoint(
    directory,
    (await listCheckpoints(directory)).at(-1)!,
  );
  return { steps, values, step, tensors };
}
