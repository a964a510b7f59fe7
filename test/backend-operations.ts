import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Values } from '../trainer-worker/compiler/graph/graph';
import type { Program } from '../trainer-worker/compiler/graph/program';
import { simplify } from '../trainer-worker/compiler/passes/simplify';
import type { Arrays, Execution } from '../trainer-worker/compiler/run/execution';
import { evaluate } from '../trainer-worker/compiler/run/float64';
import { runOnOnnx } from '../trainer-worker/compiler/run/run-onnx';
import {
  compileProgram,
  type ProgramDefinition,
} from '../trainer-worker/compiler/trace/compile-program';
import { graphCases } from './graph-cases/all';
import { buildCase } from './graph-cases/graph-case';
import { batchedConvolutions } from './graph-cases/products';
import {
  arraysFor,
  contrastiveDivergence,
  denoisingScoreMatching,
  multilayerPerceptron,
} from './graph-programs';

/** Starts a program on the backend that is tested. */
export type Start = (program: Program, state?: Arrays) => Promise<Execution>;

export const onProcessor: Start = (program, state) => runOnOnnx(program, state, { threads: 1 });

/** The largest difference of two arrays, relative to the largest number expected. */
function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let scale = 1e-2;
  for (let index = 0; index < b.length; index++) {
    difference = Math.max(difference, Math.abs(a[index]! - b[index]!));
    scale = Math.max(scale, Math.abs(b[index]!));
  }
  return difference / scale;
}

/** A test an operation: its values and first and second derivatives, against float64. */
export function testOperations(start: Start): void {
  const batched = batchedConvolutions.map((one) => ({ ...one, name: `batch: ${one.name}` }));
  for (const graphCase of [...graphCases, ...batched]) {
    test(graphCase.name, async () => {
      const { inputs, values, value, firstSlopes, secondSlopes } = buildCase(graphCase);
      const wanted = [value, ...firstSlopes, ...secondSlopes];
      const program: Program = {
        inputs,
        state: [],
        noise: [],
        outputs: Object.fromEntries(simplify(wanted).map((node, index) => [`y${index}`, node])),
        nextState: {},
        warnings: [],
      };
      const feeds = Object.fromEntries(
        inputs.map((node, index) => [`x${index}`, Float32Array.from(values.get(node)!)]),
      );
      const execution = await start(program);
      const outputs = await execution.run(feeds, { seed: 0, step: 0 });
      await execution.dispose();
      evaluate(wanted, values).forEach((expected, index) => {
        const actual = outputs[`y${index}`]!;
        assert.equal(actual.length, expected.length);
        // float32 has 6e-8; tan, pow and divisions in second derivatives amplify it a
        // hundredfold, and tfjs's polynomial for erf is good to 1.5e-7 before that.
        const error = relativeDifference(actual, expected);
        assert.ok(error <= 5e-5, `output ${index} differs by ${error}: ${actual} but ${expected}`);
      });
    });
  }
}

/** What the tests train. */
export const small = multilayerPerceptron({ batch: 16, dimensions: 2, hidden: [16, 16] });
/** Trains from one step up to another, and answers with the losses. */
export async function train(
  execution: Execution,
  definition: ProgramDefinition,
  from: number,
  to: number,
) {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const feeds = { ...arraysFor(definition.inputs, 100 + step), steps: Int32Array.of(5) };
    losses.push((await execution.run(feeds, { seed: 9, step }))['loss']![0]!);
  }
  return losses;
}

/** What a training step does on any backend, beside computing. */
export function testSteps(start: Start): void {
  test('a step whose outputs are not accepted leaves the state as it was', async () => {
    const definition = denoisingScoreMatching(small);
    const program = compileProgram(definition);
    const initial = arraysFor(definition.state!, 1);
    const execution = await start(program, initial);
    const feeds = arraysFor(definition.inputs, 2);
    await execution.run(feeds, { seed: 0, step: 0 }, () => false);
    assert.deepEqual(await execution.readState(), initial);
    await execution.run(feeds, { seed: 0, step: 0 }, () => true);
    assert.notDeepEqual(await execution.readState(), initial);
    await execution.dispose();
  });

  test('the number of chain steps is chosen at each run; none leaves the chains where they begin', async () => {
    const definition = contrastiveDivergence(small);
    const program = compileProgram(definition);
    const execution = await start(program, arraysFor(definition.state!, 1));
    const feeds = arraysFor(definition.inputs, 2);
    const samplesAfter = async (steps: number): Promise<Values> => {
      const key = { seed: 0, step: 0 };
      const fed = { ...feeds, steps: Int32Array.of(steps) };
      return (await execution.run(fed, key, () => false))['samples']!;
    };
    assert.deepEqual(await samplesAfter(0), feeds['start']);
    assert.notDeepEqual(await samplesAfter(1), await samplesAfter(3));
    await execution.dispose();
  });

  test('a training goes on where the processor left off, and the processor where it did', async () => {
    const definition = contrastiveDivergence(small);
    const program = compileProgram(definition);
    const initial = arraysFor(definition.state!, 1);
    /** Losses of twenty steps, the later ones on another backend. */
    const trained = async (...backends: readonly Start[]) => {
      let state = initial;
      const losses: number[] = [];
      for (const [part, begin] of backends.entries()) {
        const execution = await begin(program, state);
        losses.push(...(await train(execution, definition, part * 10, part * 10 + 10)));
        state = await execution.readState();
        await execution.dispose();
      }
      return { losses, state };
    };
    const expected = await trained(onProcessor, onProcessor);
    for (const backends of [
      [onProcessor, start],
      [start, onProcessor],
    ]) {
      const { losses, state } = await trained(...backends);
      // Float32 rounds at 6e-8; sums in another order and twenty steps of Adam stretch that.
      const error = relativeDifference(losses, expected.losses);
      assert.ok(error <= 1e-3, `losses differ by ${error}`);
      for (const [name, values] of Object.entries(expected.state)) {
        const difference = relativeDifference(state[name]!, values);
        assert.ok(difference <= 1e-3, `${name} differs by ${difference}`);
      }
    }
  });
}
