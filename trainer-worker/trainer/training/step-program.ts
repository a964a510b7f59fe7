import * as tf from '@tensorflow/tfjs';
import type { MetricInfo } from '../../../protocol/run';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Program } from '../../compiler/graph/program';
import {
  compileProgram,
  type TensorSpecs,
  type Tensors,
} from '../../compiler/trace/compile-program';
import { gradientsOf, stopGradient } from '../../compiler/trace/trace';
import { underPrefix } from '../../methods/energies/parameter-prefix';
import type { LossContext, Objective } from '../../methods/objectives/objective-method';
import { calmingEnergies, remedyText } from '../../methods/objectives/remedy';
import type { ParameterUpdate } from '../../methods/optimizers/parameter-update';
import { runChainIn } from '../../methods/samplers/chain-in-domain';
import {
  type ModelDefinition,
  modelWith,
  parameterName,
  parametersIn,
  written,
} from './model-programs';

/** A quantity of a step that must be finite. */
interface Watch {
  /** `The chains` */
  readonly quantity: string;
  readonly remedy: string;
  /** See {@link LossContext.watch}. */
  readonly tellsItself: boolean;
}

/** A whole training step as one program, and what its outputs mean. */
export interface StepProgram {
  /**
   * Inputs: `data` `[batch, D]`, `labels` `[batch]` where the data have classes, `step` (float32,
   * from 1) and the objective's. State: parameters,
   * optimizer. Outputs: `metrics` and `watches` as below, and the objective's own.
   */
  readonly program: Program;
  /** What each element of the output `metrics` is. */
  readonly metrics: readonly MetricInfo[];
  /** What each element of the output `watches` is the magnitude of, in the order of computation. */
  readonly watches: readonly Watch[];
  /** Parameters that the loss does not depend on, by their own names. */
  readonly unreached: readonly string[];
  readonly warnings: readonly string[];
}

/** What is said of a parameter that the loss does not depend on. */
export function notTrained(name: string): string {
  return `The loss does not depend on the parameter '${name}': it is not trained.`;
}

/** Metrics that every step has, beside those of its objective. */
const lossMetric: MetricInfo = { name: 'loss', label: 'Loss', group: 'Loss' };
const updateMetrics: Readonly<Record<string, MetricInfo>> = {
  'gradient norm': { name: 'gradient norm', label: 'Gradient norm', group: 'Gradient' },
  'learning rate': { name: 'learning rate', label: 'Learning rate', group: 'Learning rate' },
};

/** All that a training step is made of. */
export interface StepDefinition {
  readonly model: ModelDefinition;
  readonly objective: Objective;
  /** Steps from one move of the model to the next. Default 1. */
  readonly modelEvery?: number;
  /** What moves the model's parameters. */
  readonly update: ParameterUpdate;
  /** The objective's own parameters, under names that {@link ownName} gave, and what moves them. */
  readonly own?: { readonly parameters: readonly NamedTensor[]; readonly update: ParameterUpdate };
  readonly batchSize: number;
  /** How the batch was shared out when the training began, where it goes on. */
  readonly shards?: number;
  /** Whether the rows of data have classes. */
  readonly hasLabels?: boolean;
  /** Objective and optimizer as the experiment has them, for what is said where a step is not finite. */
  readonly specs?: readonly unknown[];
  /** Whether the learning rate may be lowered while it trains; see {@link rateFactorName}. */
  readonly hasRateFactor?: boolean;
}

/** A factor on the learning rates, 1 to begin with: part of the state, so that checkpoints hold it. */
export const rateFactorName = 'learning rate factor';

/** How an objective's own parameter is called among a program's tensors and in a checkpoint. */
export function ownName(name: string): string {
  return `${ownPrefix}${name}`;
}

const ownPrefix = 'objective/';

/** The state of a step before the first one. */
export function initialState({
  model,
  update,
  own,
  hasRateFactor = false,
}: StepDefinition): readonly NamedTensor[] {
  return [
    ...(hasRateFactor ? [{ name: rateFactorName, shape: [], data: Float32Array.of(1) }] : []),
    ...model.parameters.map((tensor) => ({ ...tensor, name: parameterName(tensor.name) })),
    ...update.initialState(model.parameters),
    ...(own ? [...own.parameters, ...own.update.initialState(own.parameters)] : []),
  ];
}

/**
 * Compiles a training step: chains, loss, gradients and the update of the parameters.
 *
 * @param namesParameters whether each parameter and its gradient has a watch of its own. In place of one
 *   for all of them they cost many small passes: for who wants to know where a step went wrong
 * @throws ProblemError (`experiment`) where something in it cannot be compiled
 */
