import { ProblemError } from '../../../protocol/problem';
import type { Backend } from '../../compiler/backends/backend';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Program } from '../../compiler/graph/program';
import { sizeOf } from '../../compiler/graph/shape';
import type { Arrays, Execution, NoiseKey } from '../../compiler/run/execution';
import type { Batches } from '../../methods/data/batches';
import type { Rows } from '../../methods/data/rows';
import type { Annealing, ChainRecord } from '../../methods/diagnostics/diagnostic';
import type { Objective } from '../../methods/objectives/objective-method';
import { AnnealedChains, type AnnealedChainsOptions } from './annealed-chains';
import type { EnergyFault } from './energy-fault';
import { parameterName } from './model-programs';
import { OnDemand } from './on-demand';
import { Pace } from './pace';
import { rowAtFault } from './row-at-fault';
import type { Checkpoint } from './run-observer';
import { type ChainStops, ShownChains, type ShownChainsOptions } from './shown-chains';
import { rateFactorName, type StepProgram } from './step-program';
import type { StepMetrics, TrainingStep } from './training-step';

/** Programs of one training and what they are fed from. */
export interface CompiledStepOptions {
  readonly step: StepProgram;
  /** The same with a watch for each parameter, for a step that went wrong. */
  readonly detailedStep: () => StepProgram;
  /** See `model-programs.ts`. */
  readonly energies: Program;
  /** The same of few points. */
  readonly fewEnergies: () => Program;
  readonly chains: ShownChainsOptions;
  readonly scores: () => Program;
  readonly flows: () => Program;
  readonly classes: () => Program;
  /** Where the energy knows its log Z. */
  readonly partition?: () => Program;
  /** Where it has a path from independent numbers. */
  readonly annealing?: AnnealedChainsOptions;
  /** What of the energy at a point is the first that is not finite, under these parameters. */
  readonly faultAt?: (point: Float32Array, parameters: Arrays) => EnergyFault | undefined;
  readonly backend: Backend;
  readonly objective: Objective;
  readonly batches: Batches;
  /** See {@link TrainingDefinition}. */
  readonly rowNumbers?: Uint32Array;
  readonly seed: number;
  /** `[count, D]` points that the shown chains start from after so many steps. */
  readonly shownChains: (step: number, count: number) => Float32Array;
  /** Sampler iterations on shown chains. */
  readonly previewChainSteps: number;
  /** The step's state to begin with: parameters and optimizer. */
  readonly initial: readonly NamedTensor[];
  /** Names of the parameters, without prefix. */
  readonly parameters: readonly string[];
  /** The last completed step; 0 at the beginning. */
  readonly completed: number;
}

/** In a checkpoint's metadata: into how many shards batches are cut. */
export const shardsKey = 'shards';

/** One training step as a compiled program on a backend. */
export class CompiledStep implements TrainingStep {
  readonly #options: CompiledStepOptions;
  readonly #step: Execution;
  readonly #energies: OnDemand;
  readonly #chains: ShownChains;
  readonly #fewEnergies: OnDemand;
  readonly #scores: OnDemand;
  readonly #flows: OnDemand;
  readonly #classes: OnDemand;
  readonly #partition: OnDemand | undefined;
  readonly #annealed: AnnealedChains | undefined;
  readonly #pace = new Pace();
  /** Shapes of the state, for checkpoints. */
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  #completed: number;

  private constructor(options: CompiledStepOptions, step: Execution) {
    this.#options = options;
    this.#step = step;
    this.#chains = new ShownChains(options.chains, options.backend);
    this.#energies = new OnDemand(options.backend, () => options.energies);
    this.#fewEnergies = new OnDemand(options.backend, options.fewEnergies);
    this.#scores = new OnDemand(options.backend, options.scores);
    this.#flows = new OnDemand(options.backend, options.flows);
    this.#classes = new OnDemand(options.backend, options.classes);
    const { partition, annealing } = options;
    this.#partition = partition && new OnDemand(options.backend, partition);
    this.#annealed = annealing && new AnnealedChains(annealing, options.backend);
    this.#shapes = new Map(options.initial.map(({ name, shape }) => [name, shape]));
    this.#completed = options.completed;
  }

  /** Hands the step to the backend; programs that only show the model follow when they are needed. */
  static async start(options: CompiledStepOptions): Promise<CompiledStep> {
    const { backend, step, initial } = options;
    const state = Object.fromEntries(initial.map(({ name, data }) => [name, data]));
    return new CompiledStep(options, await backend.start(step.program, state));
  }

