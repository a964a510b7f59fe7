import * as tf from '@tensorflow/tfjs';
import { type Node, topologicalOrder } from '../../trainer-worker/compiler/graph/graph';
import {
  type NoiseSource,
  tableShape,
  tabulateNoise,
} from '../../trainer-worker/compiler/graph/noise-source';
import { input } from '../../trainer-worker/compiler/graph/ops/build';
import type { Shape } from '../../trainer-worker/compiler/graph/shape';
import { type Arrays64, evaluate } from '../../trainer-worker/compiler/run/float64';
import { createGraph, stopGradient, trace } from '../../trainer-worker/compiler/trace/trace';
import type { Domain } from '../../trainer-worker/methods/data/domain';
import type { Energy } from '../../trainer-worker/methods/energies/energy-method';
import { modelOf } from '../../trainer-worker/methods/energies/model';
import { buildNoise, noiseSpec } from '../../trainer-worker/methods/noise-distributions';
import { type ObjectiveSpec, objectiveMethod } from '../../trainer-worker/methods/objectives';
import { runChain } from '../../trainer-worker/methods/samplers/chain';
import { centralDifference, numbersFrom } from '../graph-numbers';

interface ObjectiveGraphOptions {
  readonly objective: ObjectiveSpec;
  readonly energy: Energy['energy'];
  /** Shapes of the energy's parameters. */
  readonly parameters: Readonly<Record<string, Shape>>;
  /** Shapes of the objective's own parameters; their names must differ from the energy's. */
  readonly own?: Readonly<Record<string, Shape>>;
  readonly batchSize: number;
  readonly dimensions: number;
  /** Where the data lie; `'real'` where absent. */
  readonly domain?: Domain;
  /** Of each category, where the data are categorical. */
  readonly levels?: readonly number[];
}

/** Numbers for one evaluation, in float64. */
interface Point {
  readonly data: ArrayLike<number>;
  readonly parameters: Readonly<Record<string, ArrayLike<number>>>;
  /** The draws, in the order in which the objective asks for them; reproducible ones where absent. */
  readonly noise?: readonly ArrayLike<number>[];
}

/** The loss of an objective and its gradients, as a graph that is evaluated in float64. */
export class ObjectiveGraph {
  readonly loss: Node;
  readonly noise: readonly NoiseSource[];
  /** The model's parameters, then the objective's own. */
  readonly #parameters: ReadonlyMap<string, Node>;
  readonly #gradients: readonly Node[];
  readonly #inputs: ReadonlyMap<string, Node>;
  readonly #fed: Readonly<Record<string, ArrayLike<number>>>;

