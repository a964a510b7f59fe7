import { InvalidArgumentError } from 'commander';
import type { Json, JsonObject } from '../../protocol/run';

/**
 * Adds one `--set key=value` to those before it: the value is JSON, or else the text itself.
 *
 * @throws InvalidArgumentError when there is no key, or it was there before
 */
export function addOverride(argument: string, earlier: JsonObject): JsonObject {
  const at = argument.indexOf('=');
  if (at < 1) {
    throw new InvalidArgumentError('It has the form key=value, for example steps=100.');
  }
  const key = argument.slice(0, at);
  if (Object.hasOwn(earlier, key)) {
    throw new InvalidArgumentError(`'${key}' is set twice.`);
  }
  return { ...earlier, [key]: parseValue(argument.slice(at + 1)) };
}

function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** A count from the command line. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(count) || count < 0) {
    throw new InvalidArgumentError('It is a whole number, 0 or more.');
  }
  return count;
}

/** A count of one or more from the command line. */
export function parsePositive(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw new InvalidArgumentError('It is at least 1.');
  return count;
}
