import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** An empty folder that goes away with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await makeFolder();
  removeAfter(t, folder);
  return folder;
}

/** An empty folder; to be given to {@link removeAfter} when all who use it are known to the test. */
export function makeFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'ebm-test-'));
}

/** Removes a folder after the test, and after what was registered before this call has ended. */
export function removeAfter(t: TestContext, folder: string): void {
  t.after(() => rm(folder, { recursive: true, force: true }));
}
