import path from 'node:path';
import { version as tfjsVersion } from '@tensorflow/tfjs/package.json';
import { version } from '../../../package.json';
import { type Problem, ProblemError, problemOf } from '../../../protocol/problem';
import type {
  KnobChange,
  MetricInfo,
  PreviewFrame,
  RunGroup,
  RunManifest,
  RunState,
} from '../../../protocol/run';
import { newestArithmetic } from '../../../protocol/run';
import { pruneCheckpoints, writeCheckpoint } from '../../../run-directory/checkpoints';
import { EventWriter } from '../../../run-directory/event-file';
import type { ScalarEvent } from '../../../run-directory/event-message';
import { removeLeftovers, replaceFile } from '../../../run-directory/files';
import { beatFile, controlFolder } from '../../../run-directory/heartbeat';
import { histogramOf } from '../../../run-directory/histogram';
import { writeInitialParameters } from '../../../run-directory/initial-parameters';
import { writeManifest } from '../../../run-directory/manifest';
import { listPreviewSteps, writeData, writePreview } from '../../../run-directory/previews';
import type { RunClaim } from '../../../run-directory/run-claim';
import { withChange } from '../../../vocabulary/knobs';
import { formatCount } from '../../../vocabulary/quantities';
import { isLiving } from '../../../vocabulary/run-status';
import { knobsOf } from '../experiment/knobs';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { bestIn } from '../training/best-checkpoint';
import type { PreparedTraining } from '../training/prepared-training';
import type { Checkpoint, ModelSnapshot, RunObserver } from '../training/run-observer';
import { Stopwatch } from '../training/stopwatch';
import type { GitState } from './git-state';
import { asPng, type Picture, pictureOf } from './picture';
import { writeSourceSnapshot } from './source-snapshot';

/** What pictures are drawn from beside the previews. */
type Drawn = Pick<PreparedTraining, 'shownData'>;

/** What is recorded of a run before its first step. */
export interface RunStart {
  /** The run directory, which exists and may hold `worker.log`. */
  readonly directory: string;
  readonly id: string;
  readonly createdAt: Date;
  readonly loaded: LoadedExperiment;
  readonly prepared: Pick<
    PreparedTraining,
    'description' | 'backend' | 'warnings' | 'transform' | 'initial' | 'dataFiles'
  > &
    Drawn;
  /** The state of the repository that the experiment is in. */
  readonly git: GitState | undefined;
  readonly parent?: string;
  readonly group?: RunGroup;
  /** What is changed on its way: of the run that it repeats. */
  readonly changes?: readonly KnobChange[];
  /** The right to write into the directory; given back in the end. */
  readonly claim: RunClaim;
}

/** What is known of a run that goes on, before its first new step. */
export interface RunResumption {
  readonly directory: string;
  /** As it is on disk. */
  readonly manifest: RunManifest;
  readonly loaded: LoadedExperiment;
  readonly prepared: Pick<PreparedTraining, 'backend' | 'warnings'> & Drawn;
  /** Completed steps of the checkpoint that it goes on from. */
  readonly step: number;
  /** What the user should know of its going on. */
  readonly warnings: readonly string[];
  /** The right to write into the directory; given back in the end. */
  readonly claim: RunClaim;
}

/** How what lay in the folder differed from the commit. */
const diffFile = 'git.diff';
/** Curves reach the file, and the manifest the disk, at least this often. */
const flushMs = 1_000;
const manifestMs = 5_000;
/** The newest of what a run warns of is kept. */
const mostWarnings = 50;

/**
 * Keeps everything of a run on disk while it trains. It never delays the loop: what is appended goes
 * out in the background, and when that fails, {@link RunRecorder.onTrouble} is told once, everything
 * waits in memory, and {@link RunRecorder.retry} tries again.
 */
export class RunRecorder implements RunObserver {
  readonly directory: string;
  /** Confirmed before anything is written: who has lost it writes nothing. */
  readonly #claim: RunClaim;
  readonly #events: EventWriter;
  readonly #stopwatch = new Stopwatch();
  /** Seconds of training before this process. */
  readonly #earlierSeconds: number;
  readonly #keep: number;
  readonly #onTrouble: (problem: Problem) => void;
  readonly #draw: (frame: PreviewFrame) => Picture | undefined;
  #manifest: RunManifest;
  #trouble: Problem | undefined;
  #timer: NodeJS.Timeout | undefined;
  #manifestWrittenAt = 0;
  /** The manifest write that is under way, and whether another must follow it. */
  #manifestWrite: Promise<void> | undefined;
  #manifestStale = false;

