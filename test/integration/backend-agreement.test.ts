/** The same programs on five backends, two of them on a WebGPU device in software. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { backendMethod } from '../../trainer-worker/compiler/backends';
import { lookAtMachine } from '../../trainer-worker/compiler/backends/machine';
import type { Program } from '../../trainer-worker/compiler/graph/program';
import { simplify } from '../../trainer-worker/compiler/passes/simplify';
import { evaluate } from '../../trainer-worker/compiler/run/float64';
import { runOnTfjs } from '../../trainer-worker/compiler/run/run-tfjs';
import { createGraph } from '../../trainer-worker/compiler/trace/trace';
import { relativeDifference, testAgreement } from '../backend-agreement';
import type { Start } from '../backend-operations';
import { graphCaseFamilies } from '../graph-cases/all';
import { buildCase, type GraphCase } from '../graph-cases/graph-case';
import { useSoftwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan';

const wasm = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
setWasmPaths(`${path.dirname(wasm)}/`);

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
    inputs.map((node) => [node.params.name!, Float32Array.from(values.get(node)!)]),
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
