import { availableParallelism } from 'node:os';
import { type Body, type Node, topologicalOrder, type Values } from './graph';
import type { Program } from './program';
import { allNodes } from './rewrite';
import { sizeOf } from './shape';
import { type ShardedProgram, shardProgram } from './shard';

/**
 * Floating-point operations that are worth a thread of their own. A core does about 100 in a
 * nanosecond, so this is 40 microseconds; waking a sleeping thread takes some ten. With products of a
 * quarter of this, two threads were measured to be slower than one.
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

/** Fewer rows than this, and products no longer run at a core's speed. */
const rowsPerShard = 32;
/** More shards than this gain little: the rest of a step is not shared, and sums over shards grow. */
const mostShards = 8;
/** Iterations to reckon with where they are known only when the program runs. */
const usualIterations = 20;
/** Operations that sharing a step out must save: 0.6 milliseconds, several times what threads cost it. */
const worthSharing = 3e7;
/** Operations that handing one number from a shard to the rest of the program is worth. */
const perCrossing = 100;

/**
 * A program shared out over as many threads as gain from it, or undefined where one session is as good.
 * It follows from the program and the number of cores alone: what is timed may differ from run to run,
 * and with it the last bits of the results.
 *
 * @param available threads that the machine has to offer
 */
export function sharedOut(
  program: Program,
  available: number = availableParallelism(),
): ShardedProgram | undefined {
  const { batch } = program;
  if (batch === undefined) return undefined;
  if (batch.shards !== undefined) {
    return batch.shards > 1 ? shardProgram(program, batch.rows, batch.shards) : undefined;
  }
  const most = Math.min(available, mostShards, Math.floor(batch.rows / rowsPerShard));
  const shards = countsUpTo(most).find((count) => batch.rows % count === 0);
  if (shards === undefined || shards < 2) return undefined;
  const sharded = shardProgram(program, batch.rows, shards);
  const saved = (shards - 1) * work(sharded.parts);
  const numbers = sharded.crossings.reduce((total, { part }) => total + sizeOf(part.shape), 0);
  return saved > worthSharing + perCrossing * shards * numbers ? sharded : undefined;
}

/** From the largest down. */
function countsUpTo(most: number): number[] {
  return Array.from({ length: Math.max(0, most) }, (_, index) => most - index);
}

/** Operations of all products that running the results computes, loops as often as they run. */
function work(results: readonly Node[]): number {
  return topologicalOrder(results).reduce((total, node) => {
    const body = node.attributes['body'] as Body | undefined;
    if (body === undefined) return total + operations(node);
    const count = node.inputs[0]!.attributes['values'] as Values | undefined;
    return total + (count?.[0] ?? usualIterations) * work(body.results);
  }, 0);
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
