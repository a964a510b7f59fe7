import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const timeoutMs = 5_000;

/**
 * The commit that a folder is at, and whether anything differs from it (the runs themselves aside).
 *
 * @returns nothing where there is no git, no repository or no commit
 */
export async function readGitState(
  folder: string,
): Promise<{ commit: string; dirty: boolean } | undefined> {
  const git = async (...args: string[]) => {
    // The repository's own settings may name programs to run; no lock is taken for just looking.
    const safe = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-C', folder];
    const { stdout } = await run('git', [...safe, ...args], {
      timeout: timeoutMs,
      windowsHide: true,
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout.trim();
  };
  try {
    const commit = await git('rev-parse', '--verify', 'HEAD');
    const changes = await git('status', '--porcelain', '--', ':/', ':(top,exclude,glob)**/.ebm/**');
    return { commit, dirty: changes !== '' };
  } catch {
    // Whatever git says, a run without a commit in its manifest is a run all the same.
    return undefined;
  }
}
