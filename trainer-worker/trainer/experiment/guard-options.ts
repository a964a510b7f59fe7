import * as z from 'zod';
import { integer, positive } from '../../methods/options/numbers';

/** When a training is taken for diverging, and what is done then. */
export interface GuardOptions {
  /** Largest size of the mean energy of data or samples, above 0. Default 1e6; `null`: any. */
  readonly energy?: number | null;
  /** Largest distance of these two means from each other, above 0. Default 1e5; `null`: any. */
  readonly energyGap?: number | null;
  /** Largest norm of the gradient, before any clipping, above 0. Default 1e8; `null`: any. */
  readonly gradientNorm?: number | null;
  /**
   * What to do beyond a limit, and where something becomes NaN or infinite. Default `'pause'`: the run
   * stands still with the reason, and goes on if it is resumed. `'rollBack'`: parameters, optimizer and
   * chains become those of the last checkpoint (or of the beginning), the learning rate is lowered,
   * and training goes on; steps go on counting.
   */
  readonly action?: 'pause' | 'rollBack';
  /** Factor on the learning rate at each roll-back, above 0 and below 1. Default 0.5. */
  readonly factor?: number;
  /** Roll-backs of one process before it pauses instead, 1 to 1000. Default 5. */
  readonly most?: number;
}

/** A guard's options, all defaults filled in. @internal */
export type GuardSpec = Required<GuardOptions>;

const limit = (standard: number) => positive.nullable().default(standard);

/** The schema of {@link GuardOptions}. @internal */
export const guardSchema = z
  .strictObject({
    energy: limit(1e6),
    energyGap: limit(1e5),
    gradientNorm: limit(1e8),
    action: z.enum(['pause', 'rollBack']).default('pause'),
    factor: positive.lt(1).default(0.5),
    most: integer(1, 1000).default(5),
  })
  .prefault({});
