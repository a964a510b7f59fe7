import type { Problem } from './problem';

/** Something that a check found in an experiment. */
export interface CheckFinding extends Problem {
  /** `wrong`: it cannot train so, or trains something else. `doubtful`: it may be meant so, but seldom is. */
  readonly severity: 'wrong' | 'doubtful';
}

/** What a check tells of one side of an experiment, whatever it found. */
export interface CheckFact {
  /** `chains` */
  readonly about: string;
  /** A clause, without a full stop. */
  readonly text: string;
}

/** What was found by trying an experiment before it is trained. */
export interface CheckReport {
  /** Absolute path of the experiment. */
  readonly file: string;
  /** In the order in which they were learned; the last of a check that could not go on are missing. */
  readonly facts: readonly CheckFact[];
  /** What is wrong first. */
  readonly findings: readonly CheckFinding[];
}
