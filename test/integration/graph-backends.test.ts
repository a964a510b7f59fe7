import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Arrays, Execution } from '../../trainer-worker/graph/execution';
import type { Values } from '../../trainer-worker/graph/graph';
import {
  compileProgram,
  type Program,
  type ProgramDefinition,
} from '../../trainer-worker/graph/program';
import { runOnOnnx } from '../../trainer-worker/graph/run-onnx';
import { runOnTfjs } from '../../trainer-worker/graph/run-tfjs';
import { simplify } from '../../trainer-worker/graph/simplify';
import { graphCases } from '../graph-cases/all';
import { buildCase } from '../graph-cases/graph-case';
import { batchedConvolutions } from '../graph-cases/products';
import {
  arraysFor,
  contrastiveDivergence,
  denoisingScoreMatching,
  multilayerPerceptron,
} from '../graph-programs';
import { evaluate } from '../graph-reference';

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(`${path.dirname(wasm)}/`);

const backends: Record<string, (program: Program, state?: Arrays) => Promise<Execution>> = {
  'ONNX Runtime cpu': (program, state) => runOnOnnx(program, state, { threads: 1 }),
  'tfjs wasm': (program, state) => runOnTfjs(program, 'wasm', state),
  'tfjs cpu': (program, state) => runOnTfjs(program, 'cpu', state),
};

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

for (const [name, start] of Object.entries(backends)) {
  describe(`every operation on ${name}, against float64`, () => {
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
          assert.ok(
            error <= 5e-5,
            `output ${index} differs by ${error}: ${actual} but ${expected}`,
          );
        });
      });
    }
  });
}

const small = multilayerPerceptron({ batch: 16, dimensions: 2, hidden: [16, 16] });
async function train(
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

describe('training steps', () => {
  test('the same seed gives the same bits, also through a checkpoint in the middle', async () => {
    const definition = contrastiveDivergence(small);
    const program = compileProgram(definition);
    const start = () => runOnOnnx(program, arraysFor(definition.state!, 1), { threads: 1 });
    const whole = await start();
    await train(whole, definition, 0, 200);
    const first = await start();
    await train(first, definition, 0, 90);
    const resumed = await runOnOnnx(compileProgram(definition), await first.readState(), {
      threads: 1,
    });
    await train(resumed, definition, 90, 200);
    assert.deepEqual(await resumed.readState(), await whole.readState());
    for (const execution of [whole, first, resumed]) await execution.dispose();
  });

  test('a step whose outputs are not accepted leaves the state as it was', async () => {
    const definition = denoisingScoreMatching(small);
    const program = compileProgram(definition);
    for (const start of Object.values(backends)) {
      const initial = arraysFor(definition.state!, 1);
      const execution = await start(program, initial);
      const feeds = arraysFor(definition.inputs, 2);
      await execution.run(feeds, { seed: 0, step: 0 }, () => false);
      assert.deepEqual(await execution.readState(), initial);
      await execution.run(feeds, { seed: 0, step: 0 }, () => true);
      assert.notDeepEqual(await execution.readState(), initial);
      await execution.dispose();
    }
  });

  test('the number of chain steps is chosen at each run; none leaves the chains where they begin', async () => {
    const definition = contrastiveDivergence(small);
    const program = compileProgram(definition);
    for (const start of Object.values(backends)) {
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
    }
  });
});
