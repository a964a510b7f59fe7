import * as z from 'zod';
import { integer } from '../options/numbers';
import { finalRate, rate } from './rates';
import { peakUpdate, type WarmUpOptions, warmUpShape } from './warm-up';

/** What schedules have that fall from a peak to an end within a given number of updates. */
export interface DecayOptions extends WarmUpOptions {
  /** The highest rate, of the last update of the warm-up (of the first, without one). Above 0 to 1000. */
  readonly peak: number;
  /** The update that first has the rate `final`, warm-up included: usually the experiment's steps. */
  readonly steps: number;
  /** The rate from update `steps` on, 0 to 1000. Default 0. */
  readonly final?: number;
}

/** The schema of a schedule with {@link DecayOptions}. @internal */
export function decaySchema<Type extends string>(type: Type) {
  return z
    .strictObject({
      type: z.literal(type),
      peak: rate,
      steps: integer(2, 1_000_000_000),
      final: finalRate,
      ...warmUpShape,
    })
    .refine(({ steps, warmup }) => steps > peakUpdate(warmup), {
      path: ['steps'],
      error: ({ input }) => {
        const { steps, warmup } = input as { readonly steps: number; readonly warmup: number };
        return `'steps' is ${steps}, but the warm-up alone takes ${warmup}.`;
      },
      params: { remedy: 'steps counts all updates: make it larger than warmup.' },
    });
}
