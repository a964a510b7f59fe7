import * as tf from '@tensorflow/tfjs';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Tensors } from '../../compiler/trace/compile-program';
import { scheduleMethod } from '../schedules';
import type { Schedule } from '../schedules/schedule-method';
import type { CommonSpec } from './common-options';
import { type OptimizerSpec, optimizerMethod } from './index';
import { type UpdatedAlike, updatedAlike } from './parameter-groups';

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
  /** What must be finite, as one vector each: the gradient of all parameters, and their next values. */
  readonly watched: { readonly gradient: tf.Tensor; readonly parameters: tf.Tensor };
}

/** An optimizer with all that surrounds it, as a piece of a compiled step. */
export interface ParameterUpdate {
  /**
   * Tensors kept between steps, with their first values: `optimizer/<slot>/<parameter>` of the shape
   * of the parameter, and `average/<parameter>` where the parameters are averaged; none of frozen ones.
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
  const { average } = spec;
  const learningRateOf = scheduleOf(spec.learningRate);
  const slotName = (slot: string, parameter: string) => `optimizer/${slot}/${parameter}`;
  const averageName = (parameter: string) => `average/${parameter}`;

  /** The next values of parameters that are updated alike, with all that is kept of them. */
  const move = (
    { rateFactor, weightDecay }: UpdatedAlike,
    { pack, unpack }: Packing,
    parameter: tf.Tensor1D,
    gradient: tf.Tensor,
    { step, state, rate }: { step: tf.Scalar; state: Tensors; rate: tf.Scalar },
  ) => {
    const learningRate: tf.Scalar = rateFactor === 1 ? rate : tf.mul(rate, rateFactor);
    const slotsBefore = optimizer.slots.map((slot) => {
      const packed = pack(state, (name) => slotName(slot, name));
      return [slot, packed] as const;
    });
    const decays = weightDecay > 0;
    const { change, slots } = optimizer.update({
      step,
      learningRate,
      gradient:
        decays && !optimizer.decoupledWeightDecay
          ? tf.add(gradient, tf.mul(parameter, weightDecay))
          : gradient,
      slots: Object.fromEntries(slotsBefore),
    });
    const kept =
      decays && optimizer.decoupledWeightDecay
        ? tf.mul(parameter, tf.sub(1, tf.mul(learningRate, weightDecay)))
        : parameter;
    const next = tf.sub(kept, change);
    const nextSlots = Object.entries(slots).map(([slot, value]) =>
      unpack(value, (name) => slotName(slot, name)),
    );
    const averages = () => {
      const before = pack(state, averageName);
      const weight = averageWeight(average!, step);
      return unpack(tf.add(before, tf.mul(tf.sub(next, before), weight)), averageName);
    };
    return {
      next,
      parameters: unpack(next),
      state: Object.assign({}, ...nextSlots, average === null ? {} : averages()) as Tensors,
    };
  };

  return {
    initialState(parameters) {
      const groups = updatedAlike(
        parameters.map(({ name }) => name),
        spec,
      );
      const trained = new Set(groups.flatMap(({ names }) => names));
      const moved = parameters.filter(({ name }) => trained.has(name));
      const slots = optimizer.slots.flatMap((slot) =>
        moved.map(({ name, shape, data }) => ({
          name: slotName(slot, name),
          shape,
          data: new Float32Array(data.length),
        })),
      );
      if (average === null) return slots;
      const averages = moved.map(({ name, shape, data }) => ({
        name: averageName(name),
        shape,
        data: data.slice(),
      }));
      return [...slots, ...averages];
    },

    apply({ step, parameters, gradients, state, rateFactor }) {
      const scheduled = learningRateOf(step);
      const rate: tf.Scalar = rateFactor ? tf.mul(scheduled, rateFactor) : scheduled;
      const changes = rateFactor !== undefined || typeof spec.learningRate !== 'number';
      // As one vector: a pass over each parameter by itself costs as much for ten numbers as for thousands.
      const groups = updatedAlike(Object.keys(parameters), spec).map((group) => {
        const packing = packingOf(
          Object.fromEntries(group.names.map((name) => [name, parameters[name]!])),
        );
        return { group, packing, gradient: packing.pack(gradients) };
      });
      const { norm, clipped } = clip(
        groups.map(({ gradient }) => gradient),
        othersIn(gradients, parameters, spec),
        spec,
      );
      const packed = groups.map(({ packing }) => packing.pack(parameters));
      const moved = groups.map(({ group, packing }, index) =>
        move(group, packing, packed[index]!, clipped[index]!, { step, state, rate }),
      );
      return {
        // What is frozen stays, and the others have their place.
        parameters: Object.assign({}, parameters, ...moved.map((each) => each.parameters)),
        state: Object.assign({}, ...moved.map((each) => each.state)) as Tensors,
        metrics: {
          'gradient norm': norm,
          ...(changes ? { 'learning rate': rate } : {}),
        },
        watched: {
          gradient: together(groups.map(({ gradient }) => gradient)),
          parameters: together(moved.map(({ next }) => next)),
        },
      };
    },
  };
}

