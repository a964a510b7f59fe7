import type { Json } from '../../protocol/run';

/** Thrown for a text that is no value for a parameter; its message is a whole sentence. */
export class UnfitValueError extends Error {}

/**
 * What a person typed for a parameter, as a value of the same kind as its present one. `null` may
 * become anything and a number `null`: both are how an option says that it is off.
 *
 * @throws UnfitValueError that says what is wanted
 */
export function parseValue(text: string, present: Json): Json {
  if (typeof present === 'string') return text;
  let value: Json;
  try {
    value = JSON.parse(text.trim()) as Json;
  } catch {
    throw new UnfitValueError(`Write ${wanted(present)}.`);
  }
  const fits = present === null || value === null || kindOf(value) === kindOf(present);
  if (!fits) throw new UnfitValueError(`Write ${wanted(present)}.`);
  return value;
}

function kindOf(value: Json): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

function wanted(present: Json): string {
  switch (kindOf(present)) {
    case 'number':
      return 'a number, for example 0.001 or 3e-4';
    case 'boolean':
      return 'true or false';
    case 'list':
      return `a list, for example ${JSON.stringify(present)}`;
    default:
      return 'a number, true, false, null, or text in double quotes';
  }
}
