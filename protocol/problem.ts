/** A position in a user's file. Lines and columns count from 1, as editors show them. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * What kind of trouble it is; decides who is told and how (a squiggle, a toast, a paused run).
 *
 * - `experiment`: the user's file or its options are wrong
 * - `data`: the data are missing, malformed or not finite
 * - `training`: a quantity became NaN or infinite
 * - `storage`: the run directory cannot be read or written
 * - `worker`: the trainer process did not start, died or does not answer
 * - `environment`: the editor, workspace or machine lacks something
 * - `internal`: a defect of EBM Lab itself
 */
export type ProblemKind =
  | 'experiment'
  | 'data'
  | 'training'
  | 'storage'
  | 'worker'
  | 'environment'
  | 'internal';

/** One trouble, as it crosses processes and is stored in `run.json`: what, where, and the remedy. */
export interface Problem {
  readonly kind: ProblemKind;
  /** What happened, one sentence, no trailing stack. */
  readonly message: string;
  /** What the user can do about it, one sentence. */
  readonly remedy?: string;
  /** Where in the user's file, if it has a place there. */
  readonly location?: SourceLocation;
  /** Stack or the last lines of stderr; goes to the log, never into a toast. */
  readonly detail?: string;
}

/** The error that carries a {@link Problem}, inside a process and (by `Peer`) across processes. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.message, options);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** The problem an unknown thrown value stands for; anything that is not a `ProblemError` is ours. */
export function problemOf(thrown: unknown, kind: ProblemKind = 'internal'): Problem {
  if (thrown instanceof ProblemError) return thrown.problem;
  if (thrown instanceof Error) {
    return { kind, message: thrown.message, ...(thrown.stack ? { detail: thrown.stack } : {}) };
  }
  return { kind, message: String(thrown) };
}
