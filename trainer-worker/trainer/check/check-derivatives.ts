import * as tf from '@tensorflow/tfjs';
import { formatNumber } from '../../../vocabulary/quantities';
import type { Node } from '../../compiler/graph/graph';
import { ledgerOf } from '../../compiler/graph/ledger';
import { input } from '../../compiler/graph/ops/build';
import type { Program } from '../../compiler/graph/program';
import type { Arrays } from '../../compiler/run/execution';
import type { TensorSpecs, Tensors } from '../../compiler/trace/compile-program';
import { userFiles } from '../../compiler/trace/source-location';
import { createGraph, gradientsOf, trace } from '../../compiler/trace/trace';
import { isDiscrete } from '../../methods/data/domain';
import type { OptionPath } from '../../methods/options/option-error';
import {
  type TrainingDefinition,
  type TrainingParts,
  trainingParts,
} from '../training/compile-training';
import { feedsOf } from '../training/compiled-step';
import { modelWith, parameterName, parametersIn } from '../training/model-programs';
import { initialState, lossContext } from '../training/step-program';
import type { Findings } from './findings';
import { compareSlopes, type Differentiated } from './slopes';

/** Rows of the batch that losses are compared on: what is wrong is wrong on few of them. */
const comparedRows = 8;
/** And fewer, down to two, where a step costs much: products of numbers that float64 is to take at most. */
const mostProducts = 1e8;

/**
 * Compares the gradients of energy and loss with differences in float64.
 *
 * Compiled gradients are right by construction, but for what the user brings: gradients of their own
 * (`tf.customGrad`), and steps that have none (`tf.floor`).
 *
 * @param program the compiled step, for what it costs
 */
export function checkDerivatives(
  definition: TrainingDefinition,
  program: Program,
  findings: Findings,
): void {
  const perRow = ledgerOf(program).flops / definition.batchSize;
  const affordable = Math.floor(mostProducts / Math.max(1, perRow));
  const rows = Math.min(definition.batchSize, comparedRows, Math.max(2, affordable));
  const parts = affordable < 2 ? undefined : partsOfFew(definition, rows);
  if (parts === undefined) {
    findings.fact('gradients', 'not compared with differences: a step is too large for that');
    return;
  }
  const { seed } = definition;
  const state = initialState(parts.step);
  const feeds: Arrays = {
    ...feedsOf(parts, 1),
    ...Object.fromEntries(state.map(({ name, data }) => [name, data])),
  };
  const errors: number[] = [];
  const compared: readonly (readonly [string, OptionPath, () => Differentiated])[] = [
    ['energy', ['energy'], () => energyGraph(parts)],
    ['loss', ['objective'], () => lossGraph(parts)],
  ];
  for (const [what, at, build] of compared) {
    const { error, wrong, isFlat } = compareSlopes(build(), feeds, { seed, step: 1 });
    if (isFlat) {
      findFlat(what, at, findings);
      return;
    }
    if (wrong.length > 0) {
      const names = wrong.slice(0, 4).map((name) => `'${name}'`);
      findings.wrong({
        message: `The gradient of the ${what} in ${names.join(', ')}${wrong.length > 4 ? ', …' : ''} is not its slope, which differences in float64 tell.`,
        remedy:
          'Correct the gradient that tf.customGrad is given, or leave it out: tfjs operations have theirs. Operations with steps, such as tf.floor, have none.',
        at,
      });
      // What is wrong in the energy is wrong in the loss.
      return;
    }
    if (error !== undefined) errors.push(error);
  }
  findings.fact(
    'gradients',
    errors.length === 0
      ? 'not compared with differences: something is held constant inside a loop'
      : `those of energy and loss are slopes, to ${formatNumber(Number(Math.max(...errors, 1e-12).toPrecision(1)))} of their size`,
  );
}