  constructor(options: ObjectiveGraphOptions) {
    const { objective: spec, energy, parameters, own = {}, batchSize, dimensions } = options;
    const method = objectiveMethod(spec);
    const run = {
      seed: 0,
      batchSize,
      bounds: Array.from({ length: dimensions }, () => [-3, 3] as const),
      domain: options.domain ?? 'real',
      ...(options.levels ? { levels: options.levels } : {}),
      // Zeros and ones: of every domain.
      rows: Float32Array.from({ length: 64 * dimensions }, (_, i) => Number(i % 3 === 0)),
    };
    const noise = method.noise?.(spec).noise;
    const objective = method.build(spec, {
      ...run,
      rowAt: (_step, place) => place,
      ...(noise ? { noise: { distribution: buildNoise(noiseSpec(noise), run) } } : {}),
    });
    const graph = createGraph();
    const labels = Float32Array.from({ length: batchSize }, (_, row) => row % 2);
    this.#fed = { labels, ...objective.feed?.(1) };
    this.#inputs = new Map([
      ['data', input(graph, 'data', [batchSize, dimensions])],
      ['step', input(graph, 'step', [])],
      ...(objective.classifies ? [['labels', input(graph, 'labels', [batchSize])] as const] : []),
      ...Object.entries(objective.inputs ?? {}).map(
        ([name, { shape, dtype }]) => [name, input(graph, name, shape, dtype)] as const,
      ),
    ]);
    this.#parameters = new Map(
      Object.entries({ ...parameters, ...own }).map(([name, shape]) => [
        name,
        input(graph, name, shape),
      ]),
    );
    const leaves = [...this.#inputs.values(), ...this.#parameters.values()];
    const { results } = trace(graph, leaves, (...tensors) => {
      const inputs = Object.fromEntries([...this.#inputs.keys()].map((n, i) => [n, tensors[i]!]));
      const names = Object.keys(parameters);
      const ownNames = Object.keys(own);
      const loss = (...given: tf.Tensor[]): tf.Scalar => {
        const named = (transform: (tensor: tf.Tensor) => tf.Tensor) =>
          modelOf(
            {
              init: () => ({}),
              energy,
              ...(objective.classifies ? { condition: 'label' as const } : {}),
              ...(objective.shownNoiseLevel === undefined
                ? {}
                : { condition: 'noise level' as const }),
            },
            Object.fromEntries(names.map((name, i) => [name, transform(given[i]!)])),
            { files: [] },
            objective.shownNoiseLevel,
            options.levels,
          );
        const model = named((tensor) => tensor);
        return objective.loss({
          ...model,
          data: inputs['data'] as tf.Tensor2D,
          ...(inputs['labels'] ? { labels: inputs['labels'] as tf.Tensor1D } : {}),
          step: inputs['step'] as tf.Scalar,
          inputs,
          own: Object.fromEntries(ownNames.map((name, i) => [name, given[names.length + i]!])),
          fixed: named(stopGradient),
          chain: (sampler, starts) => runChain(sampler, model, starts, sampler.steps).ends,
          run: (sampler, starts, past) => runChain(sampler, model, starts, sampler.steps, past),
          report: () => undefined,
          watch: () => undefined,
          output: () => undefined,
        }) as tf.Scalar;
      };
      const given = tensors.slice(this.#inputs.size);
      // One call: a second one would draw noise of its own.
      const { value, grads } = tf.valueAndGrads(loss)(given);
      return [value, ...grads];
    });
    const { results: tabulated, sources } = tabulateNoise(results, 0);
    this.noise = sources;
    [this.loss, ...this.#gradients] = tabulated as [Node, ...Node[]];
  }
  /** The loss and, by name, its gradients as the compiler differentiates it. */
  evaluate(point: Point): {
    readonly loss: number;
    readonly gradients: Readonly<Record<string, Float64Array>>;
  } {
    const [loss, ...gradients] = evaluate([this.loss, ...this.#gradients], this.#values(point));
    return {
      loss: loss![0]!,
      gradients: Object.fromEntries(
        [...this.#parameters.keys()].map((name, index) => [name, gradients[index]!]),
      ),
    };
  }

  /**
   * The same gradients by symmetric differences of the loss. What the loss holds constant
   * (`stopGradient`) keeps its value while a parameter is moved.
   */
  differences(point: Point, h = 1e-4): Readonly<Record<string, Float64Array>> {
    const values = this.#values(point);
    const constants = topologicalOrder([this.loss]).filter(({ op }) => op.name === 'stopGradient');
    const held = evaluate(constants, values);
    constants.forEach((node, index) => {
      values.set(node, held[index]!);
    });
    return Object.fromEntries(
      [...this.#parameters].map(([name, node]) => [
        name,
        centralDifference(this.loss, node, values, h),
      ]),
    );
  }

  #values({ data, parameters, noise }: Point): Arrays64 {
    const random = numbersFrom(7);
    const values: Arrays64 = new Map();
    const feeds = { step: [1], ...this.#fed, data };
    for (const [name, node] of this.#inputs) {
      values.set(node, Float64Array.from(feeds[name as keyof typeof feeds] as ArrayLike<number>));
    }
    for (const [name, node] of this.#parameters) {
      values.set(node, Float64Array.from(parameters[name]!));
    }
    this.noise.forEach((source, index) => {
      const drawn = noise?.[index] ?? draw(source, random);
      values.set(source.node, Float64Array.from(drawn));
    });
    return values;
  }
}

/** Some numbers that noise of this kind may be. */
function draw(source: NoiseSource, random: ReturnType<typeof numbersFrom>): Float64Array {
  const numbers = random(tableShape(source, {}), 1);
  if (source.kind === 'rademacher') return numbers.map((x) => (x < 0 ? -1 : 1));
  if (source.kind === 'uniform') return numbers.map((x) => (x + 1) / 2);
  return numbers.map((x) => 2 * x);
}
