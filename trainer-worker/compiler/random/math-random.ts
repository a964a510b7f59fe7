import type { Random } from './random';

/**
 * Runs `body` with `Math.random` drawing from `random`.
 *
 * A user's `init` may call `tf.randomNormal`, a layer's initialiser or `Math.random` itself; all of
 * them end in `Math.random`, so this makes them reproducible too.
 */
export function withMathRandom<T>(random: Random, body: () => T): T {
  const original = Math.random;
  Math.random = () => random.uniform();
  try {
    return body();
  } finally {
    Math.random = original;
  }
}
