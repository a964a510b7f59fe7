import * as tf from '@tensorflow/tfjs';
import type { Tensors } from '../graph/program';
import { scheduleMethod } from '../schedules';
import type { Schedule } from '../schedules/schedule-method';
import type { NamedTensor } from '../training/run-observer';
import type { CommonSpec } from './common-options';
import { type OptimizerSpec, optimizerMethod } from './index';

/** What one update of all parameters starts from; records are keyed by name. */
interface UpdateInputs {
  /** Number of the update, from 1; a float32 scalar (exact up to 2^24, rounded above). */
  readonly step: tf.Scalar;
  readonly parameters: Tensors;
  /** By the parameter's name, of its shape. */
  readonly gradients: Tensors;
  /** By the names that {@link ParameterUpdate.initialState} gives. */
  readonly state: Tensors;
  /** Multiplies the learning rate; 1 where absent. */
  readonly rateFactor?: tf.Scalar;
}

interface UpdateResult {
  readonly parameters: Tensors;
  readonly state: Tensors;
  /**
   * Float32 scalars: `gradient norm`, over all parameters and before any clipping (infinite where a
   * square exceeds float32), and `learning rate` where a schedule or a factor changes it.
   */
  readonly metrics: Tensors;
}

/** An optimizer with all that surrounds it, as a piece of a compiled step. */
export interface ParameterUpdate {
  /**
   * Tensors kept between steps, with their first values: `optimizer/<slot>/<parameter>` of the shape
   * of the parameter, and `average/<parameter>` where the parameters are averaged.
   */
  initialState(parameters: readonly NamedTensor[]): readonly NamedTensor[];
  /** The next parameters and state, in tfjs operations: for a trace, and as good outside one. */
  apply(at: UpdateInputs): UpdateResult;
}

/**
 * The update that `spec` describes: the gradient is clipped by value, then by norm; weight decay is
 * added to it; the optimizer makes a step of it; the average follows.
 */
export function parameterUpdate(spec: OptimizerSpec): ParameterUpdate {
  const optimizer = optimizerMethod(spec).build(spec);
  const { weightDecay, average } = spec;
  const learningRateOf = scheduleOf(spec.learningRate);
  const slotName = (slot: string, parameter: string) => `optimizer/${slot}/${parameter}`;
  const averageName = (parameter: string) => `average/${parameter}`;

  return {
    initialState(parameters) {
      const slots = optimizer.slots.flatMap((slot) =>
        parameters.map(({ name, shape, data }) => ({
          name: slotName(slot, name),
          shape,
          data: new Float32Array(data.length),
        })),
      );
      if (average === null) return slots;
      const averages = parameters.map(({ name, shape, data }) => ({
        name: averageName(name),
        shape,
        data: data.slice(),
      }));
      return [...slots, ...averages];
    },

    apply({ step, parameters, gradients, state, rateFactor }) {
      const scheduled = learningRateOf(step);
      const learningRate: tf.Scalar = rateFactor ? tf.mul(scheduled, rateFactor) : scheduled;
      const changes = rateFactor !== undefined || typeof spec.learningRate !== 'number';
      const { norm, clipped } = clip(gradients, spec);
      const nextParameters: Record<string, tf.Tensor> = {};
      const nextState: Record<string, tf.Tensor> = {};
      for (const [name, parameter] of Object.entries(parameters)) {
        const gradient = clipped[name]!;
        const decays = weightDecay > 0;
        const { change, slots } = optimizer.update({
          step,
          learningRate,
          gradient:
            decays && !optimizer.decoupledWeightDecay
              ? tf.add(gradient, tf.mul(parameter, weightDecay))
              : gradient,
          slots: Object.fromEntries(
            optimizer.slots.map((slot) => [slot, state[slotName(slot, name)]!]),
          ),
        });
        const kept =
          decays && optimizer.decoupledWeightDecay
            ? tf.mul(parameter, tf.sub(1, tf.mul(learningRate, weightDecay)))
            : parameter;
        const next = tf.sub(kept, change);
        nextParameters[name] = next;
        for (const [slot, value] of Object.entries(slots)) nextState[slotName(slot, name)] = value;
        if (average !== null) {
          const before = state[averageName(name)]!;
          const weight = averageWeight(average, step);
          nextState[averageName(name)] = tf.add(before, tf.mul(tf.sub(next, before), weight));
        }
      }
      return {
        parameters: nextParameters,
        state: nextState,
        metrics: {
          'gradient norm': norm,
          ...(changes ? { 'learning rate': learningRate } : {}),
        },
      };
    },
  };
}

function scheduleOf(learningRate: CommonSpec['learningRate']): Schedule {
  if (typeof learningRate === 'number') return () => tf.scalar(learningRate);
  return scheduleMethod(learningRate).build(learningRate);
}

/**
 * The weight of the newest parameters in their average, 1 − min(decay, (1 + t)/(10 + t)), as
 * max(1 − decay, 9/(10 + t)) so that nothing cancels. (The ramp is that of TensorFlow's
 * `ExponentialMovingAverage`; Ho, Jain & Abbeel, arXiv:2006.11239, sample from such averages.)
 */
function averageWeight(decay: number, step: tf.Scalar): tf.Scalar {
  return tf.maximum(tf.div(9, tf.add(step, 10)), 1 - decay);
}

/** Gradients after clipping, and their norm before. */
function clip(
  gradients: Tensors,
  { clipValue, clipNorm }: Pick<CommonSpec, 'clipValue' | 'clipNorm'>,
): { norm: tf.Scalar; clipped: Tensors } {
  const norm = globalNorm(gradients);
  const limited =
    clipValue === null
      ? gradients
      : mapValues(gradients, (gradient) => tf.clipByValue(gradient, -clipValue, clipValue));
  if (clipNorm === null) return { norm, clipped: limited };
  const length = clipValue === null ? norm : globalNorm(limited);
  // At most 1, exactly 1 up to the limit, and never a division by zero.
  const factor = tf.div(clipNorm, tf.maximum(length, clipNorm));
  return { norm, clipped: mapValues(limited, (gradient) => tf.mul(gradient, factor)) };
}

/** Euclidean norm over all tensors. */
function globalNorm(tensors: Tensors): tf.Scalar {
  const squares = Object.values(tensors).map((tensor): tf.Scalar => tf.sum(tf.square(tensor)));
  return tf.sqrt(tf.addN(squares));
}

function mapValues(tensors: Tensors, change: (tensor: tf.Tensor) => tf.Tensor): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, change(tensor)]),
  );
}
