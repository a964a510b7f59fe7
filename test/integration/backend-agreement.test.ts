/** The same programs on five backends, two of them on a WebGPU device in software. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { backendMethod } from '../../trainer-worker/backends';
import { lookAtMachine } from '../../trainer-worker/backends/machine';
import type { Arrays, Execution } from '../../trainer-worker/graph/execution';
import {
  compileProgram,
  type Program,
  type ProgramDefinition,
  type TensorSpecs,
} from '../../trainer-worker/graph/program';
import { runOnOnnx } from '../../trainer-worker/graph/run-onnx';
import { runOnTfjs } from '../../trainer-worker/graph/run-tfjs';
import { simplify } from '../../trainer-worker/graph/simplify';
import { createGraph } from '../../trainer-worker/graph/trace';
import { agreementPrograms, allTogether, bufferRows, partOf } from '../agreement-programs';
import { graphCaseFamilies } from '../graph-cases/all';
import { buildCase, type GraphCase } from '../graph-cases/graph-case';
import { arraysFor } from '../graph-programs';
import { evaluate } from '../graph-reference';
import { useSoftwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan';

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(`${path.dirname(wasm)}/`);

type Start = (program: Program, state: Arrays) => Promise<Execution>;

const reference: Start = (program, state) => runOnOnnx(program, state, { threads: 1 });
const others: Readonly<Record<string, Start>> = {
  'tfjs wasm': (program, state) => runOnTfjs(program, 'wasm', state),
  'tfjs cpu': (program, state) => runOnTfjs(program, 'cpu', state),
};
const onGpu = ['onnx-webgpu', 'tfjs-webgpu'] as const;

/**
 * WGSL asks of `sin` and `cos` no more than an absolute error of 2^-11 (WebGPU Shading Language,
 * “Accuracy of Concrete Floating Point Expressions”), which the cases' derivatives add up.
 */
const gpuTolerance = 4 * 2 ** -11;

/** WGSL leaves open what the logarithm of a negative number is, and that a NaN is told from a number. */
const isDefined = ({ name }: GraphCase) => !name.startsWith('isNaN');

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
function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>, smallest = 1e-2): number {
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
function testAgreement(start: Start): void {
  let computed: Promise<Arrays> | undefined;
  for (const [name, { tolerance }] of Object.entries(agreementPrograms)) {
    test(name, async () => {
      expected ??= train(reference, allTogether);
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

/**
 * Values and first and second derivatives of many expressions, against float64. They are one program:
 * to start one costs a device in software seconds.
 */
async function assertComputes(cases: readonly GraphCase[], start: Start): Promise<void> {
  const graph = createGraph();
  const built = cases.map((graphCase, index) => {
    const { inputs, values, value, firstSlopes, secondSlopes } = buildCase(
      graphCase,
      graph,
      `x${index} `,
    );
    return { ...graphCase, inputs, values, wanted: [value, ...firstSlopes, ...secondSlopes] };
  });
  const outputs = built.flatMap(({ wanted }, index) =>
    simplify(wanted).map((node, k) => [`y${index} ${k}`, node] as const),
  );
  const program: Program = {
    inputs: built.flatMap(({ inputs }) => inputs),
    state: [],
    noise: [],
    outputs: Object.fromEntries(outputs),
    nextState: {},
    warnings: [],
  };
  const feeds = built.flatMap(({ inputs, values }) =>
    inputs.map((node) => [node.attributes['name'] as string, Float32Array.from(values.get(node)!)]),
  );
  const execution = await start(program, {});
  const actual = await execution.run(Object.fromEntries(feeds), { seed: 0, step: 0 });
  await execution.dispose();
  const wrong = built.flatMap(({ name, wanted, values }, index) =>
    evaluate(wanted, values).flatMap((expected, k) => {
      const error = relativeDifference(actual[`y${index} ${k}`]!, expected, 1);
      return error <= gpuTolerance ? [] : [`${name}: output ${k} differs by ${error}`];
    }),
  );
  assert.deepEqual(wrong, []);
}

for (const [backend, start] of Object.entries(others)) {
  describe(`${backend} computes what ONNX Runtime does`, () => testAgreement(start));
}

for (const backend of onGpu) {
  describe(`${backend} computes what the processor does`, { skip: withoutSoftwareVulkan }, () => {
    let method: { readonly start: Start };
    const start: Start = (program, state) => method.start(program, state);
    before(async () => {
      useSoftwareVulkan();
      method = await backendMethod(backend).load(lookAtMachine());
    });
    testAgreement(start);
    for (const [family, cases] of Object.entries(graphCaseFamilies)) {
      test(`every operation: ${family}`, () => assertComputes(cases.filter(isDefined), start));
    }
  });
}
