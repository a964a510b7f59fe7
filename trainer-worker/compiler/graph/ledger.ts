import { type Node, topologicalOrder } from './graph';
import type { Program } from './program';
import { sizeOf } from './shape';

/** What a run of a program computes, loops as often as they run. */
export interface Ledger {
  /** Multiplications and additions of products: matrices and convolutions. */
  readonly flops: number;
  /** Numbers that all other operations write, in a pass each. */
  readonly elements: number;
  /** Operations, each counted once, however often its loop runs. */
  readonly nodes: number;
}

/** Iterations to reckon with where they are known only when the program runs. */
const usualIterations = 20;

/**
 * What running a program costs, by the rules of its operations.
 *
 * @param iterations of loops whose count is an input of the program
 */
export function ledgerOf(program: Program, iterations = usualIterations): Ledger {
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  return sumUp(results, iterations);
}

/** {@link Ledger.flops} of what computes these results. */
export function flopsOf(results: readonly Node[]): number {
  return sumUp(results, usualIterations).flops;
}

function sumUp(results: readonly Node[], iterations: number): Ledger {
  const total = { flops: 0, elements: 0, nodes: 0 };
  for (const node of topologicalOrder(results)) {
    const body = node.params.body;
    if (body === undefined) {
      if (isThere(node)) continue;
      total.nodes += 1;
      if (node.op.flops) total.flops += node.op.flops(node);
      else total.elements += sizeOf(node.shape);
    } else {
      const count = node.inputs[0]!.params.values;
      const times = count?.[0] ?? iterations;
      const inside = sumUp(body.results, iterations);
      total.flops += times * inside.flops;
      total.elements += times * inside.elements;
      total.nodes += inside.nodes;
    }
  }
  return total;
}

/** Whether nothing is computed: inputs, constants, the same numbers under another shape. */
function isThere({ inputs, op }: Node): boolean {
  return inputs.length === 0 || op.view === true || op.free === true;
}
