import type { ComparedRun } from '../../protocol/compare';
import { parametersOf } from '../../vocabulary/parameters';
import { rungText } from '../../vocabulary/rungs';
import type { Run } from '../runs/run';
import { titleOf } from '../runs/run-title';

/**
 * A run as the page that compares it needs it.
 *
 * @param compared all that are compared, newest first: its name tells it from these
 */
export function comparedRun(
  run: Run,
  compared: readonly Run[],
  previewSteps: readonly number[],
): ComparedRun {
  const { manifest, state, annotations } = run;
  const { config, seed, preview, transform, metrics, trainingSeconds, createdAt, git } = manifest;
  const standing = rungText({ ...manifest, state });
  return {
    directory: run.directory,
    name: titleOf(run, compared, Date.now()),
    status: state.status,
    ...(standing === undefined ? {} : { standing }),
    hasDiverged: state.status === 'failed' && state.problem?.kind === 'training',
    step: state.step,
    steps: state.steps,
    seconds: trainingSeconds,
    createdAt,
    parameters: {
      ...Object.fromEntries(parametersOf(config).map(({ path, value }) => [path, value])),
      seed,
    },
    changed: Object.keys(manifest.overrides),
    byHand: manifest.changes ?? [],
    source: manifest.experiment.sha256,
    ...(git ? { git } : {}),
    metrics,
    isStarred: annotations.starred,
    tags: annotations.tags,
    previewSteps,
    ...(preview ? { preview } : {}),
    ...(transform ? { transform } : {}),
  };
}