/** Says that something has no slope in any parameter. */
export function findFlat(what: string, at: OptionPath, findings: Findings): void {
  findings.wrong({
    message: `All gradients of the ${what} are zero: nothing is learned.`,
    remedy: `Compute the ${what} from the parameters with operations that have a slope, not with tf.floor, tf.sign or comparisons.`,
    at,
  });
}

/** The same training on fewer rows a step; nothing where it cannot have fewer. */
function partsOfFew(definition: TrainingDefinition, batchSize: number): TrainingParts | undefined {
  try {
    return trainingParts({ ...definition, batchSize });
  } catch {
    return undefined;
  }
}

/** The sum of the energies of a batch, in the points and the parameters. */
function energyGraph(parts: TrainingParts): Differentiated {
  const { model } = parts.step;
  return differentiated(parts, (inputs, state) => {
    const points = inputs['data']!;
    const parameters = parametersIn(model, state);
    return {
      variables: {
        // Between zeros and ones there are no points.
        ...(isDiscrete(model.domain) ? {} : { data: points }),
        ...namedInState(model.parameters, state),
      },
      f: () => tf.sum(modelWith(model, parameters).energy(points as tf.Tensor2D)) as tf.Scalar,
    };
  });
}

/** The loss of a batch, in the parameters of the model and of the objective. */
function lossGraph(parts: TrainingParts): Differentiated {
  const { step } = parts;
  return differentiated(parts, (inputs, state) => {
    const own = Object.fromEntries(
      (step.own?.parameters ?? []).map(({ name }) => [name, state[name]!]),
    );
    const ignore = () => undefined;
    const silent = { report: ignore, watch: ignore, output: ignore };
    const context = lossContext(step, inputs, parametersIn(step.model, state), own, silent);
    return {
      variables: { ...namedInState(step.model.parameters, state), ...own },
      f: () => step.objective.loss(context) as tf.Scalar,
    };
  });
}

/** The model's parameters under the names that a step's state has for them. */
function namedInState(parameters: readonly { readonly name: string }[], state: Tensors): Tensors {
  return Object.fromEntries(
    parameters.map(({ name }) => [parameterName(name), state[parameterName(name)]!]),
  );
}

/** Traces a scalar of a training and its gradients. */
function differentiated(
  { step }: TrainingParts,
  scalarOf: (
    inputs: Tensors,
    state: Tensors,
  ) => { readonly variables: Tensors; readonly f: () => tf.Scalar },
): Differentiated {
  const { model, objective, batchSize, hasLabels } = step;
  const graph = createGraph();
  const specs: TensorSpecs = {
    data: { shape: [batchSize, model.dimensions] },
    ...(hasLabels ? { labels: { shape: [batchSize] } } : {}),
    step: { shape: [] },
    ...objective.inputs,
  };
  const leavesOf = (all: TensorSpecs) =>
    Object.entries(all).map(([name, { shape, dtype }]) => input(graph, name, shape, dtype));
  const inputs = leavesOf(specs);
  const state = leavesOf(
    Object.fromEntries(initialState(step).map((tensor) => [tensor.name, tensor])),
  );
  const nodes = new Map([...inputs, ...state].map((node) => [node.params.name!, node]));
  let names: readonly string[] = [];
  const { results } = trace(
    graph,
    [...nodes.values()],
    (...tensors) => {
      const named = Object.fromEntries([...nodes.keys()].map((name, i) => [name, tensors[i]!]));
      const { variables, f } = scalarOf(named, named);
      const { value, gradients } = gradientsOf(f, variables);
      names = Object.keys(gradients);
      return [value, ...Object.values(gradients)];
    },
    userFiles(model.origin.files),
  );
  const [scalar, ...gradients] = results as [Node, ...Node[]];
  return {
    scalar,
    inputs: [...nodes.values()],
    variables: names.map((name, index) => ({
      name,
      node: nodes.get(name)!,
      gradient: gradients[index]!,
    })),
  };
}
