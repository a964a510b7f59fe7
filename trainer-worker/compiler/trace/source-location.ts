import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceLocation } from '../../../protocol/problem';

/** Whether a stack frame's file is the user's own code. */
export type IsUserFile = (file: string) => boolean;

/** Only these files: an experiment knows its own. */
export function userFiles(files: Iterable<string>): IsUserFile {
  const known = new Set(files);
  return (file) => known.has(file);
}

const frame = /(?:\(|at )((?:file:\/\/)?[^()\s][^()]*):(\d+):(\d+)\)?$/;

function locationOf(line: string): SourceLocation | undefined {
  const match = frame.exec(line);
  if (match === null) return undefined;
  const [, place, row, column] = match;
  const file = place!.startsWith('file://') ? fileURLToPath(place!) : place!;
  return { file, line: Number(row), column: Number(column) };
}

/** The file that this code runs from: the bundle with all of ours, where it is bundled. */
const ownFile = (new Error('here').stack ?? '')
  .split('\n')
  .map(locationOf)
  .find((location) => location !== undefined)?.file;

/** tfjs's sources as its source maps name them: beside the project, not inside node_modules. */
const mappedTfjs = /[\\/]tfjs[a-z0-9-]*[\\/]src[\\/]/;

/**
 * The user's as far as a path can tell: not Node, not an installed package, not the compiler. Where
 * the user's files are known, {@link userFiles} says it exactly.
 */
export const isUserFile: IsUserFile = (file) =>
  path.isAbsolute(file) &&
  file !== ownFile &&
  !mappedTfjs.test(file) &&
  !file.includes(`${path.sep}node_modules${path.sep}`) &&
  !file.includes(`${path.sep}trainer-worker${path.sep}`);

/**
 * The innermost place in the user's code on a stack, or undefined where there is none. Lines are
 * those of the source as far as the stack has been mapped to it (`source-map-support`).
 */
export function userLocation(
  stack: string | undefined,
  belongs: IsUserFile = isUserFile,
): SourceLocation | undefined {
  return stack
    ?.split('\n')
    .map(locationOf)
    .find((location) => location !== undefined && belongs(location.file));
}
