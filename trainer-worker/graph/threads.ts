import { availableParallelism } from 'node:os';
import type { Node } from './graph';
import type { Program } from './program';
import { allNodes } from './rewrite';
import { sizeOf } from './shape';

/**
 * Floating-point operations that are worth a thread of their own. A core does about 100 in a
 * nanosecond, waking a sleeping thread takes some ten microseconds, and each product waits for its
 * slowest part: below this, two threads were measured to be slower than one.
 */
const workPerThread = 4e6;

/**
 * How many threads the largest product of a program keeps busy; more would only wait for each other.
 *
 * @param program what is to run
 * @param available threads that the machine has to offer
 */
export function threadsFor(
  program: Pick<Program, 'outputs' | 'nextState'>,
  available: number = availableParallelism(),
): number {
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  const largest = allNodes(results).reduce((most, node) => Math.max(most, operations(node)), 0);
  return Math.min(available, Math.max(1, Math.floor(largest / workPerThread)));
}

/** Multiplications and additions of a product; 0 for other operations, which are lighter. */
function operations(node: Node): number {
  const [a, b] = node.inputs;
  switch (node.row.name) {
    case 'matMul':
      return 2 * sizeOf(node.shape) * a!.shape.at(node.attributes['transposeA'] ? -2 : -1)!;
    // Each number of the output sums over the filter's taps and input channels.
    case 'convolve':
      return 2 * sizeOf(node.shape) * sizeOf(b!.shape.slice(0, 3));
    case 'convolveInput':
      return 2 * sizeOf(a!.shape) * sizeOf(b!.shape.slice(0, 3));
    case 'convolveFilter':
      return 2 * sizeOf(b!.shape) * sizeOf(node.shape.slice(0, 3));
    default:
      return 0;
  }
}
