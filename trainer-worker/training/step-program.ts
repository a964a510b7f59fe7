import * as tf from '@tensorflow/tfjs';
import type { MetricInfo } from '../../protocol/run';
import { modelOf } from '../energies/model';
import { compileProgram, type Program, type TensorSpecs } from '../graph/program';
import { userFiles } from '../graph/source-location';
import { gradientsOf } from '../graph/trace';
import type { LossContext, Objective } from '../objectives/objective-method';
import type { ParameterUpdate } from '../optimizers/parameter-update';
import { runChain } from '../samplers/chain';
import {
  type ModelDefinition,
  parameterName,
  parameterSpecs,
  parametersIn,
} from './model-programs';

/** A quantity of a step that must be finite. */
interface Watch {
  /** `The chains` */
  readonly quantity: string;
  readonly remedy: string;
}

/** A whole training step as one program, and what its outputs mean. */
export interface StepProgram {
  /**
   * Inputs: `data` `[batch, D]`, `step` (float32, from 1) and the objective's. State: parameters,
   * optimizer. Outputs: `metrics` and `watches` as below, and what the objective hands back.
   */
  readonly program: Program;
  /** What each element of the output `metrics` is. */
  readonly metrics: readonly MetricInfo[];
  /** What each element of the output `watches` is the magnitude of, in the order of computation. */
  readonly watches: readonly Watch[];
  readonly warnings: readonly string[];
}

const trainingRemedy =
  'Use a smaller learningRate or a positive energyPenalty (for example 0.1); then rerun.';

/** Metrics that every step has, beside those of its objective. */
const lossMetric: MetricInfo = { name: 'loss', label: 'Loss', group: 'Loss' };
const updateMetrics: Readonly<Record<string, MetricInfo>> = {
  'gradient norm': { name: 'gradient norm', label: 'Gradient norm', group: 'Gradient' },
  'learning rate': { name: 'learning rate', label: 'Learning rate', group: 'Learning rate' },
};

/**
 * Compiles a training step: chains, loss, gradients and the update of the parameters.
 *
 * @throws ProblemError (`experiment`) where something in it cannot be compiled
 */
export function compileStep(
  definition: ModelDefinition,
  objective: Objective,
  update: ParameterUpdate,
  batchSize: number,
): StepProgram {
  const metrics: MetricInfo[] = [];
  const watches: Watch[] = [];
  const warnings: string[] = [];
  const kept: TensorSpecs = Object.fromEntries(
    update.initialState(definition.parameters).map(({ name, shape }) => [name, { shape }]),
  );
  const program = compileProgram({
    inputs: {
      data: { shape: [batchSize, definition.dimensions] },
      step: { shape: [] },
      ...objective.inputs,
    },
    state: { ...parameterSpecs(definition), ...kept },
    isUserFile: userFiles(definition.origin.files),
    step(inputs, state) {
      const parameters = parametersIn(definition, state);
      const model = modelOf(definition.energy, parameters, definition.origin);
      const values: tf.Tensor[] = [];
      const magnitudes: tf.Tensor[] = [];
      // Kept: differentiation tidies up behind the loss.
      const handedBack: Record<string, tf.Tensor> = {};
      const context: LossContext = {
        ...model,
        data: inputs['data'] as tf.Tensor2D,
        inputs,
        chain: (sampler, starts) => runChain(sampler, model, starts, sampler.steps),
        report(metric, value) {
          metrics.push(metric);
          values.push(tf.keep(value));
        },
        watch(quantity, watched, remedy) {
          watches.push({ quantity, remedy });
          magnitudes.push(tf.keep(magnitude(watched)));
        },
        handBack(name, handed) {
          handedBack[name] = tf.keep(handed);
        },
      };
      const { value, gradients, unreached } = gradientsOf(
        () => objective.loss(context) as tf.Scalar,
        parameters,
      );
      metrics.unshift(lossMetric);
      values.unshift(value);
      context.watch('The loss', value, trainingRemedy);
      for (const [name, gradient] of Object.entries(gradients)) {
        context.watch(`The gradient of the parameter '${name}'`, gradient, trainingRemedy);
      }
      for (const name of unreached) {
        warnings.push(`The loss does not depend on the parameter '${name}': it is not trained.`);
      }
      const next = update.apply({
        step: inputs['step'] as tf.Scalar,
        parameters,
        gradients,
        state,
      });
      for (const [name, parameter] of Object.entries(next.parameters)) {
        context.watch(`The parameter '${name}'`, parameter, trainingRemedy);
      }
      for (const [name, measured] of Object.entries(next.metrics)) {
        context.report(updateMetrics[name]!, measured);
      }
      const renamed = Object.entries(next.parameters).map(
        ([name, tensor]) => [parameterName(name), tensor] as const,
      );
      return {
        outputs: {
          metrics: tf.stack(values),
          watches: tf.stack(magnitudes),
          ...handedBack,
        },
        state: { ...Object.fromEntries(renamed), ...next.state },
      };
    },
  });
  return { program, metrics, watches, warnings: [...warnings, ...program.warnings] };
}

/**
 * A number that is NaN where any value is, and infinite where any is infinite and none NaN: one to
 * look at in place of all. (A sum of finite values may overflow; then it is a lost cause as well.)
 */
function magnitude(values: tf.Tensor): tf.Tensor {
  return tf.sum(tf.abs(values));
}
