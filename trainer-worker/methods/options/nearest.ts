import { closest, distance } from 'fastest-levenshtein';

/** The one of `known` that `given` was probably meant to be, or `undefined` if none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  // Case is the commonest slip and says nothing about distance.
  const lower = given.toLowerCase();
  const best = closest(
    lower,
    known.map((name) => name.toLowerCase()),
  );
  const name = known.find((candidate) => candidate.toLowerCase() === best);
  const limit = Math.max(2, Math.floor(given.length / 2));
  return name !== undefined && distance(lower, best) <= limit ? name : undefined;
}
