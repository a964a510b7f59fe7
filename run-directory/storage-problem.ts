import { type Problem, ProblemError } from '../protocol/problem';

const remedies: { readonly [code: string]: string } = {
  ENOSPC: 'Free some space on that disk, then go on.',
  EDQUOT: 'Your disk quota is used up: remove something, then go on.',
  EFBIG: 'The file reached the largest size allowed here: raise the limit (ulimit -f), then go on.',
  EACCES: 'Give yourself the rights to that place, or choose another folder for the runs.',
  EPERM: 'Give yourself the rights to that place, or choose another folder for the runs.',
  EROFS: 'That file system is read-only: choose another folder for the runs.',
  ENOENT: 'It was moved or deleted: put it back or remove the run directory.',
  EEXIST: 'Something of that name is in the way: move it or choose another folder for the runs.',
  ENOTDIR: 'A part of that path is a file, not a folder: choose another folder for the runs.',
  EISDIR: 'A folder stands where a file should be: move it away.',
  ELOOP: 'A symbolic link stands there, which is never followed: put the real file in its place.',
  ENAMETOOLONG: 'Choose a folder with a shorter path for the runs.',
  EMFILE: 'Too many files are open: close other programs or raise the limit (ulimit -n).',
  ENFILE: 'Too many files are open: close other programs or raise the limit (ulimit -n).',
  EIO: 'The disk reported an error: check it, and copy the run elsewhere while it can be read.',
};

/** What to tell of a file that is not what it should be. */
export function brokenFile(file: string, what: string, remedy: string): ProblemError {
  return new ProblemError({ kind: 'storage', message: `${file}: ${what}`, remedy });
}

/**
 * What to tell when the system refuses a file operation.
 *
 * @param doing completes “Cannot …”, for example `write` or `read`
 */
export function storageProblem(thrown: unknown, file: string, doing: string): ProblemError {
  if (thrown instanceof ProblemError) return thrown;
  const code = errorCode(thrown);
  const why = thrown instanceof Error ? thrown.message.replace(/, \w+ '.*$/s, '') : String(thrown);
  const remedy = code === undefined ? undefined : remedies[code];
  const problem: Problem = {
    kind: 'storage',
    message: `Cannot ${doing} ${file}: ${why}.`,
    ...(remedy ? { remedy } : {}),
  };
  return new ProblemError(problem, { cause: thrown });
}

/** The system's name of an error (`ENOENT`), if it has one. */
export function errorCode(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