  private constructor(
    { directory, claim }: Pick<RunStart, 'directory' | 'claim'>,
    events: EventWriter,
    manifest: RunManifest,
    keep: number,
    { shownData }: Drawn,
    onTrouble: (problem: Problem) => void,
  ) {
    this.directory = directory;
    this.#claim = claim;
    this.#events = events;
    this.#manifest = manifest;
    this.#earlierSeconds = manifest.trainingSeconds;
    this.#keep = keep;
    this.#onTrouble = onTrouble;
    const { preview: layout } = manifest;
    this.#draw = (frame) => layout && pictureOf(frame, { layout, data: shownData });
    this.#timer = setInterval(() => this.#inBackground(this.#tick()), flushMs);
    // The loop keeps the process alive, not its records.
    this.#timer.unref();
  }

  /**
   * Writes what is known before the first step: sources, data, the event file's beginning and the
   * manifest, in this order, so that a directory with a manifest is a run that began.
   *
   * @param onTrouble is told when something cannot be kept any more, once until it is retried
   * @throws ProblemError of kind `storage`
   */
  static async begin(start: RunStart, onTrouble: (problem: Problem) => void): Promise<RunRecorder> {
    const { directory, loaded, prepared } = start;
    await start.claim.confirm();
    const source = await writeSourceSnapshot(directory, loaded.sources);
    await writeData(directory, prepared.shownData);
    const { initial } = prepared;
    if (initial) await writeInitialParameters(directory, initial.tensors);
    const { git } = start;
    if (git?.diff) await replaceFile(directory, diffFile, [git.diff]);
    const events = await EventWriter.open(directory, start.createdAt);
    const manifest: RunManifest = {
      formatVersion: 1,
      id: start.id,
      name: loaded.experiment.name,
      state: { status: 'starting', step: 0, steps: loaded.experiment.steps },
      createdAt: start.createdAt.toISOString(),
      trainingSeconds: 0,
      experiment: { file: loaded.file, source, sha256: loaded.sha256 },
      config: loaded.config,
      overrides: loaded.overrides,
      ...(start.parent === undefined ? {} : { parent: start.parent }),
      ...(start.group === undefined ? {} : { group: start.group }),
      seed: loaded.experiment.seed,
      arithmetic: loaded.arithmetic ?? newestArithmetic,
      backend: prepared.backend,
      ...(prepared.warnings.length === 0 ? {} : { warnings: prepared.warnings }),
      versions: { 'ebm-lab': version, node: process.versions.node, tfjs: tfjsVersion },
      ...(git ? { git: { commit: git.commit, dirty: git.dirty } } : {}),
      preview: prepared.description.preview,
      ...(prepared.transform ? { transform: prepared.transform } : {}),
      ...(prepared.dataFiles.length > 0 ? { dataFiles: prepared.dataFiles } : {}),
      ...(initial ? { initialize: { file: initial.file, sha256: initial.sha256 } } : {}),
      metrics: prepared.description.metrics,
      knobs: knobsOf(loaded.experiment),
      ...(start.changes?.length ? { changes: start.changes } : {}),
      worker: start.claim.worker,
    };
    try {
      await writeManifest(directory, manifest);
    } catch (thrown) {
      await events.close();
      throw thrown;
    }
    return new RunRecorder(start, events, manifest, keepOf(loaded), prepared, onTrouble);
  }

