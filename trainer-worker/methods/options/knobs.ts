import * as z from 'zod';

/**
 * Options of a method of the user's own: what its functions are given, and what a run records and can be
 * told to change. Numbers, strings, booleans, `null`, lists and objects of them, and parts of an
 * experiment such as `sampler.langevin()`.
 */
export type Knobs = object;

/** Whether a value is data, or made by a function of `ebm-lab`. */
function isData(value: unknown, isInPart = false): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  // Parts of one's own hold functions.
  if (typeof value === 'function') return isInPart;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every((item) => isData(item, isInPart));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Made in the experiment's own realm: its Object is another one.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain && Object.values(value).every((item) => isData(item, isInPart || 'type' in value));
}

/** The schema of {@link Knobs}. */
export const knobsSchema = z
  .custom<Knobs>(
    (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && isData(value),
    {
      error: "'options' is not an object of data.",
      params: {
        remedy:
          'Write for example options: { beta: 0.5 }: finite numbers, strings, booleans, lists of them, and parts such as sampler.langevin().',
      },
    },
  )
  .prefault({});
