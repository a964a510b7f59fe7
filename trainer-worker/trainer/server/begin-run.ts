import path from 'node:path';
import type { WantedBackend } from '../../../protocol/backends';
import { type BeginTask, optionsOf, type ResumeTask } from '../../../protocol/launch-task';
import { type Problem, ProblemError, problemOf } from '../../../protocol/problem';
import type { KnobChange, RunGroup, RunManifest } from '../../../protocol/run';
import { isTrainerListening } from '../../../protocol/socket-transport';
import {
  type KeptCheckpoint,
  listCheckpoints,
  readCheckpoint,
} from '../../../run-directory/checkpoints';
import { thisHost } from '../../../run-directory/host';
import { readManifest } from '../../../run-directory/manifest';
import type { RunClaim } from '../../../run-directory/run-claim';
import { isSameHost } from '../../../vocabulary/presence';
import { isLiving } from '../../../vocabulary/run-status';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { readGitState } from '../storage/git-state';
import type { RunRecorder } from '../storage/run-recorder';
import type { PreparedTraining } from '../training/prepared-training';
import type { RunObserver } from '../training/run-observer';
import type { RecordedRun } from './recorded-run';
import { claimRun } from './this-worker';

/** Where a run is kept and where its process listens. */
interface RunPlace {
  /** The run directory, which exists. */
  readonly directory: string;
  readonly socket: string;
  /** Another trainer goes on with the run: this one must end, and writes nothing any more. */
  onLost(problem: Problem): void;
}

/** A new run, and what it is made of. */
export interface RunRequest extends RunPlace {
  readonly id: string;
  readonly createdAt: Date;
  readonly task: BeginTask;
}

/** A run that has ended or was killed, and is to go on. */
export interface ResumeRequest extends RunPlace {
  readonly task: ResumeTask;
}

/**
 * Hears what a run is busy with before it begins.
 *
 * @param isTried whether the experiment, its data and its step were tried, so that time is all it takes
 */
export type OnPhase = (phase: string, isTried?: true) => void;

const choosing = 'choosing what computes';

/**
 * Loads an experiment, prepares its training and begins its record; the run is then ready to be run.
 *
 * The tensor library and all that needs it is loaded here, so that whoever calls this can listen and
 * show what is going on first.
 *
 * @throws ProblemError that says why it cannot begin
 */
export async function beginRun(
  request: RunRequest,
  listeners: readonly RunObserver[],
  onPhase: OnPhase,
): Promise<RecordedRun> {
  return await claimed(request, onPhase, (claim) => begun(request, claim, listeners, onPhase));
}

async function begun(
  request: RunRequest,
  claim: RunClaim,
  listeners: readonly RunObserver[],
  onPhase: OnPhase,
): Promise<RecordedRun> {
  onPhase('loading the experiment');
  const { loaded, backend, repeated } = await loadRequested(request.task);
  const changes = changesOf(repeated, loaded);
  // A large repository takes git a while: it looks while the rest is made ready.
  const gitWarnings: string[] = [];
  const looked = readGitState(path.dirname(loaded.file), (text) => gitWarnings.push(text));
  onPhase('loading the tensor library');
  const { prepareTraining } = await import('../training/prepare');
  onPhase('loading the data and trying a step');
  const onCompiled = () => onPhase(choosing, true);
  const { until, group } = request.task;
  const stop = stops(until, group);
  const made = await prepareTraining(loaded, { backend, onCompiled, changes, ...stop });
  const git = await looked;
  const warnings = [...made.warnings, ...changedData(repeated, made), ...gitWarnings];
  const { description } = made;
  // A change may bring something to measure.
  const later = changes.length > 0 ? (repeated?.metrics ?? []) : [];
  const metrics = [
    ...description.metrics,
    ...later.filter(({ name }) => description.metrics.every((metric) => metric.name !== name)),
  ];
  const prepared = { ...made, description: { ...description, metrics }, warnings };
  onPhase('beginning the record', true);
  const { RunRecorder } = await import('../storage/run-recorder');
  const { task, ...place } = request;
  const told = { ...optionsOf(task), ...(repeated ? { parent: repeated.id } : {}) };
  const start = { ...place, ...told, claim, loaded, prepared, git, changes };
  return await recorded(prepared, listeners, (onTrouble) => RunRecorder.begin(start, onTrouble));
}

