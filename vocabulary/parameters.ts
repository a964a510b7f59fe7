import type { Json, JsonObject } from '../protocol/run';

/** One value of a run's configuration. */
export interface Parameter {
  /** Dotted: `optimizer.learningRate`. What `--set` takes. */
  readonly path: string;
  readonly value: Json;
}

/**
 * All values of a configuration that a rerun may change, in its order. Lists are values; what kind a
 * part is (its `type`) is not, because its other values would not fit another kind.
 */
export function parametersOf(config: JsonObject): Parameter[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (key === 'type') return [];
    if (!isObject(value)) return [{ path: key, value }];
    return parametersOf(value).map((inner) => ({ ...inner, path: `${key}.${inner.path}` }));
  });
}

/** A value as a person reads and types it: text as it is, all else as JSON. */
export function formatValue(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
