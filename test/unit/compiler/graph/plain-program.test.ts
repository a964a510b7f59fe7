import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import { plainProgram, programOf } from '../../../../trainer-worker/compiler/graph/plain-program';
import { programAsOnnx } from '../../../../trainer-worker/compiler/run/program-as-onnx';
import { runOnTfjs } from '../../../../trainer-worker/compiler/run/run-tfjs';
import { compileProgram } from '../../../../trainer-worker/compiler/trace/compile-program';
import { createGraph } from '../../../../trainer-worker/compiler/trace/trace';
import { allTogether } from '../../../agreement-programs';
import { arraysFor, contrastiveDivergence, multilayerPerceptron } from '../../../graph-programs';

/** What another process makes of it. */
const carried = (program: ReturnType<typeof compileProgram>) =>
  programOf(deserialize(serialize(plainProgram(program))), createGraph());

test('a program that went to another process is the same, loops, constants and all', () => {
  const program = compileProgram(allTogether);
  assert.deepEqual(programAsOnnx(carried(program)), programAsOnnx(program));
});

test('and computes the same with the same noise', async () => {
  const definition = contrastiveDivergence(
    multilayerPerceptron({ batch: 4, dimensions: 2, hidden: [4] }),
  );
  const program = compileProgram(definition);
  const results = [];
  for (const one of [program, carried(program)]) {
    const execution = await runOnTfjs(one, 'cpu', arraysFor(definition.state!, 1));
    const feeds = { ...arraysFor(definition.inputs, 2), steps: Int32Array.of(3) };
    results.push([await execution.run(feeds, { seed: 4, step: 7 }), await execution.readState()]);
    await execution.dispose();
  }
  assert.deepEqual(results[1], results[0]);
});
