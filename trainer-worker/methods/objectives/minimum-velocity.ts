import * as z from 'zod';
import { type NoOptions, specOf } from '../options/validate';
import { implicitScoreMatching, implicitScoreMatchingMethod } from './implicit-score-matching';
import type { ObjectiveMethod } from './objective-method';

export interface MinimumVelocitySpec {
  readonly type: 'minimumVelocity';
}

/**
 * Minimum velocity learning (Movellan 2008): how fast the data's density would begin to approach the
 * model's under Langevin dynamics, `-d/dt KL(p_t ‖ p_model)` at t = 0. That velocity is the Fisher
 * divergence, so this is implicit score matching under the name of where it comes from.
 */
export function minimumVelocity(options?: NoOptions): MinimumVelocitySpec {
  return specOf(schema, 'objective.minimumVelocity', 'minimumVelocity', options);
}

const schema: z.ZodType<MinimumVelocitySpec> = z.strictObject({
  type: z.literal('minimumVelocity'),
});

/** @internal */
export const minimumVelocityMethod: ObjectiveMethod<MinimumVelocitySpec, typeof minimumVelocity> = {
  create: minimumVelocity,
  schema,
  build: (_spec, run) => implicitScoreMatchingMethod.build(implicitScoreMatching(), run),
};
