import type { WantedBackend } from '../../protocol/backends';
import { type Problem, ProblemError } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import type { RunObserver } from '../training/run-observer';
import type { RecordedRun } from './recorded-run';

/** What to train and where to keep it. */
export interface RunRequest {
  /** Absolute path of the experiment. */
  readonly file: string;
  /** Dotted path → value. */
  readonly overrides: JsonObject;
  /** What is to compute. */
  readonly backend: WantedBackend;
  /** The run directory, which exists. */
  readonly directory: string;
  readonly id: string;
  readonly createdAt: Date;
  /** The run that this one repeats. */
  readonly parent?: string;
  /** Where this process listens. */
  readonly socket: string;
}

/**
 * Loads an experiment, prepares its training and begins its record; the run is then ready to be run.
 *
 * The tensor library and all that needs it is loaded here, so that whoever calls this can listen and
 * show what is going on first.
 *
 * @param onPhase hears what it is busy with
 * @throws ProblemError that says why it cannot begin
 */
export async function beginRun(
  request: RunRequest,
  listeners: readonly RunObserver[],
  onPhase: (phase: string) => void,
): Promise<RecordedRun> {
  onPhase('loading the experiment');
  const { loadExperiment } = await import('../experiment/load');
  const loaded = await loadExperiment(request.file, { overrides: request.overrides });
  onPhase('loading the tensor library');
  const { prepareTraining } = await import('../training/prepare');
  onPhase('loading the data and trying a step');
  const prepared = await prepareTraining(loaded, { backend: request.backend });
  onPhase('beginning the record');
  const { RunRecorder } = await import('../storage/run-recorder');
  const { RecordedRun } = await import('./recorded-run');
  let run: RecordedRun | undefined;
  let early: Problem | undefined;
  const recorder = await RunRecorder.begin({ ...request, loaded, prepared }, (problem) => {
    if (run) run.onTrouble();
    else early = problem;
  });
  // Nothing is recorded yet, so this is only possible when the disk fills up in this very moment.
  if (early) throw new ProblemError(early);
  run = new RecordedRun(recorder, (observer) => prepared.createLoop([observer]), listeners);
  return run;
}
