import * as tf from '@tensorflow/tfjs';
import type { NamedTensor } from '../training/run-observer';
import type { OptimizerSpec } from './index';

type Tensors = Readonly<Record<string, tf.Tensor>>;
export interface ParameterUpdate {
  initialState(parameters: readonly NamedTensor[]): readonly NamedTensor[];
  apply(at: { step: tf.Scalar; parameters: Tensors; gradients: Tensors; state: Tensors }): {
    parameters: Tensors;
    state: Tensors;
    metrics: Tensors;
  };
}
export function parameterUpdate(spec: OptimizerSpec): ParameterUpdate {
  const slots = spec.type === 'adam' ? ['mean', 'square'] : ['velocity'];
  return {
    initialState: (ps) =>
      slots.flatMap((s) =>
        ps.map((p) => ({
          name: `optimizer/${s}/${p.name}`,
          shape: p.shape,
          data: new Float32Array(p.data.length),
        })),
      ),
    apply({ step, parameters, gradients, state }) {
      const next: Record<string, tf.Tensor> = {};
      const st: Record<string, tf.Tensor> = {};
      let sq: tf.Tensor = tf.scalar(0);
      for (const [n, p] of Object.entries(parameters)) {
        const g = gradients[n]!;
        sq = tf.add(sq, tf.sum(tf.square(g)));
        if (spec.type === 'sgd') {
          const v = tf.add(tf.mul(state[`optimizer/velocity/${n}`]!, spec.momentum), g);
          st[`optimizer/velocity/${n}`] = v;
          next[n] = tf.sub(p, tf.mul(v, spec.learningRate));
        } else {
          const m = tf.add(
            tf.mul(state[`optimizer/mean/${n}`]!, spec.beta1),
            tf.mul(g, 1 - spec.beta1),
          );
          const v = tf.add(
            tf.mul(state[`optimizer/square/${n}`]!, spec.beta2),
            tf.mul(tf.square(g), 1 - spec.beta2),
          );
          st[`optimizer/mean/${n}`] = m;
          st[`optimizer/square/${n}`] = v;
          const mh = tf.div(m, tf.sub(1, tf.pow(tf.scalar(spec.beta1), step)));
          const vh = tf.div(v, tf.sub(1, tf.pow(tf.scalar(spec.beta2), step)));
          next[n] = tf.sub(
            p,
            tf.mul(tf.div(mh, tf.add(tf.sqrt(vh), spec.epsilon)), spec.learningRate),
          );
        }
      }
      return { parameters: next, state: st, metrics: { 'gradient norm': tf.sqrt(sq) } };
    },
  };
}
