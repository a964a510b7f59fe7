import { ProblemError } from '../../../protocol/problem';
import type { Json } from '../../../protocol/run';
import { nearest } from '../../methods/options/nearest';
import type { ReadExperiment } from '../experiment/load';
import { locateInExport } from '../experiment/option-location';
import { recordedMetrics } from '../training/prepare';
import type { LoadedSweep } from './load-sweep';

/**
 * Checks before anything is trained that runs of a sweep record what they are to be ranked by.
 *
 * @throws ProblemError of kind `experiment` at the sweep's `metric` where no run records it, or of what
 *   keeps a run from being compiled
 */
export async function requireMetric(read: ReadExperiment, { runs }: LoadedSweep): Promise<void> {
  const metric = runs[0]?.group.metric;
  if (metric === undefined) return;
  const known = new Set<string>();
  // What is recorded hangs on methods and on what is measured, not on their numbers.
  const kinds = new Map(runs.map(({ overrides }) => [withoutNumbers(overrides), overrides]));
  for (const overrides of kinds.values()) {
    for (const { name } of await recordedMetrics(read.withOverrides(overrides))) known.add(name);
    if (known.has(metric)) return;
  }
  const names = [...known];
  const guess = nearest(metric, names);
  throw new ProblemError({
    kind: 'experiment',
    message: `sweep: 'metric' is '${metric}', which no run of it records.`,
    remedy: `${guess === undefined ? '' : `Did you mean '${guess}'? `}They record ${names.map((name) => `'${name}'`).join(', ')}; preview.diagnostics adds others.`,
    location: locateInExport(read.text, read.file, 'sweep', ['metric']),
  });
}

/** A configuration as text, any number in it the same. */
function withoutNumbers(value: Json): string {
  return JSON.stringify(value, (_, inner: Json) => (typeof inner === 'number' ? 0 : inner));
}
