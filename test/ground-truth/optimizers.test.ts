import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { optimizer, schedule } from 'ebm-lab';
import type { Node } from '../../trainer-worker/compiler/graph/graph';
import type { Program } from '../../trainer-worker/compiler/graph/program';
import { type Shape, sizeOf } from '../../trainer-worker/compiler/graph/shape';
import type { Arrays } from '../../trainer-worker/compiler/run/execution';
import { evaluate } from '../../trainer-worker/compiler/run/float64';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import {
  compileProgram,
  type ProgramDefinition,
  type Tensors,
} from '../../trainer-worker/compiler/trace/compile-program';
import type { OptimizerSpec } from '../../trainer-worker/methods/optimizers';
import { filledShare } from '../../trainer-worker/methods/optimizers/moments';
import { parameterUpdate } from '../../trainer-worker/methods/optimizers/parameter-update';
import { type ScheduleSpec, scheduleMethod } from '../../trainer-worker/methods/schedules';
import { numbersFrom } from '../graph-numbers';

type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** Runs a program step by step; both ways of doing so have this face. */
interface Stepper {
  /** Outputs of one step, which keeps the next state. */
  run(feeds: Numbers): Promise<Numbers>;
  state(): Promise<Numbers>;
}

const nameOf = (node: Node) => node.params.name!;

function onReference(program: Program, initial: Numbers): Stepper {
  let state = initial;
  return {
    async run(feeds) {
      const given = { ...feeds, ...state };
      const values = new Map(
        [...program.inputs, ...program.state].map((node) => [
          node,
          Float64Array.from(given[nameOf(node)]!),
        ]),
      );
      const named = (nodes: Readonly<Record<string, Node>>) => {
        const results = evaluate(Object.values(nodes), values);
        return Object.fromEntries(Object.keys(nodes).map((name, i) => [name, results[i]!]));
      };
      state = named(program.nextState);
      return named(program.outputs);
    },
    state: async () => state,
  };
}

async function onOnnx(program: Program, initial: Numbers): Promise<Stepper> {
  const arrays = (values: Numbers): Arrays =>
    Object.fromEntries(Object.entries(values).map(([name, v]) => [name, Float32Array.from(v)]));
  const execution = await runOnOnnx(program, arrays(initial), { threads: 1 });
  return {
    run: (feeds) => execution.run(arrays(feeds), { seed: 0, step: 0 }),
    state: () => execution.readState(),
  };
}

/**
 * The way to run and the relative error it may have. The reference rounds nothing but the constants
 * of a program to float32 (6e-8 each, a few a step, 20 steps); ONNX Runtime rounds everything.
 */
const backends = [
  { backend: 'float64', start: onReference, tolerance: 2e-6 },
  { backend: 'ONNX Runtime', start: onOnnx, tolerance: 1e-5 },
] as const;

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  assert.equal(actual.length, expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs), 1e-12);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / scale;
    assert.ok(error <= tolerance, `element ${i} is ${actual[i]}, not ${expected[i]}`);
  }
}

const shapes: Readonly<Record<string, Shape>> = { weight: [3, 4], bias: [4], scale: [] };

/** A program that only updates, with gradients that are fed. */
function updateProgram(spec: OptimizerSpec): { program: Program; initial: Numbers } {
  const update = parameterUpdate(spec);
  const numbers = numbersFrom(3);
  const parameters = Object.entries(shapes).map(([name, shape]) => ({
    name,
    shape,
    data: Float32Array.from(numbers(shape)),
  }));
  const state = update.initialState(parameters);
  const definition: ProgramDefinition = {
    inputs: {
      step: { shape: [] },
      ...Object.fromEntries(
        Object.entries(shapes).map(([name, shape]) => [`gradient/${name}`, { shape }]),
      ),
    },
    state: Object.fromEntries(
      [...parameters, ...state].map(({ name, shape }) => [name, { shape }]),
    ),
    step: (inputs, kept) => {
      const pick = (names: readonly string[], from: Tensors, prefix = '') =>
        Object.fromEntries(names.map((name) => [name, from[prefix + name]!]));
      const next = update.apply({
        step: inputs['step'] as tf.Scalar,
        parameters: pick(Object.keys(shapes), kept),
        gradients: pick(Object.keys(shapes), inputs, 'gradient/'),
        state: pick(
          state.map(({ name }) => name),
          kept,
        ),
      });
      return { outputs: next.metrics, state: { ...next.parameters, ...next.state } };
    },
  };
  const initial = Object.fromEntries(
    [...parameters, ...state].map(({ name, data }) => [name, data]),
  );
  return { program: compileProgram(definition), initial };
}

