import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../protocol/problem';
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
 * model of images takes rows of pixels. Layers that change while they train or draw noise are refused.
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
    let made: tf.LayersModel | undefined;
    const built = () => {
      made ??= checked(make(dimensions), dimensions);
      return made;
    };
    return {
      init: () =>
        Object.fromEntries(
          built().weights.map(({ originalName, name }, index) => [
            parameterName(originalName ?? name, index),
            built().weights[index]!.read().clone(),
          ]),
        ),
      energy(parameters, x) {
        const model = built();
        const [, ...shape] = model.inputs[0]!.shape;
        const points = tf.reshape(x, [x.shape[0], ...(shape as number[])]);
        const energies = withWeights(model, parameters, () => model.apply(points));
        return tf.reshape(energies as tf.Tensor, [x.shape[0]]);
      },
    };
  },
};

/** Names may repeat in a model; with its place each is one. */
function parameterName(name: string, index: number): string {
  return `${index + 1}/${name}`;
}

/** What `f` gives while the model's weights stand for other tensors. */
function withWeights<Result>(
  { weights }: tf.LayersModel,
  parameters: EnergyParameters,
  f: () => Result,
): Result {
  // A layer reads its weights with `read()` alone.
  const own = weights.map((weight) => weight.read);
  const values = Object.values(parameters);
  try {
    for (const [index, weight] of weights.entries()) {
      const value = parameters[parameterName(weight.originalName, index)] ?? values[index]!;
      weight.read = () => value;
    }
    return f();
  } finally {
    for (const [index, weight] of weights.entries()) weight.read = own[index]!;
  }
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
  for (const layer of model.layers) {
    const kind = layer.getClassName();
    if (!refused.has(kind) && !layer.stateful) continue;
    refuse(
      `energy.layersModel: the layer '${layer.name}' (${kind}) behaves differently in training, which an energy cannot.`,
      'Leave the layer out; layerNormalization may take the place of batchNormalization.',
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
