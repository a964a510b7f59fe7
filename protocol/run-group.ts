import { z } from 'zod';

const count = z.number().int().nonnegative();

const ascending: z.ZodType<readonly number[]> = z
  .array(count.positive())
  .min(1)
  .refine((steps) => steps.every((step, k) => k === 0 || step > steps[k - 1]!), 'must ascend');

/** What a run says of the sweep that it is a part of, see `RunGroup`. */
export const groupSchema = z
  .object({
    id: z.string().regex(/^[\w-]{1,64}$/, 'must be a short identifier'),
    name: z.string(),
    index: count,
    of: count.positive(),
    metric: z.exactOptional(z.string()),
    goal: z.exactOptional(z.enum(['minimize', 'maximize'])),
    halving: z.exactOptional(
      z.object({
        eta: count.min(2),
        rungs: ascending,
      }),
    ),
  })
  .refine(({ index, of }) => index < of, 'index must be below of');