interface Case {
  readonly name: string;
  readonly spec: OptimizerSpec;
  readonly rate: (t: number) => number;
  /** What the groups of the spec come to for each parameter; a frozen one has none. Default: all alike. */
  readonly alone?: Readonly<Record<string, { readonly factor: number; readonly decay: number }>>;
}

const cases: readonly Case[] = [
  { name: 'SGD', spec: optimizer.sgd({ learningRate: 0.1 }), rate: () => 0.1 },
  {
    name: 'SGD with momentum, clipped by norm, with weight decay',
    spec: optimizer.sgd({ learningRate: 0.05, momentum: 0.9, clipNorm: 1.5, weightDecay: 0.1 }),
    rate: () => 0.05,
  },
  {
    name: 'Nesterov, clipped by value, averaged',
    spec: optimizer.sgd({
      learningRate: 0.05,
      momentum: 0.8,
      nesterov: true,
      clipValue: 0.6,
      average: 0.9,
    }),
    rate: () => 0.05,
  },
  { name: 'Adam', spec: optimizer.adam(), rate: () => 1e-3 },
  {
    name: 'Adam with everything',
    spec: optimizer.adam({
      learningRate: schedule.cosine({ peak: 0.1, warmup: 4, steps: 15, final: 0.01 }),
      beta1: 0.8,
      beta2: 0.95,
      epsilon: 1e-3,
      clipValue: 1.2,
      clipNorm: 2,
      weightDecay: 0.05,
      average: 0.999,
    }),
    rate: (t) => {
      if (t <= 4) return (0.1 * t) / 4;
      return t >= 15 ? 0.01 : 0.055 + 0.045 * Math.cos((Math.PI * (t - 4)) / 11);
    },
  },
  {
    name: 'Adam without memory of the mean, in pieces',
    spec: optimizer.adam({
      learningRate: schedule.piecewise({ boundaries: [5, 9], values: [0.1, 0.02, 0.3] }),
      beta1: 0,
    }),
    rate: (t) => (t <= 5 ? 0.1 : t <= 9 ? 0.02 : 0.3),
  },
  {
    name: 'AdamW',
    spec: optimizer.adamW({
      learningRate: schedule.linear({ peak: 0.2, steps: 11 }),
      weightDecay: 0.3,
      average: 0.5,
    }),
    rate: (t) => (t >= 11 ? 0 : (0.2 * (11 - t)) / 10),
  },
  {
    name: 'RMSProp',
    spec: optimizer.rmsProp({ learningRate: 0.01, rho: 0.7, weightDecay: 0.2 }),
    rate: () => 0.01,
  },
  {
    name: 'RMSProp with momentum, falling',
    spec: optimizer.rmsProp({
      learningRate: schedule.exponential({ peak: 0.05, decay: 0.5, every: 3, final: 0.004 }),
      momentum: 0.5,
      epsilon: 0.1,
    }),
    rate: (t) => Math.max(0.004, 0.05 * 0.5 ** ((t - 1) / 3)),
  },
];

