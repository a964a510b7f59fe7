import { type ExecFileException, execFile } from 'node:child_process';
import { devNull } from 'node:os';
import { excerpt } from '../../methods/options/excerpt';
import { boundedDiff } from './bounded-diff';

const timeoutMs = 5_000;
/** What git may print; of a diff, what comes after is cut. */
const mostPrinted = 16 * 2 ** 20;

/** The state of the repository that a folder is in. */
export interface GitState {
  readonly commit: string;
  /** Whether anything differs from the commit (the runs themselves aside). */
  readonly dirty: boolean;
  /** How tracked text differs from the commit, as `git apply` takes it; absent where it does not. */
  readonly diff?: Uint8Array;
}

/** Runs are not part of what they were made of. */
const besideRuns = ['--', ':/', ':(top,exclude,glob)**/.ebm/**'];

/**
 * The commit that a folder is at, and how what is there differs from it.
 *
 * The repository may come from anywhere, and its settings may name programs: none of them is run, no
 * lock is taken and nothing is fetched.
 *
 * @param warn hears why the commit cannot be told where there is a repository
 * @returns nothing where there is no git, no repository or no commit; never rejects
 */
export async function readGitState(
  folder: string,
  warn: (text: string) => void = () => undefined,
): Promise<GitState | undefined> {
  try {
    const commit = String((await git(folder, 'rev-parse', '--verify', 'HEAD')).printed).trim();
    const safe = await withoutFilters(folder);
    const submodules = '--ignore-submodules=dirty';
    const status = [...safe, 'status', '--porcelain', submodules, ...besideRuns];
    if ((await git(folder, ...status)).printed.length === 0) return { commit, dirty: false };
    const diff = await readDiff(folder, [...safe, 'diff', submodules]).catch(() => undefined);
    return { commit, dirty: true, ...(diff ? { diff } : {}) };
  } catch (thrown) {
    // Whatever git says, a run without a commit in its manifest is a run all the same.
    const trouble = troubleIn(thrown);
    if (trouble !== undefined) warn(`The commit that this run is of is not recorded: ${trouble}`);
    return undefined;
  }
}

/** What git says where there is nothing to record. */
const nothingThere = /not a git repository|needed a single revision/i;

/** Why git cannot tell the commit, and what helps; nothing where there is none. */
function troubleIn(thrown: unknown): string | undefined {
  const { code, killed, message } = thrown as ExecFileException;
  if (code === 'ENOENT' || nothingThere.test(message)) return undefined;
  if (killed) return `git took longer than ${timeoutMs / 1000} s.`;
  // The first line is the command.
  const said = message.split('\n').find((line) => line.startsWith('fatal: ')) ?? message;
  const owner = /dubious ownership in repository at '(.*)'/.exec(said);
  return owner
    ? `git trusts no repository that belongs to another user. If this one may be trusted: git config --global --add safe.directory '${excerpt(owner[1]!, 500)}'`
    : excerpt(said.replace(/^fatal: /, 'git says: '), 300);
}

async function readDiff(
  folder: string,
  command: readonly string[],
): Promise<Uint8Array | undefined> {
  const { printed, isWhole } = await git(
    folder,
    ...command,
    ...['--no-ext-diff', '--no-textconv', '--submodule=short', '--no-color', '--no-renames'],
    // Whatever the user has set, these make it a patch.
    ...['--src-prefix=a/', '--dst-prefix=b/', '--no-relative', '--patch', '--unified=3'],
    'HEAD',
    ...besideRuns,
  );
  return printed.length === 0 ? undefined : boundedDiff(printed, isWhole);
}

/** Settings that turn off every filter that the repository names: `git diff` would run them. */
async function withoutFilters(folder: string): Promise<string[]> {
  const pattern = ['--get-regexp', '^filter\\.'];
  const listed = await git(folder, 'config', '--null', '--name-only', ...pattern).catch(
    (error: { readonly code?: unknown }) => {
      // Git's answer where there are none. Whatever else goes wrong, they would stay on.
      if (error.code === 1) return { printed: Buffer.alloc(0), isWhole: true };
      throw error;
    },
  );
  if (!listed.isWhole) throw new Error('There are too many filters to turn off.');
  const names = String(listed.printed)
    .split('\0')
    .flatMap((key) => /^filter\.(.+)\.[^.]+$/s.exec(key)?.[1] ?? []);
  // Of such a name git would take the first part for all of it.
  if (names.some((name) => name.includes('='))) throw new Error('A filter cannot be turned off.');
  return [...new Set(names)].flatMap((name) =>
    ['clean=', 'smudge=', 'process=', 'required=false'].flatMap((setting) => [
      '-c',
      `filter.${name}.${setting}`,
    ]),
  );
}

/** What git prints, up to a limit. Rejects where it fails. */
function git(
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly printed: Buffer; readonly isWhole: boolean }> {
  const safe = [
    ...['--no-optional-locks', '--no-pager', '-C', folder],
    ...['-c', 'core.fsmonitor=false', '-c', `core.hooksPath=${devNull}`],
  ];
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...safe, ...args],
      {
        encoding: 'buffer',
        timeout: timeoutMs,
        windowsHide: true,
        maxBuffer: mostPrinted,
        // A partial clone would fetch what it lacks, over whatever its settings name.
        env: { ...process.env, GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none', LC_ALL: 'C' },
      },
      (error, printed) => {
        const isWhole = error === null;
        if (isWhole || error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
          resolve({ printed, isWhole });
        } else reject(error);
      },
    );
  });
}