  /**
   * Goes on with the record of a run that has ended or was killed. Nothing of it is undone: steps that
   * are recorded already are not recorded again.
   *
   * @throws ProblemError of kind `storage`
   */
  static async resume(
    resumption: RunResumption,
    onTrouble: (problem: Problem) => void,
  ): Promise<RunRecorder> {
    const { directory, manifest: before, loaded, prepared, step } = resumption;
    await resumption.claim.confirm();
    await removeLeftovers(directory, ['.', 'checkpoints', 'samples']);
    // There others write as well, who ask for something, and this trainer itself beats.
    const own = path.basename(beatFile(resumption.claim.token));
    const isDead = (name: string) => name.endsWith('.beat') && name !== own;
    await removeLeftovers(directory, [controlFolder], isDead);
    const { endedAt: _, warnings: __, rungs: measured, ...kept } = before;
    // What comes after the checkpoint is measured again.
    const rungs = measured?.filter((rung) => rung.step <= step) ?? [];
    const warnings = [...new Set([...prepared.warnings, ...resumption.warnings])];
    const { steps } = loaded.experiment;
    // A schedule may follow the length of the run.
    const { optimizer = null } = loaded.config;
    const manifest: RunManifest = {
      ...kept,
      state: { status: 'starting', step, steps },
      config: { ...before.config, optimizer, steps },
      ...(steps === before.state.steps ? {} : { overrides: { ...before.overrides, steps } }),
      backend: prepared.backend,
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(rungs.length === 0 ? {} : { rungs }),
      // One of an earlier version has none told.
      knobs: knobsOf(loaded.experiment),
      resumes: [...(before.resumes ?? []), { at: new Date().toISOString(), step }],
      worker: resumption.claim.worker,
    };
    const events = await EventWriter.open(directory);
    try {
      await writeManifest(directory, manifest);
    } catch (thrown) {
      await events.close();
      throw thrown;
    }
    return new RunRecorder(resumption, events, manifest, keepOf(loaded), prepared, onTrouble);
  }

  /** The manifest as it is now; on disk it may be some seconds older. */
  get manifest(): RunManifest {
    const trainingSeconds = this.#earlierSeconds + this.#stopwatch.seconds;
    return { ...this.#manifest, trainingSeconds };
  }

  /** Of the claim under which it is recorded. */
  get token(): string {
    return this.#claim.token;
  }

  /** What cannot be kept at the moment. */
  get trouble(): Problem | undefined {
    return this.#trouble;
  }

  state(state: RunState): void {
    const changed = state.status !== this.#manifest.state.status;
    this.#stopwatch.setRunning(state.status === 'running');
    this.#manifest = { ...this.#manifest, state };
    if (!changed) return;
    this.#inBackground(this.flush());
    // The last one is written by `close`, when all else is on disk.
    if (isLiving(state.status)) this.#inBackground(this.#writeManifest());
  }

  metrics(step: number, values: Readonly<Record<string, number>>, wallTime: number): void {
    this.#measureRung(step, values);
    // Steps after the checkpoint that a run goes on from have been recorded before, bit for bit.
    if (step > this.#events.lastStep) this.#events.append(step, wallTime, values);
  }

  /** Keeps what a run of a sweep is compared by at a rung; it reaches the disk with the checkpoint there. */
  #measureRung(step: number, values: Readonly<Record<string, number>>): void {
    const { group: { halving, metric } = {}, rungs = [] } = this.#manifest;
    if (metric === undefined || !halving?.rungs.includes(step)) return;
    const value = values[metric];
    const found = { step, value: value !== undefined && Number.isFinite(value) ? value : null };
    this.#manifest = {
      ...this.#manifest,
      rungs: [...rungs.filter((rung) => rung.step < step), found],
    };
  }

  notice(text: string): void {
    const { warnings = [] } = this.#manifest;
    this.#manifest = { ...this.#manifest, warnings: [...warnings, text].slice(-mostWarnings) };
    this.#inBackground(this.#writeManifest());
  }

