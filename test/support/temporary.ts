import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** An empty folder that goes away with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ebm-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Why a check against NumPy has to be left out here, or false. */
export const withoutNumpy: string | false = (() => {
  try {
    execFileSync('python3', ['-c', 'import numpy'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'python3 with numpy is not installed here';
  }
})();