/** Every optimizer with a frozen parameter, one of its own rate and decay, and one of the rest. */
const groups = {
  freeze: ['sc*'],
  // The second has nothing left of the first's.
  groups: [
    { match: 'bi*s', rateFactor: 0.3, weightDecay: 0 },
    { match: ['bias', 'weight'], rateFactor: 2 },
  ],
  clipNorm: 1.5,
  average: 0.9,
  weightDecay: 0.2,
};
const alone = { bias: { factor: 0.3, decay: 0 }, weight: { factor: 2, decay: 0.2 } };
const groupedCases: readonly Case[] = [
  optimizer.sgd({ learningRate: 0.05, momentum: 0.9, ...groups }),
  optimizer.adam({ learningRate: 0.05, ...groups }),
  optimizer.adamW({ learningRate: 0.05, ...groups }),
  optimizer.rmsProp({ learningRate: 0.05, ...groups }),
].map((spec) => ({ name: `${spec.type} in groups`, spec, rate: () => 0.05, alone }));

/** The optimizers by their papers, one number at a time in float64. */
class Reference {
  readonly values: Record<string, Float64Array>;
  readonly #names: readonly string[];
  readonly #spec: OptimizerSpec;
  readonly #alone: Case['alone'];
  norm = 0;

  constructor(spec: OptimizerSpec, initial: Numbers, alone: Case['alone']) {
    this.#spec = spec;
    this.#alone = alone;
    this.#names = Object.keys(alone ?? shapes);
    this.values = Object.fromEntries(
      Object.entries(initial).map(([name, values]) => [name, Float64Array.from(values)]),
    );
  }

  update(t: number, rate: number, gradients: Readonly<Record<string, Float64Array>>) {
    const spec = this.#spec;
    const lengthOf = (vectors: readonly Float64Array[]) =>
      Math.hypot(...vectors.flatMap((vector) => [...vector]));
    this.norm = lengthOf(this.#names.map((name) => gradients[name]!));
    const limit = spec.clipValue ?? Number.POSITIVE_INFINITY;
    const cut = this.#names.map((name) =>
      gradients[name]!.map((x) => Math.min(Math.max(x, -limit), limit)),
    );
    const length = lengthOf(cut);
    const shrink = spec.clipNorm !== null && length > spec.clipNorm ? spec.clipNorm / length : 1;
    this.#names.forEach((name, which) => {
      cut[which]!.forEach((x, i) => {
        this.#move(t, rate, name, i, x * shrink);
      });
    });
  }

  #move(t: number, common: number, name: string, i: number, slope: number) {
    const spec = this.#spec;
    const { factor, decay: weightDecay } = this.#alone?.[name] ?? {
      factor: 1,
      decay: spec.weightDecay,
    };
    const rate = common * factor;
    const slot = (kind: string) => this.values[`optimizer/${kind}/${name}`]!;
    const theta = this.values[name]!;
    const before = theta[i]!;
    const g = spec.type === 'adamW' ? slope : slope + weightDecay * before;
    if (spec.type === 'sgd') {
      const v = spec.momentum > 0 ? spec.momentum * slot('velocity')[i]! + g : g;
      if (spec.momentum > 0) slot('velocity')[i] = v;
      theta[i]! -= rate * (spec.nesterov ? g + spec.momentum * v : v);
    } else if (spec.type === 'rmsProp') {
      const s = spec.rho * slot('square')[i]! + (1 - spec.rho) * g * g;
      slot('square')[i] = s;
      let v = g / (Math.sqrt(s) + spec.epsilon);
      if (spec.momentum > 0) {
        v += spec.momentum * slot('velocity')[i]!;
        slot('velocity')[i] = v;
      }
      theta[i]! -= rate * v;
    } else if (spec.type !== 'custom') {
      const m = spec.beta1 * slot('mean')[i]! + (1 - spec.beta1) * g;
      const v = spec.beta2 * slot('square')[i]! + (1 - spec.beta2) * g * g;
      slot('mean')[i] = m;
      slot('square')[i] = v;
      const mHat = m / (1 - spec.beta1 ** t);
      const vHat = v / (1 - spec.beta2 ** t);
      theta[i]! -= (rate * mHat) / (Math.sqrt(vHat) + spec.epsilon);
      if (spec.type === 'adamW') theta[i]! -= rate * weightDecay * before;
    }
    if (spec.average !== null) {
      const average = this.values[`average/${name}`]!;
      const decay = Math.min(spec.average, (1 + t) / (10 + t));
      average[i] = decay * average[i]! + (1 - decay) * theta[i]!;
    }
  }
}