  async run(step: number): Promise<StepMetrics> {
    const { objective, seed, step: compiled } = this.#options;
    const feeds = feedsOf(this.#options, step);
    const outputs = await this.#step.run(feeds, { seed, step }, isSound);
    if (!isSound(outputs)) throw await this.#notFinite(step, feeds, outputs);
    objective.keep?.(step, outputs);
    this.#completed = step;
    const values = outputs['metrics']!;
    return Object.fromEntries(compiled.metrics.map(({ name }, index) => [name, values[index]!]));
  }

  async sample(stops?: (iterations: number) => ChainStops): Promise<Float32Array> {
    const { shownChains, previewChainSteps } = this.#options;
    const points = shownChains(this.#completed, this.#chains.count);
    if (previewChainSteps === 0) return points;
    const parameters = await this.parameters();
    const heard = stops?.(previewChainSteps);
    return this.#chains.run(points, previewChainSteps, this.#completed, parameters, heard);
  }

  chainAges(): Float32Array | undefined {
    return this.#options.objective.shownAges?.(this.#completed, this.#chains.count);
  }

  async energy(points: Rows): Promise<Float32Array> {
    const { energies } = this.#options;
    const [many, dimensions] = energies.inputs[0]!.shape as [number, number];
    const rows = points.length / dimensions;
    const rest = rows % many;
    // A program has one size: what fills a small part of it is cheaper by a smaller one.
    const few = rest > 0 && rest <= many / 4 ? rest : 0;
    const first = await this.#evaluate(this.#energies, 'energies', points, 0, rows - few);
    if (few === 0) return first;
    const last = await this.#evaluate(this.#fewEnergies, 'energies', points, rows - few, rows);
    return Float32Array.of(...first, ...last);
  }

  score(points: Float32Array): Promise<Float32Array> {
    return this.#evaluate(this.#scores, 'scores', points);
  }

  flowLogDensity(points: Float32Array): Promise<Float32Array> {
    return this.#evaluate(this.#flows, 'logDensities', points);
  }

  classEnergies(points: Rows): Promise<Float32Array> {
    return this.#evaluate(this.#classes, 'classEnergies', points);
  }

  async logPartition(): Promise<number | undefined> {
    if (this.#partition === undefined) return undefined;
    const { execution } = await this.#partition.started();
    const { logPartition } = await execution.run(await this.parameters(), this.#now);
    return logPartition![0];
  }

  async anneal(samples: Float32Array): Promise<Annealing | undefined> {
    return await this.#annealed?.run(samples, await this.parameters(), this.#now);
  }

  async record(samples: Float32Array): Promise<ChainRecord> {
    const { previewChainSteps } = this.#options;
    const parameters = await this.parameters();
    return this.#chains.record(samples, previewChainSteps, this.#completed, parameters);
  }

  async parameters(): Promise<Record<string, Float32Array>> {
    const state = await this.#step.readState();
    return Object.fromEntries(
      this.#options.parameters.map((name) => [
        parameterName(name),
        (state[`average/${name}`] ?? state[parameterName(name)]) as Float32Array,
      ]),
    );
  }

  async checkpoint(step: number): Promise<Checkpoint> {
    const { objective, seed } = this.#options;
    const { shards } = this.#step;
    const state = await this.#step.readState();
    return {
      step,
      tensors: [
        ...[...this.#shapes].map(([name, shape]) => ({
          name,
          shape,
          data: state[name] as Float32Array,
        })),
        ...(objective.state?.() ?? []),
      ],
      metadata: {
        step: String(step),
        seed: String(seed),
        random: 'philox4x32-10',
        ...(shards === undefined ? {} : { [shardsKey]: String(shards) }),
      },
    };
  }

