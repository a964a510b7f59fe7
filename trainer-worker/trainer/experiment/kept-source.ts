import path from 'node:path';
import type { JsonObject, RunManifest } from '../../../protocol/run';
import { requireRegularFiles } from '../../../run-directory/files';
import { overridesForRerun } from '../../../run-directory/repetition';
import { loadExperiment } from './load';
import type { LoadedExperiment } from './loaded-experiment';

/**
 * Loads the experiment that a run was made of from the copy that it keeps, with what it overrode and
 * its seed, and with the parameters that it began with, where it keeps them. Paths of data are still
 * relative to the original file.
 *
 * @param directory the run directory
 * @param changes dotted path → value, on top of the run's own overrides
 * @throws ProblemError of kind `experiment` that says what is wrong with the copy, and where, of kind
 *   `storage` where a part of it is no regular file
 */
export async function loadKeptExperiment(
  directory: string,
  manifest: RunManifest,
  changes: JsonObject = {},
): Promise<LoadedExperiment> {
  const { file, source } = manifest.experiment;
  // Whoever loads it follows links, and waits for whatever writes to a pipe.
  await requireRegularFiles(directory, source.split(/[\\/]/, 1)[0]!);
  const made = await loadExperiment(path.join(directory, source), {
    overrides: { ...overridesForRerun(manifest), ...changes },
    original: file,
  });
  const loaded = { ...made, arithmetic: manifest.arithmetic ?? 1 };
  const { initialize } = manifest;
  if (initialize === undefined || Object.keys(changes).some((key) => /^initialize(\.|$)/.test(key)))
    return loaded;
  return { ...loaded, keptInitial: { directory, ...initialize } };
}
