import { mostClassColors } from '../../../protocol/class-colors';
import type { FieldStack, PreviewFrame, PreviewLayout } from '../../../protocol/run';
import type { RowCode } from '../../methods/data/categories';
import type { Rows } from '../../methods/data/rows';
import type { Subject } from '../../methods/diagnostics/diagnostic';
import { gridPoints } from '../../methods/diagnostics/grid';
import type { NamedDiagnostic } from '../../methods/diagnostics/prepare';
import type { SmallSpace } from '../../methods/diagnostics/small-space';
import { StateSpace } from '../../methods/diagnostics/state-space';
import { stackFields, stackResolution } from './field-stack';
import { type FilterPlan, filtersOf } from './filters';
import { LookingTime } from './looking-time';
import { Measuring } from './measuring';
import type { Pace } from './pace';
import { imagePaths, PathRecord, planePaths } from './path-record';
import { PreviewCadence } from './preview-cadence';
import type { RunObserver } from './run-observer';
import { SnapshotCadence } from './snapshot-cadence';
import { subjectOf } from './subject';
import type { StepMetrics, TrainingStep } from './training-step';

/** Rows of each kind whose energies a preview has, beside its samples, and a snapshot of all. */
export const mostCompared = 512;
/** How wrong a log Z may be by which probabilities are told, in nats. */
const worstLogPartition = 1e-3;

export interface PreviewsOptions {
  readonly step: TrainingStep;
  /** Training steps that are already done, and those until it is finished. */
  readonly completed: number;
  readonly steps: number;
  readonly preview: {
    /** Training steps from one to the next; `null`: as time allows. */
    readonly every: number | null;
    /** Steps after which all is measured beside that. */
    readonly rungs?: readonly number[];
    readonly layout: PreviewLayout;
    /** Where rows are shown in other numbers than the model has. */
    readonly code?: RowCode;
  };
  /** What is measured at each preview. */
  readonly diagnostics: readonly NamedDiagnostic[];
  /** Where diagnostics are of all of a small space. */
  readonly space?: SmallSpace;
  /** `[n, D]` rows that it trains on, those that are shown first. */
  readonly data?: Rows;
  /** `[n, D]` rows that it does not train on, whose energies are compared with those of samples. */
  readonly heldOut?: Rows;
  /** `[n, D]` rows of other data. */
  readonly others?: Rows;
  /** Classes that the energy tells apart. Default 0: none. */
  readonly classes?: number;
  /** Which of the parameters are shown as pictures. */
  readonly filters?: FilterPlan;
}

/** Who hears of a preview. */
export interface Audience {
  readonly observers: readonly RunObserver[];
  /** Hears the metrics of the step, with what was measured. */
  measured(step: number, metrics: StepMetrics): void;
  notice(text: string): void;
}

/** Shows a model as it is, again and again: draws from it, measures it, and has that kept. */
export class Previews {
  readonly #options: PreviewsOptions;
  readonly #audience: Audience;
  readonly #pace: Pace;
  readonly #time: LookingTime;
  readonly #cadence: PreviewCadence;
  readonly #snapshots: SnapshotCadence;
  /** Steps whose preview is due and is measured whole, whatever time that takes. */
  readonly #whole: ReadonlySet<number>;
  readonly #measuring: Measuring;