  async change(change: KnobChange, measured: readonly MetricInfo[]): Promise<void> {
    const { lastStep } = this.#events;
    if (change.step < lastStep) {
      throw new ProblemError({
        kind: 'experiment',
        message: `The run does steps again that are recorded already, up to step ${formatCount(lastStep)}: they are to come out as they did.`,
        remedy: `Ask again once it is at step ${formatCount(lastStep)}.`,
      });
    }
    const { changes = [], metrics } = this.#manifest;
    const more = measured.filter(({ name }) => metrics.every((metric) => metric.name !== name));
    this.#manifest = {
      ...this.#manifest,
      changes: withChange(changes, change),
      metrics: [...metrics, ...more],
    };
    try {
      await this.#writeManifest();
    } catch (thrown) {
      // Whatever became of the file: it is written again soon, without what has not been done.
      const kept = this.#manifest.changes?.filter((one) => one !== change) ?? [];
      const { changes: _, ...rest } = this.#manifest;
      this.#manifest = { ...rest, metrics, ...(kept.length > 0 ? { changes: kept } : {}) };
      throw thrown;
    }
  }

  async preview(frame: PreviewFrame): Promise<void> {
    const layout = this.#manifest.preview;
    await this.#claim.confirm();
    if (layout) await writePreview(this.directory, frame, layout);
  }

  snapshot({ frame, wallTime, distributions }: ModelSnapshot): void {
    if (frame.step <= this.#events.lastStep) return;
    const picture = this.#draw(frame);
    const histograms = Object.entries(distributions).flatMap(([name, values]) => {
      const histogram = histogramOf(values);
      return histogram ? [[name, histogram] as const] : [];
    });
    this.#events.appendSnapshot(frame.step, wallTime, {
      images: picture ? { samples: { ...picture, png: asPng(picture) } } : {},
      histograms: Object.fromEntries(histograms),
    });
  }

  async checkpoint(checkpoint: Checkpoint): Promise<void> {
    await this.#claim.confirm();
    // A checkpoint is worth nothing without the curves that lead to it.
    await this.#events.sync();
    await writeCheckpoint(this.directory, checkpoint);
    // Only now: the new one is durable.
    await pruneCheckpoints(this.directory, this.#keep, bestIn(checkpoint)?.step);
  }

  /**
   * Writes all curves up to now.
   *
   * @returns the event file's length up to the last value recorded before this call
   * @throws ProblemError of kind `storage`; see {@link unwritten}
   */
  async flush(): Promise<number> {
    if (this.#claim.isFresh) return await this.#events.flush();
    await this.#claim.confirm();
    return await this.#events.flush();
  }

  /** The event file's length, and what is recorded but cannot be written beyond it. */
  unwritten(): { readonly bytes: number; readonly events: readonly ScalarEvent[] } {
    return this.#events.unwritten();
  }

  /** Steps of the previews on disk, ascending. */
  previewSteps(): Promise<number[]> {
    return listPreviewSteps(this.directory);
  }

  /**
   * Tries again to write what could not be written.
   *
   * @throws ProblemError of kind `storage` when that still fails
   */
  async retry(): Promise<void> {
    await this.flush();
    await this.#writeManifest();
    this.#trouble = undefined;
  }

  /**
   * Writes everything, and last the manifest of an ended run.
   *
   * @param state the final state
   * @throws ProblemError of kind `storage` when some of it cannot be written
   */
  async close(state: RunState): Promise<void> {
    clearInterval(this.#timer);
    this.#stopwatch.setRunning(false);
    const { worker: _, ...rest } = this.#manifest;
    this.#manifest = { ...rest, state, endedAt: new Date().toISOString() };
    try {
      await this.#claim.confirm();
      await this.#events.close();
    } finally {
      await this.#writeManifest();
      await this.#claim.release();
    }
  }

  async #tick(): Promise<void> {
    await this.flush();
    if (performance.now() - this.#manifestWrittenAt > manifestMs) await this.#writeManifest();
  }

  /** Writes the newest manifest, one write at a time. */
  async #writeManifest(): Promise<void> {
    await this.#claim.confirm();
    this.#manifestStale = true;
    while (this.#manifestStale || this.#manifestWrite !== undefined) {
      if (this.#manifestWrite !== undefined) {
        // Whoever began it hears of its failure; this call makes its own attempt.
        await this.#manifestWrite.catch(() => undefined);
        continue;
      }
      this.#manifestStale = false;
      this.#manifestWrittenAt = performance.now();
      this.#manifestWrite = writeManifest(this.directory, this.manifest);
      try {
        await this.#manifestWrite;
      } catch (thrown) {
        this.#manifestStale = true;
        throw thrown;
      } finally {
        this.#manifestWrite = undefined;
      }
    }
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => {
      if (this.#trouble) return;
      this.#trouble = problemOf(thrown, 'storage');
      this.#onTrouble(this.#trouble);
    });
  }
}

function keepOf({ experiment }: LoadedExperiment): number {
  return experiment.checkpoint.keep;
}
