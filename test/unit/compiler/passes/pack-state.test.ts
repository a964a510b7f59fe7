/** Packing state keeps a program's values: every result, and the state from step to step. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { optimizer } from 'ebm-lab';
import type { Node } from '../../../../trainer-worker/compiler/graph/graph';
import type { Program } from '../../../../trainer-worker/compiler/graph/program';
import { sizeOf } from '../../../../trainer-worker/compiler/graph/shape';
import { packState } from '../../../../trainer-worker/compiler/passes/pack-state';
import { evaluate } from '../../../../trainer-worker/compiler/run/float64';
import {
  compileProgram,
  type Tensors,
} from '../../../../trainer-worker/compiler/trace/compile-program';
import { parameterUpdate } from '../../../../trainer-worker/methods/optimizers/parameter-update';
import { numbersFrom } from '../../../graph-numbers';

const shapes = { weight: [3, 2], bias: [2], scale: [] };
const nameOf = (node: Node) => node.params.name!;

/** A step of an optimizer on a loss that reads the parameters, which loops may do too. */
function updateProgram(spec: Parameters<typeof parameterUpdate>[0], readsParameters: boolean) {
  const update = parameterUpdate(spec);
  const tensors = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    data: new Float32Array(sizeOf(shape)),
  }));
  const slots = update.initialState(tensors);
  const state = [...tensors, ...slots].map(({ name, shape }) => [name, { shape }] as const);
  return compileProgram({
    inputs: {
      step: { shape: [] },
      ...Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [`g/${name}`, { shape }]),
      ),
    },
    state: Object.fromEntries(state),
    step(inputs, state) {
      const pick = (prefix: string, from: Tensors): Tensors =>
        Object.fromEntries(Object.keys(shapes).map((name) => [name, from[`${prefix}${name}`]!]));
      const parameters = pick('', state);
      const result = update.apply({
        step: inputs['step'] as tf.Scalar,
        parameters,
        gradients: pick('g/', inputs),
        state,
      });
      return {
        outputs: readsParameters ? { seen: tf.sum(tf.square(parameters['weight']!)) } : {},
        state: { ...result.parameters, ...result.state },
      };
    },
  });
}

/** All results by name, from the state by name, in float64. */
function resultsOf(program: Program, given: ReadonlyMap<string, ArrayLike<number>>) {
  const leaves = [...program.inputs, ...program.state];
  const values = new Map(leaves.map((node) => [node, Float64Array.from(given.get(nameOf(node))!)]));
  const names = [...Object.keys(program.outputs), ...Object.keys(program.nextState)];
  const made = evaluate(
    [...Object.values(program.outputs), ...Object.values(program.nextState)],
    values,
  );
  return new Map(names.map((name, index) => [name, made[index]!]));
}

describe('an optimizer whose state lies in vectors', () => {
  for (const name of ['adam', 'adamW', 'sgd', 'rmsProp'] as const) {
    for (const readsParameters of [false, true]) {
      test(`${name}${readsParameters ? ', whose parameters are read beside it' : ''}`, () => {
        const spec = optimizer[name]({ learningRate: 0.1, weightDecay: 0.01, average: 0.9 });
        const program = updateProgram(spec, readsParameters);
        const { program: after, packed } = packState(program);
        const slots = program.state.length / Object.keys(shapes).length;
        // All slots, and the parameters where nothing else reads them.
        assert.equal(packed.length, readsParameters ? slots - 1 : slots);
        assert.equal(after.state.length, packed.length + (readsParameters ? 3 : 0));

        const random = numbersFrom(7);
        let plain = new Map<string, ArrayLike<number>>(
          [...program.inputs, ...program.state].map((node) => {
            const values = random(node.shape).map(Math.abs);
            return [nameOf(node), nameOf(node) === 'step' ? [1] : values];
          }),
        );
        let vectors = plain;
        for (let step = 1; step <= 3; step++) {
          const expected = resultsOf(program, plain);
          const given = new Map(vectors);
          for (const { leaf, parts, fillings } of packed) {
            const vector = given.get(nameOf(leaf)) ?? new Float64Array(sizeOf(leaf.shape));
            const written = Float64Array.from(vector);
            if (step === 1) {
              for (const { name, begin } of parts) written.set(Array.from(plain.get(name)!), begin);
            }
            for (const { begin, size, value } of fillings) written.fill(value, begin, begin + size);
            given.set(nameOf(leaf), written);
          }
          const actual = resultsOf(after, given);
          for (const { leaf, parts } of packed) {
            const vector = actual.get(nameOf(leaf))!;
            for (const { name, begin, size } of parts) {
              actual.set(name, vector.slice(begin, begin + size));
            }
          }
          for (const [name, values] of expected) {
            // The same operations on the same numbers: nothing is rounded differently.
            assert.deepEqual([...actual.get(name)!], [...values], `${name} after step ${step}`);
          }
          plain = new Map([...plain, ...expected, ['step', [step + 1]]]);
          vectors = new Map([...given, ...actual, ['step', [step + 1]]]);
        }
      });
    }
  }
});

test('state that is moved tensor by tensor stays as it is', () => {
  const program = compileProgram({
    inputs: {},
    state: { a: { shape: [2] }, b: { shape: [3] } },
    step: (_inputs, { a, b }) => ({
      outputs: { all: tf.concat([a!, b!]) },
      state: { a: tf.mul(a!, 2), b: tf.add(b!, 1) },
    }),
  });
  const { program: after, packed } = packState(program);
  assert.deepEqual(packed, []);
  assert.deepEqual(after.state, program.state);
  assert.deepEqual(after.nextState, program.nextState);
});