/**
 * Goes on with a run in its own directory: from a checkpoint, with the source, seed and overrides that
 * it keeps. What it recorded before stays; steps that are done again are not recorded twice.
 *
 * @throws ProblemError that says why it cannot go on; nothing in the directory is then changed
 */
export async function resumeRun(
  request: ResumeRequest,
  listeners: readonly RunObserver[],
  onPhase: OnPhase,
): Promise<RecordedRun> {
  // Who listens at the run's own place is this process: that keeps all others of this host out.
  const before = await readManifest(request.directory);
  if (before.worker?.socket !== request.socket) await requireEnded(before);
  return await claimed(request, onPhase, (claim) => resumed(request, claim, listeners, onPhase));
}

async function resumed(
  request: ResumeRequest,
  claim: RunClaim,
  listeners: readonly RunObserver[],
  onPhase: OnPhase,
): Promise<RecordedRun> {
  const { directory, task } = request;
  const { steps, from } = task;
  onPhase('reading the checkpoint');
  // Who trained it before may have gone on until it was claimed.
  const manifest = await readManifest(directory);
  const warnings: string[] = [];
  const saved = await newestSound(directory, from, warnings);
  onPhase('loading the experiment');
  const { loadKeptExperiment } = await import('../experiment/kept-source');
  const changes = steps === undefined ? {} : { steps };
  const loaded = await loadKeptExperiment(directory, manifest, changes);
  requireStepsLeft(manifest, loaded, saved);
  onPhase('loading the tensor library');
  const { prepareTraining } = await import('../training/prepare');
  onPhase('loading the data and trying a step');
  const wanted = task.backend ?? (manifest.backend?.name as WantedBackend | undefined);
  const onCompiled = () => onPhase(choosing, true);
  const { changes: made = [] } = manifest;
  const go = (backend: WantedBackend) =>
    prepareTraining(loaded, {
      ...{ backend, onCompiled, changes: made, ...stops(task.until, manifest.group) },
      ...(saved ? { saved } : {}),
    });
  const prepared = await go(wanted ?? 'auto').catch(async (thrown: unknown) => {
    // A backend that was asked for by name now is not replaced by another.
    const problem = problemOf(thrown);
    if (task.backend !== undefined || problem.kind !== 'environment') throw thrown;
    warnings.push(
      `${problem.message} Another one goes on; its numbers may differ in the last bits.`,
    );
    return await go('auto');
  });
  warnings.push(...changedData(manifest, prepared));
  onPhase('going on with the record', true);
  const { RunRecorder } = await import('../storage/run-recorder');
  const resumption = { directory, claim, manifest, loaded, prepared, warnings };
  return await recorded(prepared, listeners, (onTrouble) =>
    RunRecorder.resume({ ...resumption, step: saved?.step ?? 0 }, onTrouble),
  );
}

/** Where a run of a sweep is measured for comparison, and where it stops for now. */
function stops(until: number | undefined, group: RunGroup | undefined) {
  const rungs = group?.halving?.rungs;
  return { ...(until === undefined ? {} : { until }), ...(rungs ? { rungs } : {}) };
}

/** Does `action` with the run claimed for this process; where that fails, the run is given back. */
async function claimed(
  { directory, socket, onLost }: RunPlace,
  onPhase: OnPhase,
  action: (claim: RunClaim) => Promise<RecordedRun>,
): Promise<RecordedRun> {
  const claim = await claimRun(directory, socket, onPhase);
  void claim.lost.then(() =>
    onLost({
      kind: 'worker',
      message:
        'Another trainer has gone on with this run, as nothing was heard of this one for long.',
      remedy: 'This one ends and writes nothing more to it.',
    }),
  );
  try {
    return await action(claim);
  } catch (thrown) {
    await claim.release();
    throw thrown;
  }
}

/** The run of a prepared training and the recorder that `open` gives. */
async function recorded(
  prepared: PreparedTraining,
  listeners: readonly RunObserver[],
  open: (onTrouble: (problem: Problem) => void) => Promise<RunRecorder>,
): Promise<RecordedRun> {
  const { RecordedRun } = await import('./recorded-run');
  let run: RecordedRun | undefined;
  let early: Problem | undefined;
  const recorder = await open((problem) => {
    if (run) run.onTrouble(problem);
    else early = problem;
  });
  // Nothing is recorded yet, so this is only possible when the disk fills up in this very moment.
  if (early) throw new ProblemError(early);
  run = new RecordedRun(recorder, (observer) => prepared.createLoop([observer]), listeners);
  return run;
}

