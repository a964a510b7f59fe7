import * as tf from '@tensorflow/tfjs';

/**
 * The entropy of `[n, D]` points but for a constant, `D · mean log r`, a scalar, with r the distance of
 * a point to the k-th nearest of the others (Kozachenko & Leonenko 1987; k > 1: Singh et al. 2003).
 * Its gradient goes through both ends of each distance: a neighbour that moves changes it as well.
 *
 * In a small ball the volume `r^D` has a Gamma law of shape k, so that `E r^-2` is finite where
 * `k > 2/D`. A pair's gradient is as large as 1/r where x moves by more than a function of x, about
 * `(n/k)^(1/D)`: the deviation of their mean goes like `n^(1/D - 1/2)`, which more points lessen from
 * three dimensions on.
 *
 * @param neighbour k, from 1 to n - 1
 */
export function neighbourEntropy(points: tf.Tensor2D, neighbour: number): tf.Scalar {
  const [count, dimensions] = points.shape;
  const apart = tf.sub(tf.expandDims(points, 1), tf.expandDims(points, 0));
  // No point is its own neighbour; equal points are as close as can be told apart.
  let squares: tf.Tensor = tf.add(tf.sum(tf.square(apart), 2), tf.mul(tf.eye(count), farthest));
  for (let nearer = 1; nearer < neighbour; nearer++) {
    const isNearest = tf.lessEqual(squares, tf.min(squares, 1, true));
    squares = tf.where(isNearest, tf.fill([count, count], farthest), squares);
  }
  const logDistance = tf.mul(tf.log(tf.add(tf.min(squares, 1), closest)), 0.5);
  return tf.mul(tf.mean(logDistance), dimensions) as tf.Scalar;
}

/** The squared distance of what is no neighbour: farther than any other. */
const farthest = 1e30;
/** Added to squared distances, so that coinciding points have a logarithm and a slope. */
const closest = 1e-12;
