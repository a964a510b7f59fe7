import type * as tf from '@tensorflow/tfjs';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { compileProgram, type Tensors } from '../../trainer-worker/compiler/trace/compile-program';
import { buildEnergy, type EnergySpec } from '../../trainer-worker/methods/energies';

/** Tensors by name. */
export interface Values {
  readonly [name: string]: { readonly shape: readonly number[]; readonly data: Float32Array };
}

/**
 * What a traced function of these tensors gives, run as a compiled program.
 *
 * @param seed of its noise
 */
export async function valuesOf(
  tensors: Values,
  f: (tensors: Tensors) => tf.Tensor,
  seed = 0,
): Promise<Float32Array> {
  const program = compileProgram({
    inputs: Object.fromEntries(
      Object.entries(tensors).map(([name, { shape }]) => [name, { shape: [...shape] }]),
    ),
    step: (inputs) => ({ outputs: { values: f(inputs) } }),
  });
  const execution = await runOnOnnx(program);
  const feeds = Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]));
  const { values } = await execution.run(feeds, { seed, step: 0 });
  await execution.dispose();
  return values as Float32Array;
}

/** Energies of points under parameters that a test chose. */
export async function energiesOf(
  spec: EnergySpec,
  points: readonly (readonly number[])[],
  parameters: Values,
  condition?: readonly number[],
): Promise<Float32Array> {
  const dimensions = points[0]!.length;
  const energy = buildEnergy(spec, dimensions);
  const given = condition && {
    'the condition': { shape: [points.length], data: Float32Array.from(condition) },
  };
  return valuesOf(
    {
      ...parameters,
      ...given,
      'the points': { shape: [points.length, dimensions], data: Float32Array.from(points.flat()) },
    },
    (tensors) =>
      energy.energy(
        tensors,
        tensors['the points'] as tf.Tensor2D,
        tensors['the condition'] as tf.Tensor1D | undefined,
      ),
  );
}
