import * as z from 'zod';
import { integer } from '../options/numbers';
import { finalRate, rate } from './rates';
import { peakUpdate, type WarmUpOptions, warmUpFields } from './warm-up';

/** What schedules have that fall from a peak to an end within a given number of updates. */
export interface DecayOptions extends WarmUpOptions {
  /** The highest rate, of the last update of the warm-up (of the first, without one). Above 0 to 1000. */
  readonly peak: number;
  /**
   * The update that first has the rate `final`, warm-up included, 2 to 1 000 000 000. Default `null`: the last of
   * the run, whatever its length.
   */
  readonly steps?: number | null;
  /** The rate from update `steps` on, 0 to 1000. Default 0. */
  readonly final?: number;
}

/** The schema of a schedule with {@link DecayOptions}. @internal */
export function decaySchema<Type extends string>(type: Type) {
  return z
    .strictObject({
      type: z.literal(type),
      peak: rate,
      steps: integer(2, 1_000_000_000).nullable().default(null),
      final: finalRate,
      ...warmUpFields,
    })
    .refine(({ steps, warmup }) => steps === null || steps > peakUpdate(warmup), {
      path: ['steps'],
      error: ({ input }) => {
        const { steps, warmup } = input as { readonly steps: number; readonly warmup: number };
        return `'steps' is ${steps}, but the warm-up alone takes ${warmup}.`;
      },
      params: { remedy: 'steps counts all updates: make it larger than warmup.' },
    });
}

/** What a schedule with {@link DecayOptions} is. @internal */
export interface DecaySpec<Type extends string> extends Required<DecayOptions> {
  readonly type: Type;
}

/** The schedule in a run of so many steps: where it has no length of its own, it has the run's. @internal */
function forRun<Spec extends Required<DecayOptions>>(spec: Spec, steps: number): Spec {
  // In a run that ends within the warm-up the descent begins after it.
  const least = peakUpdate(spec.warmup) + 1;
  return spec.steps === null ? { ...spec, steps: Math.max(steps, least) } : spec;
}

/** The last update of the descent. @internal */
export function endOf({ steps }: Required<DecayOptions>): number {
  if (steps === null) throw new TypeError('The length of the run was not filled in.');
  return steps;
}

/** What is wrong between the length of a schedule and that of its run. @internal */
function cautions(
  { type, steps, final }: Required<DecayOptions> & { readonly type: string },
  runSteps: number,
): string[] {
  const remedy = 'Leave its steps out, and it follows the run.';
  if (steps === null || steps === runSteps) return [];
  if (steps > runSteps) {
    return [
      `schedule.${type} takes ${steps} updates, but the run has ${runSteps} and ends on the way. ${remedy}`,
    ];
  }
  if (final > 0) return [];
  return [
    `schedule.${type} ends at update ${steps}, but the run has ${runSteps}: the last ${runSteps - steps} are taken at rate 0 and change nothing. ${remedy}`,
  ];
}

/** What all schedules that end have in common, for their rows of the table. */
export const decaying = { forRun, cautions };