for (const { backend, start, tolerance } of backends) {
  describe(`20 updates on ${backend} are those of the papers`, () => {
    for (const { name, spec, rate, alone: own } of [...cases, ...groupedCases]) {
      test(name, async () => {
        const { program, initial } = updateProgram(spec);
        const stepper = await start(program, initial);
        const reference = new Reference(spec, initial, own);
        const numbers = numbersFrom(8);
        for (let t = 1; t <= 20; t++) {
          const gradients = Object.fromEntries(
            Object.entries(shapes).map(([key, shape]) => [key, numbers(shape, 2)]),
          );
          reference.update(t, rate(t), gradients);
          const fed = Object.entries(gradients).map(([key, g]) => [`gradient/${key}`, g]);
          const metrics = await stepper.run({ step: [t], ...Object.fromEntries(fed) });
          assertClose(metrics['gradient norm']!, [reference.norm], tolerance);
          const measured = metrics['learning rate']?.[0];
          assert.equal(measured !== undefined, typeof spec.learningRate !== 'number');
          // A rate that has fallen to 0 may be left at the rounding of its peak.
          if (measured !== undefined) {
            assert.ok(Math.abs(measured - rate(t)) <= tolerance * rate(5));
          }
        }
        const state = await stepper.state();
        assert.deepEqual(Object.keys(state).sort(), Object.keys(reference.values).sort());
        for (const [key, expected] of Object.entries(reference.values)) {
          assertClose(state[key]!, expected, tolerance);
        }
      });
    }
  });

  describe(`closed forms on ${backend}`, () => {
    /** θ after each of `count` updates on the energy a·θ²/2, from 1. */
    async function onQuadratic(spec: OptimizerSpec, a: number, count: number): Promise<number[]> {
      const update = parameterUpdate(spec);
      const theta = { name: 'theta', shape: [], data: Float32Array.of(1) };
      const state = update.initialState([theta]);
      const program = compileProgram({
        inputs: { step: { shape: [] } },
        state: Object.fromEntries([theta, ...state].map(({ name, shape }) => [name, { shape }])),
        step: ({ step }, { theta: at, ...kept }) => {
          const slope = tf.grad((x: tf.Tensor) => tf.mul(tf.square(x), a / 2))(at!);
          const next = update.apply({
            step: step as tf.Scalar,
            parameters: { theta: at! },
            gradients: { theta: slope },
            state: kept,
          });
          return { outputs: {}, state: { ...next.parameters, ...next.state } };
        },
      });
      const initial = Object.fromEntries([theta, ...state].map(({ name, data }) => [name, data]));
      const stepper = await start(program, initial);
      const path: number[] = [];
      for (let t = 1; t <= count; t++) {
        await stepper.run({ step: [t] });
        path.push((await stepper.state())['theta']![0]!);
      }
      return path;
    }

    test('SGD on a quadratic energy: θ shrinks by 1 − ηa', async () => {
      const path = await onQuadratic(optimizer.sgd({ learningRate: 0.25 }), 0.8, 15);
      const expected = path.map((_, t) => 0.8 ** (t + 1));
      assertClose(path, expected, tolerance);
    });

    test('SGD with momentum on a quadratic energy: two geometric modes', async () => {
      const [mu, eta, a] = [0.25, 0.1, 1.5];
      const path = await onQuadratic(optimizer.sgd({ learningRate: eta, momentum: mu }), a, 15);
      // θ(t+1) = (1 + μ − ηa) θ(t) − μ θ(t−1), with θ(0) = 1 and θ(1) = 1 − ηa.
      const half = (1 + mu - eta * a) / 2;
      const root = Math.sqrt(half ** 2 - mu);
      const [fast, slow] = [half - root, half + root];
      const weight = (1 - eta * a - fast) / (slow - fast);
      const expected = path.map(
        (_, t) => weight * slow ** (t + 1) + (1 - weight) * fast ** (t + 1),
      );
      assertClose(path, expected, tolerance);
    });

    test('the first step of Adam is learningRate · sign of the gradient, whatever its size', async () => {
      for (const size of [1e-5, 1e-3, 1, 1e3, 1e6]) {
        for (const sign of [-1, 1]) {
          const path = await onQuadratic(optimizer.adam({ learningRate: 0.125 }), sign * size, 1);
          // ε = 1e-8 takes a share of ε / |gradient| away: 1e-3 at the smallest.
          assertClose([1 - path[0]!], [(sign * 0.125) / (1 + 1e-8 / size)], tolerance);
        }
      }
    });

    test('1 − β^t keeps its digits from the first update on', async () => {
      for (const beta of [0.5, 0.9, 0.999, 0.99999]) {
        const program = compileProgram({
          inputs: { step: { shape: [] } },
          step: ({ step }) => ({ outputs: { share: filledShare(beta, step as tf.Scalar) } }),
        });
        const stepper = await start(program, {});
        for (const t of [1, 2, 7, 100, 5_000, 1_000_000]) {
          const { share } = await stepper.run({ step: [t] });
          // A rounding of ln β, one of the product, two or three of expm1: 6e-8 each.
          assertClose(share!, [-Math.expm1(t * Math.log(beta))], 4e-7);
        }
      }
    });
  });

  describe(`schedules on ${backend}`, () => {
    const corners: readonly [string, ScheduleSpec, readonly (readonly [number, number])[]][] = [
      [
        'constant',
        schedule.constant({ value: 0.3 }),
        [
          [1, 0.3],
          [1000, 0.3],
        ],
      ],
      [
        'constant after a warm-up',
        schedule.constant({ value: 0.3, warmup: 10 }),
        [
          [1, 0.03],
          [5, 0.15],
          [10, 0.3],
          [11, 0.3],
        ],
      ],
      [
        'cosine',
        schedule.cosine({ peak: 0.4, steps: 101, final: 0.1 }),
        [
          [1, 0.4],
          [51, 0.25],
          [26, 0.25 + 0.15 * Math.SQRT1_2],
          [101, 0.1],
          [500, 0.1],
        ],
      ],
      [
        'cosine after a warm-up, to nothing',
        schedule.cosine({ peak: 0.4, warmup: 20, steps: 120 }),
        [
          [1, 0.02],
          [20, 0.4],
          [70, 0.2],
          [120, 0],
          [1_000_000, 0],
        ],
      ],
      [
        'linear',
        schedule.linear({ peak: 0.5, steps: 11, final: 0.1 }),
        [
          [1, 0.5],
          [6, 0.3],
          [11, 0.1],
          [12, 0.1],
        ],
      ],
      [
        'linear after a warm-up',
        schedule.linear({ peak: 0.5, warmup: 2, steps: 12 }),
        [
          [1, 0.25],
          [2, 0.5],
          [7, 0.25],
          [12, 0],
        ],
      ],
      [
        'exponential',
        schedule.exponential({ peak: 0.8, decay: 0.25, every: 10, final: 0.04 }),
        [
          [1, 0.8],
          [6, 0.4],
          [11, 0.2],
          [21, 0.05],
          [31, 0.04],
          [100_000, 0.04],
        ],
      ],
      [
        'exponential after a warm-up',
        schedule.exponential({ peak: 0.8, decay: 0.5, every: 1, warmup: 4 }),
        [
          [2, 0.4],
          [4, 0.8],
          [5, 0.4],
          [7, 0.1],
        ],
      ],
      [
        'piecewise',
        schedule.piecewise({ boundaries: [3, 100], values: [0.1, 0.7, 0.2] }),
        [
          [1, 0.1],
          [3, 0.1],
          [4, 0.7],
          [100, 0.7],
          [101, 0.2],
        ],
      ],
      [
        'piecewise after a warm-up',
        schedule.piecewise({ boundaries: [1], values: [0.1, 0.8], warmup: 4 }),
        [
          [1, 0.025],
          [2, 0.4],
          [4, 0.8],
          [5, 0.8],
        ],
      ],
    ];
    for (const [name, spec, points] of corners) {
      test(name, async () => {
        const program = compileProgram({
          inputs: { step: { shape: [] } },
          step: ({ step }) => ({
            outputs: { rate: scheduleMethod(spec).build(spec)(step as tf.Scalar) },
          }),
        });
        const stepper = await start(program, {});
        for (const [t, expected] of points) {
          const rate = (await stepper.run({ step: [t] }))['rate']![0]!;
          assert.ok(rate >= 0);
          assert.ok(Math.abs(rate - expected) <= 1e-6, `update ${t}: ${rate}, not ${expected}`);
        }
      });
    }
  });
}

