import { flopsOf } from '../graph/ledger';
import type { Program } from '../graph/program';
import { allNodes } from '../graph/rewrite';
import { sizeOf } from '../graph/shape';
import { splitBatches } from '../passes/split-batches';
import { availableCores } from './cores';
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
  available: number = availableCores(),
): number {
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  const products = allNodes(results).map((node) => node.op.flops?.(node) ?? 0);
  const largest = products.reduce((most, flops) => Math.max(most, flops), 0);
  return Math.min(available, Math.max(1, Math.floor(largest / workPerThread)));
}

/** Fewer rows than this, and products no longer run at a core's speed. */
const rowsPerShard = 32;
/** More shards than this gain little: the rest of a step is not shared, and sums over shards grow. */
const mostShards = 8;
/** Operations that sharing a step out must save: 0.6 milliseconds, several times what threads cost it. */
const worthSharing = 3e7;
/**
 * Operations that handing one number from a shard to the rest of the program is worth: it is written, copied,
 * read and added, 3.3 ns in all for the 393 thousand of a Boltzmann machine's gradient. A step of that
 * takes 7.8 ms in two shards, and 5.3 in one session whose products have two threads.
 */
const perCrossing = 400;

/**
 * A program shared out over as many threads as gain from it, or undefined where one session is as good.
 * It follows from the program and the number of cores alone: what is timed may differ from run to run,
 * and with it the last bits of the results.
 *
 * @param available threads that the machine has to offer
 */
export function sharedOut(
  program: Program,
  available: number = availableCores(),
): ShardedProgram | undefined {
  const { batch } = program;
  if (batch === undefined) return undefined;
  if (batch.shards !== undefined) {
    return batch.shards > 1 ? mostShared(program, batch.rows, batch.shards) : undefined;
  }
  const most = Math.min(available, mostShards, Math.floor(batch.rows / rowsPerShard));
  const shards = countsUpTo(most).find((count) => batch.rows % count === 0);
  if (shards === undefined || shards < 2) return undefined;
  const sharded = mostShared(program, batch.rows, shards);
  const saved = (shards - 1) * flopsOf(sharded.parts);
  const numbers = sharded.crossings.reduce((total, { part }) => total + sizeOf(part.shape), 0);
  return saved > worthSharing + perCrossing * shards * numbers ? sharded : undefined;
}

/** The program as it is or with its batches computed apart, whichever leaves more to the shards. */
function mostShared(program: Program, rows: number, shards: number): ShardedProgram {
  const ways = [program, splitBatches(program, rows)].map((way) => shardProgram(way, rows, shards));
  const [asItIs, taken] = ways as [ShardedProgram, ShardedProgram];
  return flopsOf(taken.parts) > flopsOf(asItIs.parts) ? taken : asItIs;
}

/** From the largest down. */
function countsUpTo(most: number): number[] {
  return Array.from({ length: Math.max(0, most) }, (_, index) => most - index);
}
