import { createHash } from 'node:crypto';
import type { Node } from '../graph/graph';
import type { Program } from '../graph/program';
import { allNodes } from '../graph/rewrite';
import type { Arrays } from '../run/execution';

/**
 * What decides how long a run of a program takes, as a short text: its operations with their shapes,
 * and how often its loops go round. Constants do not count, so that another learning rate is the same
 * size.
 */
export function programSize(program: Program, feeds: Arrays): string {
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  const counts = Object.values(feeds).flatMap((values) =>
    values instanceof Int32Array && values.length === 1 ? [values[0]] : [],
  );
  const described = allNodes(results).map(({ op, shape }: Node) => `${op.name}[${shape.join()}]`);
  return createHash('sha256')
    .update([...described.sort(), ...counts].join(' '))
    .digest('hex')
    .slice(0, 16);
}
