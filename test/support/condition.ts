import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long anything may take that is to happen, and a test may: generous, since it only bounds a hang.
 * A machine that is busy with something else takes many times as long as a quiet one.
 */
export const patienceMs = 300_000;

/**
 * Waits until `condition` holds: answers with the first value that is neither `undefined` nor
 * `false`. What it throws meanwhile counts as "not yet".
 *
 * @param what the condition in words, for the message
 * @throws an Error that names the condition, with the last error or value seen
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = patienceMs,
): Promise<T> {
  let seen: unknown;
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await delay(20)) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      seen = value;
    } catch (error) {
      seen = error;
    }
  }
  throw new Error(`Waited ${timeoutMs / 1000} s in vain for this: ${what}. Last: ${String(seen)}`);
}

/**
 * Looks at something again and again and answers with all that was seen. For what is *not* to
 * change, which no condition can wait for.
 */
export async function observe<T>(look: () => Promise<T>, times: number): Promise<T[]> {
  const seen: T[] = [];
  for (let k = 0; k < times; k++) {
    seen.push(await look());
    await delay(50);
  }
  return seen;
}