async function loadRequested({
  experiment,
  copy,
  exactly,
  overrides,
  backend = 'auto',
}: BeginTask): Promise<{
  loaded: LoadedExperiment;
  backend: WantedBackend;
  repeated?: RunManifest;
}> {
  if (exactly === undefined) {
    const { loadExperiment } = await import('../experiment/load');
    const loaded = await loadExperiment(copy ?? experiment, {
      overrides,
      ...(copy === undefined ? {} : { original: experiment }),
    });
    return { loaded, backend };
  }
  const manifest = await readManifest(exactly);
  const { loadKeptExperiment } = await import('../experiment/kept-source');
  const loaded = await loadKeptExperiment(exactly, manifest, overrides);
  const before = manifest.backend?.name as WantedBackend | undefined;
  return {
    loaded,
    backend: backend === 'auto' ? (before ?? backend) : backend,
    repeated: manifest,
  };
}

/**
 * What is changed on the way of a run that repeats another one exactly: what was changed on that one's, but
 * for what it is told to have otherwise from the start, and as long as it lasts.
 */
function changesOf(
  repeated: RunManifest | undefined,
  { overrides, experiment }: LoadedExperiment,
): readonly KnobChange[] {
  const isOverridden = (option: string) =>
    Object.entries(overrides).some(
      ([path, value]) =>
        (option === path || option.startsWith(`${path}.`)) && repeated?.overrides[path] !== value,
    );
  return (repeated?.changes ?? []).filter(
    ({ option, step }) => step < experiment.steps && !isOverridden(option),
  );
}

/** Which data files of a run differ now, in words: what is trained from here on is not what it was. */
function changedData(
  before: RunManifest | undefined,
  { dataFiles }: Pick<PreparedTraining, 'dataFiles'>,
): string[] {
  return (before?.dataFiles ?? []).flatMap(({ file, sha256 }) => {
    const now = dataFiles.find((one) => one.file === file);
    if (now === undefined || now.sha256 === sha256) return [];
    const [was, is] = [sha256, now.sha256].map((hash) => hash.slice(0, 12));
    return `The data file ${file} has changed since ‘${before?.name}’ began (SHA-256 ${was}… then, ${is}… now): it is trained on other data.`;
  });
}

/**
 * Of a trainer of another host its claim decides.
 *
 * @throws ProblemError of kind `worker` while the run's trainer answers on this host
 */
export async function requireEnded({ name, state, worker }: RunManifest): Promise<void> {
  if (!isLiving(state.status) || !worker || !isSameHost(worker.host, thisHost())) return;
  if (!(await isTrainerListening(worker.socket))) return;
  throw new ProblemError({
    kind: 'worker',
    message: `‘${name}’ is in training already (process ${worker.pid}).`,
    remedy: 'Watch that one, or stop it first.',
  });
}

/** @throws ProblemError of kind `experiment` when nothing is left to do */
function requireStepsLeft(
  { name }: RunManifest,
  { experiment }: LoadedExperiment,
  saved: KeptCheckpoint | undefined,
): void {
  if (saved === undefined || saved.step < experiment.steps) return;
  throw new ProblemError({
    kind: 'experiment',
    message: `‘${name}’ has done all of its ${experiment.steps} steps.`,
    remedy: 'Give it more with --steps, or an earlier step to go on from with --from.',
  });
}

/**
 * The newest checkpoint that can be read; none where the run died before its first.
 *
 * @param warnings gets what is wrong with newer ones
 */
async function newestSound(
  directory: string,
  from: number | undefined,
  warnings: string[],
): Promise<KeptCheckpoint | undefined> {
  const steps = await listCheckpoints(directory);
  for (const step of steps.reverse()) {
    if (from !== undefined && step > from) continue;
    try {
      return await readCheckpoint(directory, step);
    } catch (thrown) {
      warnings.push(problemOf(thrown).message);
    }
  }
  return undefined;
}
