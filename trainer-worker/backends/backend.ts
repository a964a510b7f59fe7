import type { Arrays, Execution } from '../graph/execution';
import type { Program } from '../graph/program';

/** Something that runs compiled programs, and why it was chosen. */
export interface Backend {
  /** What the setting `ebm.backend` calls it. */
  readonly name: string;
  /** One sentence for people: what it is and why it was chosen. */
  readonly reason: string;
  /**
   * Makes a program ready to run.
   *
   * @param initial the state to begin with, by name
   */
  start(program: Program, initial?: Arrays): Promise<Execution>;
}