/** Vectors as one; of none, a zero. */
function together(vectors: readonly tf.Tensor[]): tf.Tensor {
  const [first] = vectors;
  if (first === undefined) return tf.zeros([1]);
  return vectors.length === 1 ? first : tf.concat([...vectors]);
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

/**
 * Gradients of what moves, but not by this update: those of the objective's own parameters, or the model's.
 */
function othersIn(
  gradients: Tensors,
  parameters: Tensors,
  spec: OptimizerSpec,
): readonly tf.Tensor[] {
  const others = Object.keys(gradients).filter((name) => !(name in parameters));
  return updatedAlike(others, spec).flatMap(({ names }) => names.map((name) => gradients[name]!));
}

/**
 * Gradients after clipping, and their norm before.
 *
 * @param others gradients that count in the norm too, and are clipped elsewhere
 */
function clip(
  gradients: readonly tf.Tensor[],
  others: readonly tf.Tensor[],
  { clipValue, clipNorm }: Pick<CommonSpec, 'clipValue' | 'clipNorm'>,
): { norm: tf.Scalar; clipped: readonly tf.Tensor[] } {
  const norm = euclideanNorm([...gradients, ...others]);
  const limit = (values: tf.Tensor) =>
    clipValue === null ? values : tf.clipByValue(values, -clipValue, clipValue);
  const limited = gradients.map(limit);
  if (clipNorm === null) return { norm, clipped: limited };
  const length = clipValue === null ? norm : euclideanNorm([...limited, ...others.map(limit)]);
  // At most 1, exactly 1 up to the limit, and never a division by zero.
  const factor = tf.div(clipNorm, tf.maximum(length, clipNorm));
  return { norm, clipped: limited.map((one) => tf.mul(one, factor)) };
}

/** Over the numbers of all tensors. */
function euclideanNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  const squares = tensors.map((tensor): tf.Scalar => tf.sum(tf.square(tensor)));
  return tf.sqrt(tf.addN(squares));
}

type Packing = ReturnType<typeof packingOf>;

/** How tensors of these names and shapes lie one after the other in a vector. */
function packingOf(shapes: Tensors) {
  const names = Object.keys(shapes);
  const asGiven = (name: string) => name;
  return {
    /** @param called what a tensor of each name is called among `tensors` */
    pack(tensors: Tensors, called: (name: string) => string = asGiven): tf.Tensor1D {
      const vectors = names.map((name): tf.Tensor1D => {
        const tensor = tensors[called(name)]!;
        return tf.reshape(tensor, [tensor.size]);
      });
      // One number more: a vector of so many parts is not taken for rows of several batches.
      return tf.concat([...vectors, tf.zeros([1])]) as tf.Tensor1D;
    },
    unpack(vector: tf.Tensor, called: (name: string) => string = asGiven): Tensors {
      let at = 0;
      const parts = names.map((name) => {
        const { shape, size } = shapes[name]!;
        const part = tf.slice(vector, [at], [size]);
        at += size;
        return [called(name), tf.reshape(part, shape)] as const;
      });
      return Object.fromEntries(parts);
    },
  };
}
