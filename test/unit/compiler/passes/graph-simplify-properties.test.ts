/** Simplifying any graph keeps its values, by the float64 reference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countNodes, simplify } from '../../../../trainer-worker/compiler/passes/simplify';
import { evaluate } from '../../../../trainer-worker/compiler/run/float64';
import { fc } from '../../../support/fast-check';
import { buildGraph, instruction } from '../../../support/random-graphs';

const shapes = [[], [1], [3], [2, 3], [3, 2], [1, 3], [2, 1], [6], [2, 1, 3], [0, 3]] as const;

/** Values of deep products may be anything; where float64 itself is at its end nothing is compared. */
const largest = 1e6;

test('any expression keeps its shape and its values', () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 3, maxLength: 25 }), (program) => {
      const { nodes, given } = buildGraph(program, shapes);
      const results = nodes.slice(-4);
      const simpler = simplify(results);
      const before = evaluate(results, given);
      const after = evaluate(simpler, given);
      results.forEach((node, index) => {
        assert.deepEqual(simpler[index]!.shape, node.shape);
        assert.equal(simpler[index]!.dtype, node.dtype);
        if (!before[index]!.every((value) => Math.abs(value) < largest)) return;
        compared += 1;
        before[index]!.forEach((value, place) => {
          // Functions of constants are folded in float32 (6e-8), and what follows may amplify that.
          const error = Math.abs(after[index]![place]! - value) / Math.max(1, Math.abs(value));
          assert.ok(error < 1e-4, `value ${place} of result ${index}: ${error}`);
        });
      });
    }),
    { numRuns: 3_000, includeErrorInReport: true },
  );
  assert.ok(compared > 6_000, `Only ${compared} results could be compared.`);
});

test('simplifying again finds nothing more to do', () => {
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 3, maxLength: 25 }), (program) => {
      const once = simplify(buildGraph(program, shapes).nodes.slice(-4));
      assert.equal(countNodes(simplify(once)), countNodes(once));
    }),
    { numRuns: 1_000, includeErrorInReport: true },
  );
});