  /** @param seconds seconds of training and looking, which stand still while the run is paused */
  constructor(options: PreviewsOptions, audience: Audience, pace: Pace, seconds: () => number) {
    this.#options = options;
    this.#audience = audience;
    this.#pace = pace;
    this.#time = new LookingTime(seconds);
    const { steps, completed, preview } = options;
    const { every, rungs = [] } = preview;
    this.#whole = new Set([steps, ...rungs]);
    this.#cadence = new PreviewCadence({ whole: this.#whole, steps, completed, every }, this.#time);
    this.#snapshots = new SnapshotCadence(steps);
    this.#measuring = new Measuring(options.diagnostics, async (name, measure) => {
      const measured = await this.#time.part(name, measure);
      await this.#pace.giveWay();
      return measured;
    });
  }

  isDue(step: number): boolean {
    return this.#cadence.isDue(step);
  }

  /**
   * Draws from the model as it is after a step and measures it.
   *
   * @param metrics what the step measured
   * @returns what is to be kept, and all metrics of the step
   */
  async look(
    step: number,
    metrics: StepMetrics,
  ): Promise<{ readonly frame: PreviewFrame; readonly metrics: StepMetrics }> {
    return await this.#cadence.around(step, async () => {
      const { frame, points } = await this.#frame(step);
      const { measured, logPartition } = await this.#measure(frame, points);
      const all = { ...metrics, ...measured };
      this.#audience.measured(step, all);
      const known = logPartition === undefined ? {} : { logPartition };
      return { frame: { ...frame, ...known }, metrics: all };
    });
  }

  /**
   * Has a frame kept. Where the user has it look so often that it takes much of the time, that is said.
   *
   * @throws ProblemError of kind `storage` where it cannot be kept; it may be tried again
   */
  async keep(frame: PreviewFrame): Promise<void> {
    const { observers } = this.#audience;
    await this.#time.more(() =>
      this.#time.part('writing', async () => {
        for (const observer of observers) await observer.preview?.(frame);
        if (!this.#snapshots.isDue(frame.step)) return;
        await this.#snapshots.around(frame.step, () => this.#takeSnapshot(frame));
      }),
    );
    const { preview, steps } = this.#options;
    const warning = preview.every !== null && this.#time.warning(frame.step === steps);
    if (warning) this.#audience.notice(warning);
  }

  /** What is shown of a step, and the samples as `[n, D]` points of the model. */
  async #frame(
    at: number,
  ): Promise<{ readonly frame: PreviewFrame; readonly points: Float32Array }> {
    const { step, preview, filters } = this.#options;
    const { dimensions, bounds, resolution } = preview.layout;
    const plan = pathPlanOf(preview.layout);
    const paths = plan && new PathRecord(plan, dimensions, preview.code);
    const points = await this.#time.part('chains', () => step.sample(paths?.stops));
    const ages = step.chainAges();
    const samples = preview.code ? preview.code.shown(points) : points;
    const field = await this.#time.part('landscape', async () =>
      resolution > 0 ? await step.energy(gridPoints(bounds, resolution)) : undefined,
    );
    const classFields = await this.#time.part('fields of classes', () => this.#classFields());
    const count = samples.length / dimensions;
    const known = await this.#time.part('energies', () => this.#known(points));
    const weights = filters && (await step.parameters())[filters.parameter];
    const frame: PreviewFrame = {
      step: at,
      samples,
      count,
      ...(field ? { field } : {}),
      ...(classFields ? { classFields } : {}),
      ...known,
      ...(ages ? { ages } : {}),
      ...paths?.found,
      ...(weights ? { filters: filtersOf(weights, filters) } : {}),
    };
    return { frame, points };
  }

  /** What {@link PreviewFrame.classFields} is, for as many classes as can be told apart in a picture. */
  async #classFields(): Promise<FieldStack | undefined> {
    const { step, preview, classes = 0 } = this.#options;
    const { bounds, dimensions, resolution } = preview.layout;
    const isSuited = dimensions === 2 && resolution > 0;
    if (!isSuited || classes < 2 || classes > mostClassColors) return undefined;
    const points = gridPoints(bounds, stackResolution(resolution, classes));
    return stackFields(await step.classEnergies(points), classes);
  }

  /** What the model makes of `[n, D]` samples and of the rows that they are compared with. */
  async #known(samples: Float32Array): Promise<Pick<PreviewFrame, 'energies' | 'classes'>> {
    const { step, data, heldOut, others, classes = 0 } = this.#options;
    const dimensions = this.#dimensions;
    const parts = [samples, ...[data, heldOut, others].map((rows) => firstOf(rows, dimensions))];
    // All at once: the program that evaluates them has one size.
    const all = await step.energy(joined(parts));
    let at = 0;
    const [ofSamples, ofData, ofHeldOut, ofOthers] = parts.map(({ length }) => {
      const from = at;
      at += length / dimensions;
      return all.slice(from, at);
    });
    const likeliest = classes > 0 ? lowest(await step.classEnergies(samples), classes) : undefined;
    return {
      energies: {
        samples: ofSamples!,
        data: ofData!,
        ...(heldOut?.length ? { heldOut: ofHeldOut! } : {}),
        ...(others?.length ? { outOfDistribution: ofOthers! } : {}),
      },
      ...(likeliest ? { classes: likeliest } : {}),
    };
  }

  async #measure({ step: at, field }: PreviewFrame, samples: Float32Array) {
    const { step, space, heldOut } = this.#options;
    const subject = subjectOf(step, samples, {
      heldOut: heldOut ?? new Float32Array(0),
      dimensions: this.#dimensions,
      ...(space ? { space } : {}),
      ...(field ? { field } : {}),
    });
    const moment = { step: at, isLast: this.#whole.has(at) };
    const { metrics, notices } = await this.#measuring.measure(subject, moment);
    for (const notice of notices) this.#audience.notice(notice);
    const logPartition = await this.#time.part('log Z', () => this.#logPartition(subject));
    return { measured: metrics, logPartition };
  }

  /** What {@link PreviewFrame.logPartition} is. */
  async #logPartition({ inSpace }: Subject): Promise<number | undefined> {
    if (!(this.#options.space instanceof StateSpace)) return undefined;
    const { logZ } = await inSpace();
    return 'value' in logZ && logZ.error <= worstLogPartition ? logZ.value : undefined;
  }

  /** D, the numbers of a point of the model. */
  get #dimensions(): number {
    const { code, layout } = this.#options.preview;
    return (code ?? layout).dimensions;
  }

  /** Tells those who keep pictures how the model looks now. */
  async #takeSnapshot(frame: PreviewFrame): Promise<void> {
    const observers = this.#audience.observers.filter(({ snapshot }) => snapshot !== undefined);
    if (observers.length === 0) return;
    const { energies } = frame;
    const distributions = {
      'energies/samples': (energies?.samples ?? new Float32Array(0)).subarray(0, mostCompared),
      'energies/held-out': energies?.heldOut ?? new Float32Array(0),
      ...(await this.#options.step.parameters()),
    };
    const wallTime = Date.now() / 1000;
    for (const observer of observers) observer.snapshot?.({ frame, wallTime, distributions });
  }
}

/** Of which chains the way is kept: of images, and of those that pass through a landscape. */
function pathPlanOf({ image, dimensions, resolution }: PreviewLayout) {
  if (image) return imagePaths;
  return dimensions === 2 && resolution > 0 ? planePaths : undefined;
}

/** The first rows of `[n, D]`, as many as are compared. */
function firstOf(rows: Rows | undefined, dimensions: number): Float32Array {
  return rows ? rows.subarray(0, mostCompared * dimensions) : new Float32Array(0);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Of each row of `[n, classes]` energies the number of the lowest. */
function lowest(energies: Float32Array, classes: number): Float32Array {
  return Float32Array.from({ length: energies.length / classes }, (_, row) => {
    const own = energies.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(own.reduce((least, energy) => Math.min(least, energy)));
  });
}