  restore({ tensors }: Checkpoint, factor: number): void {
    const { objective } = this.#options;
    const kept = new Map(tensors.map(({ name, data }) => [name, data]));
    const state = [...this.#shapes.keys()].map((name) => {
      const data = kept.get(name)!;
      return [name, name === rateFactorName ? data.map((rate) => rate * factor) : data] as const;
    });
    this.#step.writeState(Object.fromEntries(state));
    objective.restore?.(kept);
  }

  async dispose(): Promise<void> {
    const shown = [this.#energies, this.#fewEnergies, this.#scores, this.#flows, this.#classes];
    for (const each of [this.#step, this.#chains, ...shown]) await each.dispose();
    await this.#partition?.dispose();
    await this.#annealed?.dispose();
  }

  /** Which random numbers whatever looks at the model now draws. */
  get #now(): NoiseKey {
    return { seed: this.#options.seed, step: this.#completed };
  }

  /** The problem for a step that is not finite: at which row of data, if it is one of these. */
  async #notFinite(step: number, feeds: Arrays, outputs: Arrays): Promise<ProblemError> {
    const { batches, rowNumbers, seed, step: compiled } = this.#options;
    const data = feeds['data'] as Float32Array;
    const labels = feeds['labels'] as Float32Array | undefined;
    const size = compiled.program.inputs[0]!.shape[0]!;
    const dimensions = data.length / size;
    const rowOf = (index: number) => data.subarray(index * dimensions, (index + 1) * dimensions);
    const index = await rowAtFault(size, async (rows) => {
      const taken = Array.from({ length: size }, (_, place) => rows[place % rows.length]!);
      const alone = new Float32Array(data.length);
      for (const [place, row] of taken.entries()) alone.set(rowOf(row), place * dimensions);
      const fed = {
        ...feeds,
        data: alone,
        ...(labels ? { labels: Float32Array.from(taken, (row) => labels[row]!) } : {}),
      };
      return !isSound(await this.#step.run(fed, { seed, step }, () => false));
    });
    const found =
      (await this.#foundByName(feeds, { seed, step })) ?? firstNotFinite(compiled, outputs)!;
    const fault = this.#options.faultAt?.(rowOf(index ?? 0), await this.parameters());
    if (index === undefined) {
      return fault ? found.problem(`at all rows: ${fault.text}`, fault) : found.problem();
    }
    const number = rowNumbers?.[batches.rowAt(step, index)];
    const place = `at ${number === undefined ? 'a row of the data' : `row ${number} of the data`}, ${pointText(rowOf(index))}`;
    if (found.tellsItself) return found.problem(place);
    const [energy] = await this.energy(rowOf(index));
    const why = Number.isFinite(energy)
      ? 'the derivative of the energy is not defined there'
      : `the energy is ${energy} there`;
    const which = fault ? `; ${fault.text}` : '';
    return found.problem(
      `${place}: ${why}${which}`,
      fault,
      Number.isFinite(energy)
        ? 'Write the energy so that it has a derivative there, for example tf.sqrt(tf.add(tf.sum(tf.square(x), 1), 1e-12)) in place of tf.norm(x, 2, 1).'
        : 'Keep what the energy computes finite there, for example the argument of tf.log above 0, or leave the row out of the data.',
    );
  }

  /** What {@link firstNotFinite} finds where the step is done again by one that names parameters. */
  async #foundByName(feeds: Arrays, key: NoiseKey) {
    const { backend, detailedStep } = this.#options;
    const detailed = detailedStep();
    const execution = await backend.start(detailed.program, await this.#step.readState());
    try {
      return firstNotFinite(detailed, await execution.run(feeds, key));
    } finally {
      await execution.dispose();
    }
  }

  /**
   * What a program of the model gives for each of `[n, D]` points, one output after the other; or of
   * points `from` to `to`, of which no more are looked at than one evaluation takes.
   *
   * @param evaluating takes a fixed number of `points`, `[count, D]`, and gives as many rows of `output`
   */
  async #evaluate(
    evaluating: OnDemand,
    output: string,
    points: Rows,
    from = 0,
    to = Number.POSITIVE_INFINITY,
  ): Promise<Float32Array> {
    const { program, execution } = await evaluating.started();
    const [count, dimensions] = program.inputs[0]!.shape as [number, number];
    const width = sizeOf(program.outputs[output]!.shape) / count;
    const parameters = await this.parameters();
    const end = Math.min(to, points.length / dimensions);
    const values = new Float32Array((end - from) * width);
    for (let start = from; start < end; start += count) {
      const part = points.subarray(start * dimensions, Math.min(start + count, end) * dimensions);
      // The program has one size; what is missing in its last piece is not looked at.
      const padded = new Float32Array(count * dimensions);
      padded.set(part);
      const outputs = await execution.run(
        { points: padded, ...parameters },
        { seed: this.#options.seed, step: this.#completed },
      );
      const wanted = (outputs[output] as Float32Array).subarray(0, (end - start) * width);
      values.set(wanted, (start - from) * width);
      await this.#pace.giveWay();
    }
    return values;
  }
}

/** What training step `step` is fed. */
export function feedsOf(
  { batches, objective }: Pick<CompiledStepOptions, 'batches' | 'objective'>,
  step: number,
): Arrays {
  const labels = batches.labelsOf(step);
  return {
    data: batches.of(step),
    ...(labels ? { labels } : {}),
    step: Float32Array.of(step),
    ...objective.feed?.(step),
  };
}

const isSound = ({ watches }: Arrays) => watches!.every(Number.isFinite);

/** The first quantity that is NaN or infinite, as a problem of kind `training`; none where all are finite. */
function firstNotFinite({ watches }: StepProgram, outputs: Arrays) {
  const magnitudes = outputs['watches'] as Float32Array;
  const index = magnitudes.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return undefined;
  const watch = watches[index]!;
  const what = Number.isNaN(magnitudes[index]) ? 'NaN' : 'infinite';
  return {
    tellsItself: watch.tellsItself,
    problem: (where?: string, fault?: EnergyFault, remedy = watch.remedy) =>
      new ProblemError({
        kind: 'training',
        message: `${watch.quantity} became ${what}${where === undefined ? '' : ` ${where}`}. The step was not applied: everything is as the step before left it.`,
        remedy,
        ...(fault?.location ? { location: fault.location } : {}),
      }),
  };
}

/** The first numbers of a point. */
function pointText(point: Float32Array): string {
  const shown = Array.from(point.subarray(0, 4), (value) => Number(value.toPrecision(4)));
  return `(${[...shown, ...(point.length > shown.length ? ['…'] : [])].join(', ')})`;
}
