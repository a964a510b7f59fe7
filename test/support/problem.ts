import assert from 'node:assert/strict';
import { type Problem, ProblemError } from '../../protocol/problem';

/** The problem that `work` rejects with. */
export async function problemFrom(work: Promise<unknown>): Promise<Problem> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  return assert.fail('It did not fail.');
}