describe('what an optimizer keeps', () => {
  const parameters = [
    { name: 'w', shape: [2], data: Float32Array.of(1, 2) },
    { name: 'b', shape: [], data: Float32Array.of(3) },
  ];
  const kept = (spec: OptimizerSpec) => parameterUpdate(spec).initialState(parameters);
  const names = (spec: OptimizerSpec) => kept(spec).map(({ name }) => name);

  test('is named by slot and parameter, as checkpoints have it', () => {
    const mean = ['optimizer/mean/w', 'optimizer/mean/b'];
    const square = ['optimizer/square/w', 'optimizer/square/b'];
    const velocity = ['optimizer/velocity/w', 'optimizer/velocity/b'];
    assert.deepEqual(names(optimizer.adam()), [...mean, ...square]);
    assert.deepEqual(names(optimizer.adamW()), [...mean, ...square]);
    assert.deepEqual(names(optimizer.sgd()), []);
    assert.deepEqual(names(optimizer.sgd({ momentum: 0.9 })), velocity);
    assert.deepEqual(names(optimizer.rmsProp()), square);
    assert.deepEqual(names(optimizer.rmsProp({ momentum: 0.9 })), [...square, ...velocity]);
  });

  test('begins at zero, and averages at the parameters themselves', () => {
    const state = kept(optimizer.sgd({ momentum: 0.9, average: 0.99 }));
    assert.deepEqual(state, [
      { name: 'optimizer/velocity/w', shape: [2], data: Float32Array.of(0, 0) },
      { name: 'optimizer/velocity/b', shape: [], data: Float32Array.of(0) },
      { name: 'average/w', shape: [2], data: Float32Array.of(1, 2) },
      { name: 'average/b', shape: [], data: Float32Array.of(3) },
    ]);
    assert.ok(state.every(({ data }) => parameters.every((p) => p.data !== data)));
  });

  test('an average of parameters that stand still stands still, to the bit', async () => {
    const { program, initial } = updateProgram(optimizer.sgd({ average: 0.9999 }));
    const stepper = await onOnnx(program, initial);
    const nothing = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        `gradient/${name}`,
        new Float32Array(sizeOf(shape)),
      ]),
    );
    for (let t = 1; t <= 50; t++) await stepper.run({ step: [t], ...nothing });
    const state = await stepper.state();
    for (const name of Object.keys(shapes)) {
      assert.deepEqual(state[`average/${name}`], initial[name]);
    }
  });

  test('a gradient that is not finite shows in what comes out', async () => {
    const spec = optimizer.adam({ clipNorm: 1, clipValue: 1 });
    const { program, initial } = updateProgram(spec);
    const stepper = await onOnnx(program, initial);
    const gradients = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        `gradient/${name}`,
        new Float32Array(sizeOf(shape)).fill(Number.NaN),
      ]),
    );
    const metrics = await stepper.run({ step: [1], ...gradients });
    assert.ok(Number.isNaN(metrics['gradient norm']![0]));
  });
});
