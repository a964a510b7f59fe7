import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Arrays } from '../trainer-worker/compiler/run/execution';
import {
  compileProgram,
  type ProgramDefinition,
  type TensorSpecs,
} from '../trainer-worker/compiler/trace/compile-program';
import { agreementPrograms, allTogether, bufferRows, partOf } from './agreement-programs';
import { onProcessor, type Start } from './backend-operations';
import { arraysFor } from './graph-programs';

/** Training steps after which all of a program's numbers are compared. */
const steps = 3;

/** Trains a program, or all of them as one, from a state of its own names. */
async function train(start: Start, definition: ProgramDefinition): Promise<Arrays> {
  const program = compileProgram(definition);
  const execution = await start(program, initialState(definition.state!));
  const all: Record<string, Arrays[string]> = {};
  for (let step = 0; step < steps; step++) {
    const feeds: Record<string, Arrays[string]> = arraysFor(definition.inputs, 100 + step);
    for (const [name, { dtype }] of Object.entries(definition.inputs)) {
      // The rows of a buffer that a step takes out.
      if (dtype === 'int32')
        feeds[name] = feeds[name]!.map((_, row) => (row * 3 + step) % bufferRows);
    }
    const outputs = await execution.run(feeds, { seed: 9, step });
    for (const [name, values] of Object.entries(outputs)) all[`${name} of step ${step}`] = values;
  }
  Object.assign(all, await execution.readState());
  await execution.dispose();
  return all;
}

/** Reproducible numbers; moments are those of a training under way, and second ones not negative. */
function initialState(specs: TensorSpecs): Arrays {
  const moments = ([name, values]: [string, Arrays[string]]) =>
    [name, /(^| )optimizer\//.test(name) ? values.map(Math.abs) : values] as const;
  return Object.fromEntries(Object.entries(arraysFor(specs, 1)).map(moments));
}

/** The largest difference of two arrays, relative to the largest number in either. */
export function relativeDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  smallest = 1e-2,
): number {
  assert.equal(a.length, b.length);
  let difference = 0;
  // Biases of a loss that ignores them stay near zero: what rounds there is judged by what it moves.
  let scale = smallest;
  for (let index = 0; index < b.length; index++) {
    difference = Math.max(difference, Math.abs(a[index]! - b[index]!));
    scale = Math.max(scale, Math.abs(b[index]!));
  }
  return difference / scale;
}

/** What the programs come to on the processor, trained as one. */
let expected: Promise<Arrays> | undefined;

/** A test a program: on this backend it comes to what it comes to on the processor. */
export function testAgreement(start: Start): void {
  let computed: Promise<Arrays> | undefined;
  for (const [name, { tolerance }] of Object.entries(agreementPrograms)) {
    test(name, async () => {
      expected ??= train(onProcessor, allTogether);
      const wanted = partOf(name, await expected);
      computed ??= train(start, allTogether);
      const actual = partOf(name, await computed);
      assert.notDeepEqual(Object.keys(wanted), []);
      for (const [tensor, values] of Object.entries(wanted)) {
        assert.ok(Array.from(values).every(Number.isFinite), `${tensor} is not finite`);
        const error = relativeDifference(actual[tensor]!, values);
        assert.ok(error <= tolerance, `${tensor} differs by ${error}`);
      }
    });
  }
}
