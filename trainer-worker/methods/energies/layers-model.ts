import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { specOf } from '../options/validate';
import type { EnergyMethod, EnergyParameters } from './energy-method';

export interface LayersModelOptions {
  /**
   * Makes the model: one input and one number per point. Called once a run; its weights become the
   * parameters of the energy, under their names.
   *
   * @param dimensions D of the data
   * @example
   * model: (dimensions) => tf.sequential({ layers: [
   *   tf.layers.dense({ units: 64, activation: 'swish', inputShape: [dimensions] }),
   *   tf.layers.dense({ units: 1 }),
   * ] })
   */
  readonly model: (dimensions: number) => tf.LayersModel;
}

export interface LayersModelSpec extends LayersModelOptions {
  readonly type: 'layersModel';
}

/**
 * A model of tfjs layers as it is: its output is the energy. Points are reshaped to its input, so a
 * model of images takes rows of pixels. Weights of layers with `trainable: false` stay as they are.
 * Layers that change while they train or draw noise are refused, and so are regularizers and
 * constraints, at whatever depth they stand.
 */
export function layersModel(options: LayersModelOptions): LayersModelSpec {
  return specOf(schema, 'energy.layersModel', 'layersModel', options);
}

const schema: z.ZodType<LayersModelSpec> = z.strictObject({
  type: z.literal('layersModel'),
  model: z.custom<LayersModelSpec['model']>((value) => typeof value === 'function', {
    error: "'model' is not a function.",
    params: { remedy: 'Write model: (dimensions) => tf.sequential({ layers: [ … ] }).' },
  }),
});

/** Layers that mean something else while they train, which the energy does not know of. */
const refused: ReadonlySet<string> = new Set([
  'BatchNormalization',
  'Dropout',
  'SpatialDropout1D',
  'AlphaDropout',
  'GaussianDropout',
  'GaussianNoise',
]);

/** @internal */
export const layersModelMethod: EnergyMethod<LayersModelSpec, typeof layersModel> = {
  create: layersModel,
  schema,
  build({ model: make }, dimensions) {
    let made: { readonly model: tf.LayersModel; readonly weights: readonly Weight[] } | undefined;
    const built = () => {
      if (made === undefined) {
        const model = checked(make(dimensions), dimensions);
        made = { model, weights: weightsOf(model) };
      }
      return made;
    };
    return {
      init: () =>
        Object.fromEntries(
          built()
            .weights.filter(({ isTrained }) => isTrained)
            .map((weight) => [weight.name, initialOf(weight)]),
        ),
      energy(parameters, x) {
        const { model, weights } = built();
        const [, ...shape] = model.inputs[0]!.shape;
        const points = tf.reshape(x, [x.shape[0], ...(shape as number[])]);
        const energies = withWeights(weights, parameters, () => model.apply(points));
        return tf.reshape(energies as tf.Tensor, [x.shape[0]]);
      },
    };
  },
};

type LayerWeight = tf.LayersModel['weights'][number];

/** A weight of the model, by the name of the parameter that it is where it is trained. */
interface Weight {
  readonly name: string;
  readonly isTrained: boolean;
  readonly initial: tf.TypedArray;
  readonly weight: LayerWeight;
}

function weightsOf(model: tf.LayersModel): Weight[] {
  const trained = new Set(model.trainableWeights);
  return model.weights.map((weight, index) => ({
    // Names may repeat in a model; with its place each is one.
    name: `${index + 1}/${weight.originalName ?? weight.name}`,
    isTrained: trained.has(weight),
    initial: weight.read().dataSync().slice(),
    weight,
  }));
}

const initialOf = ({ initial, weight }: Weight) =>
  tf.tensor(initial, weight.shape as number[], weight.dtype);

/** What `f` gives while the model's trained weights stand for other tensors. */
function withWeights<Result>(
  weights: readonly Weight[],
  parameters: EnergyParameters,
  f: () => Result,
): Result {
  // A layer reads its weights with `read()` alone.
  const own = weights.map(({ weight }) => weight.read);
  try {
    for (const each of weights) {
      const value = each.isTrained ? parameters[each.name]! : initialOf(each);
      each.weight.read = () => value;
    }
    return f();
  } finally {
    for (const [index, { weight }] of weights.entries()) weight.read = own[index]!;
  }
}

/** What a layer may be made of, as tfjs's classes name it. */
const partNames = ['layers', 'layer', 'forwardLayer', 'backwardLayer', 'cell', 'cells'] as const;

/** The layers that a layer is made of: of nested models, those wrapped, the cells of recurrent ones. */
function* layersIn(layer: tf.layers.Layer): Generator<tf.layers.Layer> {
  if (!(layer instanceof tf.LayersModel)) yield layer;
  const parts = layer as unknown as Partial<Record<(typeof partNames)[number], unknown>>;
  for (const part of partNames.flatMap((name) => parts[name])) {
    if (part instanceof tf.layers.Layer) yield* layersIn(part);
  }
}

/** An option of a layer that an energy cannot honour, or that the layer itself is one of those. */
function mistakeIn(layer: tf.layers.Layer): { what: string; remedy: string } | undefined {
  const kind = layer.getClassName();
  if (refused.has(kind) || layer.stateful) {
    return {
      what: 'behaves differently in training, which an energy cannot',
      remedy: 'Leave the layer out; layerNormalization may take the place of batchNormalization.',
    };
  }
  const options = Object.entries(layer).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  for (const [name, value] of options) {
    if (/^(recurrentD|d)ropout$/.test(name) && (value as number) > 0) {
      return {
        what: `has ${name}: ${value}, which draws noise in training; an energy cannot`,
        remedy: `Leave ${name} out.`,
      };
    }
    if (/(Regularizer|Constraint)$/.test(name)) {
      return {
        what: `has ${name}, which is not applied to an energy`,
        remedy: name.endsWith('Regularizer')
          ? `Leave ${name} out; optimizer.adamW has weightDecay.`
          : `Leave ${name} out, or bound the weight in an energy.custom.`,
      };
    }
  }
  return undefined;
}

/** @throws ProblemError (`experiment`) where the model cannot be an energy */
function checked(model: tf.LayersModel, dimensions: number): tf.LayersModel {
  const refuse = (message: string, remedy: string): never => {
    throw new ProblemError({ kind: 'experiment', message, remedy });
  };
  if (!(model instanceof tf.LayersModel)) {
    return refuse(
      'energy.layersModel: model returned no tf.LayersModel.',
      'Return what tf.sequential or tf.model makes.',
    );
  }
  for (const layer of layersIn(model)) {
    const mistake = mistakeIn(layer);
    if (mistake === undefined) continue;
    refuse(
      `energy.layersModel: the layer '${layer.name}' (${layer.getClassName()}) ${mistake.what}.`,
      mistake.remedy,
    );
  }
  const [input, ...others] = model.inputs;
  const size = tf.util.sizeFromShape((input?.shape.slice(1) ?? []).map((n) => n ?? 1));
  if (others.length > 0 || size !== dimensions) {
    refuse(
      `energy.layersModel: the model takes ${others.length > 0 ? `${others.length + 1} inputs` : `${size} numbers`}, but a point has ${dimensions}.`,
      'Give the model one input of as many numbers as a data row has.',
    );
  }
  const outputs = model.outputs.map(({ shape }) =>
    tf.util.sizeFromShape(shape.slice(1).map((n) => n ?? 1)),
  );
  if (outputs.length !== 1 || outputs[0] !== 1) {
    refuse(
      'energy.layersModel: the model does not give one number per point.',
      'End it with tf.layers.dense({ units: 1 }).',
    );
  }
  return model;
}
