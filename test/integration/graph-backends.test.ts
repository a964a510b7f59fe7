import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { runOnTfjs } from '../../trainer-worker/compiler/run/run-tfjs';
import { compileProgram } from '../../trainer-worker/compiler/trace/compile-program';
import {
  onProcessor,
  type Start,
  small,
  testOperations,
  testSteps,
  train,
} from '../backend-operations';
import { arraysFor, contrastiveDivergence } from '../graph-programs';

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(`${path.dirname(wasm)}/`);

const backends: Readonly<Record<string, Start>> = {
  'ONNX Runtime cpu': onProcessor,
  'tfjs wasm': (program, state) => runOnTfjs(program, 'wasm', state),
  'tfjs cpu': (program, state) => runOnTfjs(program, 'cpu', state),
};

for (const [name, start] of Object.entries(backends)) {
  describe(`every operation on ${name}, against float64`, () => testOperations(start));
  describe(`training steps on ${name}`, () => testSteps(start));
}

describe('training steps on ONNX Runtime', () => {
  test('the same seed gives the same bits, also through a checkpoint in the middle', async () => {
    const definition = contrastiveDivergence(small);
    const program = compileProgram(definition);
    const start = () => onProcessor(program, arraysFor(definition.state!, 1));
    const whole = await start();
    await train(whole, definition, 0, 200);
    const first = await start();
    await train(first, definition, 0, 90);
    const resumed = await onProcessor(compileProgram(definition), await first.readState());
    await train(resumed, definition, 90, 200);
    assert.deepEqual(await resumed.readState(), await whole.readState());
    for (const execution of [whole, first, resumed]) await execution.dispose();
  });
});
