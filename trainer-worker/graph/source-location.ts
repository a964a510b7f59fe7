import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceLocation } from '../../protocol/problem';

/** Whether a stack frame's file is the user's own code. */
export type IsUserFile = (file: string) => boolean;

/** tfjs's sources as its source maps name them: beside the project, not inside node_modules. */
const mappedTfjs = /[\\/]tfjs[a-z0-9-]*[\\/]src[\\/]/;

/** Not Node, not an installed package, not the compiler itself. */
export const isUserFile: IsUserFile = (file) =>
  !file.startsWith('node:') &&
  !mappedTfjs.test(file) &&
  !file.includes(`${path.sep}node_modules${path.sep}`) &&
  !file.includes(`${path.sep}trainer-worker${path.sep}`);

const frame = /(?:\(|at )((?:file:\/\/)?[^()\s][^()]*):(\d+):(\d+)\)?$/;

/**
 * The innermost place in the user's code on a stack, or undefined where there is none. Lines are
 * those of the source as far as the stack has been mapped to it (`source-map-support`).
 */
export function userLocation(
  stack: string | undefined,
  belongs: IsUserFile = isUserFile,
): SourceLocation | undefined {
  for (const line of (stack ?? '').split('\n')) {
    const match = frame.exec(line);
    if (match === null) continue;
    const [, place, row, column] = match;
    const file = place!.startsWith('file://') ? fileURLToPath(place!) : place!;
    if (belongs(file)) return { file, line: Number(row), column: Number(column) };
  }
  return undefined;
}
