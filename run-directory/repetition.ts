import type { JsonObject, RunManifest } from '../protocol/run';

/**
 * What to override when a run is repeated or goes on: what it overrode itself, and its seed where the
 * experiment left that to chance.
 */
export function overridesForRerun({ overrides, config, seed }: RunManifest): JsonObject {
  return 'seed' in config || 'seed' in overrides ? overrides : { ...overrides, seed };
}
