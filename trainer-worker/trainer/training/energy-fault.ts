import * as tf from '@tensorflow/tfjs';
import type { SourceLocation } from '../../../protocol/problem';
import { type Node, topologicalOrder } from '../../compiler/graph/graph';
import { input } from '../../compiler/graph/ops/build';
import type { Arrays } from '../../compiler/run/execution';
import { type Arrays64, evaluate } from '../../compiler/run/float64';
import { createGraph, gradientsOf, trace } from '../../compiler/trace/trace';
import {
  type ModelDefinition,
  modelWith,
  parameterSpecs,
  parametersIn,
  written,
} from './model-programs';

/** The first operation of an energy, or of its gradient, whose result is not finite. */
export interface EnergyFault {
  /** A clause: `the first number that is not finite comes from log (line 12)`. */
  readonly text: string;
  /** Where in the user's code it is, if it is there. */
  readonly location?: SourceLocation;
}

/** Numbers of parameters up to which it is looked for: the evaluator is made to be read, not to be fast. */
const mostParameters = 1e7;

/**
 * Looks for what of an energy is NaN or infinite first at a point, by evaluating it and its gradient
 * operation by operation, rounded to float32 after each.
 *
 * @param point `[D]`
 * @param parameters under the names that programs have for them
 * @returns nothing where all is finite, or where that cannot be told
 */
export function energyFault(
  definition: ModelDefinition,
  point: Float32Array,
  parameters: Arrays,
): EnergyFault | undefined {
  const size = definition.parameters.reduce((sum, { data }) => sum + data.length, 0);
  if (size > mostParameters) return undefined;
  const { isUserFile, arithmetic } = written(definition);
  const graph = createGraph(arithmetic);
  const places = new Map<Node, SourceLocation>();
  graph.places = places;
  const specs = { point: { shape: [1, definition.dimensions] }, ...parameterSpecs(definition) };
  const inputs = Object.entries(specs).map(([name, { shape }]) => input(graph, name, shape));
  const { results } = trace(
    graph,
    inputs,
    (...tensors) => {
      const named = Object.fromEntries(Object.keys(specs).map((name, i) => [name, tensors[i]!]));
      const model = modelWith(definition, parametersIn(definition, named));
      const { point: x, ...given } = named;
      const isSmooth = definition.domain !== 'binary';
      const { value, gradients } = gradientsOf(
        () => tf.sum(model.energy(x as tf.Tensor2D)) as tf.Scalar,
        { ...(isSmooth ? { x: x! } : {}), ...given },
      );
      return [value, ...Object.values(gradients)];
    },
    isUserFile,
  );
  const given: Arrays64 = new Map(
    inputs.map((node) => {
      const name = node.params.name!;
      return [node, Float64Array.from(name === 'point' ? point : parameters[name]!)];
    }),
  );
  const ofEnergy = new Set(topologicalOrder(results.slice(0, 1)));
  let fault: Node | undefined;
  evaluate(results, given, (node, values) => {
    const rounded = values.map(Math.fround);
    fault ??= rounded.every(Number.isFinite) ? undefined : node;
    return rounded;
  });
  if (fault === undefined) return undefined;
  const location = places.get(fault);
  const where = location ? ` (line ${location.line})` : '';
  return {
    text: `the first number that is not finite comes from ${called(fault, ofEnergy)}${where}`,
    ...(location ? { location } : {}),
  };
}

/** An operation, and of a derivative that operation of the energy which it is of. */
function called(node: Node, ofEnergy: ReadonlySet<Node>): string {
  if (ofEnergy.has(node)) return node.op.name;
  const of = node.inputs.find((each) => ofEnergy.has(each) && each.inputs.length > 0);
  return `the derivative of ${(of ?? node).op.name}`;
}
