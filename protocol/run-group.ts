import { z } from 'zod';

const count = z.number().int().nonnegative();

/** What a run says of the sweep that it is a part of, see `RunGroup`. */
export const groupSchema = z
  .object({
    id: z.string().regex(/^[\w-]{1,64}$/, 'must be a short identifier'),
    name: z.string(),
    index: count,
    of: count.positive(),
    metric: z.exactOptional(z.string()),
    goal: z.exactOptional(z.enum(['minimize', 'maximize'])),
  })
  .refine(({ index, of }) => index < of, 'index must be below of');