export function compileStep(parts: StepDefinition, namesParameters = false): StepProgram {
  const { model: definition, objective, modelEvery = 1, update, own } = parts;
  const { batchSize, shards, hasLabels = false, specs = [] } = parts;
  const metrics: MetricInfo[] = [];
  const watches: Watch[] = [];
  let unreached: readonly string[] = [];
  const state: TensorSpecs = Object.fromEntries(
    initialState(parts).map(({ name, shape }) => [name, { shape }]),
  );
  const program = compileProgram({
    inputs: {
      data: { shape: [batchSize, definition.dimensions] },
      ...(hasLabels ? { labels: { shape: [batchSize] } } : {}),
      step: { shape: [] },
      ...objective.inputs,
    },
    state,
    batch: { rows: batchSize, ...(shards === undefined ? {} : { shards }) },
    ...written(definition),
    step(inputs, state) {
      const parameters = parametersIn(definition, state);
      const ownParameters = Object.fromEntries(
        (own?.parameters ?? []).map(({ name }) => [name, state[name]!]),
      );
      const values: tf.Tensor[] = [];
      const magnitudes: tf.Tensor[] = [];
      // Kept: differentiation tidies up behind the loss.
      const outputs: Record<string, tf.Tensor> = {};
      const context = lossContext(parts, inputs, parameters, ownParameters, {
        report(metric, value) {
          metrics.push(metric);
          values.push(tf.keep(value));
        },
        watch(quantity, watched, remedy, { tellsItself = false } = {}) {
          watches.push({ quantity, remedy: remedyText(remedy, specs), tellsItself });
          magnitudes.push(tf.keep(magnitude(watched)));
        },
        output(name, given) {
          outputs[name] = tf.keep(given);
        },
      });
      const differentiated = gradientsOf(() => objective.loss(context) as tf.Scalar, {
        ...parameters,
        ...ownParameters,
      });
      const { value, gradients } = differentiated;
      ({ unreached } = differentiated);
      metrics.unshift(lossMetric);
      values.unshift(value);
      context.watch('The loss', value, calmingEnergies);
      if (namesParameters) {
        for (const [name, gradient] of Object.entries(gradients)) {
          context.watch(`The gradient of the parameter '${name}'`, gradient, calmingEnergies);
        }
      }
      const factor = state[rateFactorName];
      const rateFactor = factor ? { rateFactor: factor as tf.Scalar } : {};
      const next = every(modelEvery, context.step, state, (step) => {
        const result = update.apply({ step, parameters, gradients, state, ...rateFactor });
        const renamed = Object.entries(result.parameters).map(
          ([name, tensor]) => [parameterName(name), tensor] as const,
        );
        return {
          ...result,
          state: { ...Object.fromEntries(renamed), ...result.state },
        };
      });
      const nextOwn = own?.update.apply({
        step: context.step,
        parameters: ownParameters,
        gradients,
        state,
        ...rateFactor,
      });
      if (namesParameters) {
        for (const { name } of definition.parameters) {
          const parameter = next.state[parameterName(name)]!;
          context.watch(`The parameter '${name}'`, parameter, calmingEnergies);
        }
        for (const [name, parameter] of Object.entries(nextOwn?.parameters ?? {})) {
          context.watch(`The parameter '${name}'`, parameter, calmingEnergies);
        }
      } else {
        for (const { watched } of [next, ...(nextOwn ? [nextOwn] : [])]) {
          context.watch('The gradient', watched.gradient, calmingEnergies);
          context.watch('A parameter', watched.parameters, calmingEnergies);
        }
      }
      for (const [name, measured] of Object.entries(next.metrics)) {
        context.report(updateMetrics[name]!, measured);
      }
      return {
        outputs: {
          metrics: tf.stack(values),
          watches: tf.stack(magnitudes),
          ...outputs,
        },
        state: {
          ...next.state,
          ...nextOwn?.parameters,
          ...nextOwn?.state,
          ...(factor ? { [rateFactorName]: factor } : {}),
        },
      };
    },
  });
  return { program, metrics, watches, unreached, warnings: program.warnings };
}

/**
 * What a loss is built from, inside a trace.
 *
 * @param parameters the energy's, by its own names
 * @param ownParameters the objective's, under names that {@link ownName} gave
 * @param tell where the loss's reports go
 */
export function lossContext(
  { model: definition, hasLabels = false }: StepDefinition,
  inputs: Tensors,
  parameters: Tensors,
  ownParameters: Tensors,
  tell: Pick<LossContext, 'report' | 'watch' | 'output'>,
): LossContext {
  const model = modelWith(definition, parameters);
  const told = new Set<string>();
  const context: LossContext = {
    ...model,
    ...tell,
    data: inputs['data'] as tf.Tensor2D,
    ...(hasLabels ? { labels: inputs['labels'] as tf.Tensor1D } : {}),
    step: inputs['step'] as tf.Scalar,
    inputs,
    own: underPrefix(ownPrefix, ownParameters),
    fixed: modelWith(
      definition,
      Object.fromEntries(
        Object.entries(parameters).map(([name, tensor]) => [name, stopGradient(tensor)]),
      ),
    ),
    chain: (sampler, starts) => context.run(sampler, starts).ends,
    run(sampler, starts, past) {
      const run = runChainIn(definition.domain, sampler, model, starts, sampler.steps, past);
      for (const [label, value] of Object.entries(run.statistics)) {
        const name = `sampler/${label.toLowerCase()}`;
        // Of several runs of chains in one step, the first is shown.
        if (told.has(name)) continue;
        told.add(name);
        context.report({ name, label, group: label }, value);
      }
      return run;
    },
  };
  return context;
}

/**
 * A number that is NaN where any value is, and infinite where any is infinite and none NaN: one to
 * look at in place of all. (A sum of finite values may overflow; then it is a lost cause as well.)
 */
function magnitude(values: tf.Tensor): tf.Tensor {
  return tf.sum(tf.abs(values));
}

/**
 * An update that takes place in every `count`-th step only, and counts its own steps; in the others
 * the state stays what it was.
 */
function every<Result extends { readonly state: Tensors }>(
  count: number,
  step: tf.Scalar,
  before: Tensors,
  update: (step: tf.Scalar) => Result,
): Result {
  if (count === 1) return update(step);
  const updates = tf.floor(tf.div(step, count));
  const due = tf.equal(tf.mul(updates, count), step);
  const result = update(tf.maximum(updates, 1));
  const state = Object.fromEntries(
    Object.entries(result.state).map(([name, next]) => [name, tf.where(due, next, before[name]!)]),
  );
  return { ...result, state };
}
