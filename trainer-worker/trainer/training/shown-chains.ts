import type { Backend } from '../../compiler/backends/backend';
import { tableShape } from '../../compiler/graph/noise-source';
import type { Program } from '../../compiler/graph/program';
import { sizeOf } from '../../compiler/graph/shape';
import type { Arrays } from '../../compiler/run/execution';
import type { ChainRecord } from '../../methods/diagnostics/diagnostic';
import { type ChainPrograms, nextPrefix, statisticPrefix } from './model-programs';
import { OnDemand } from './on-demand';
import { Pace } from './pace';

/** Programs of shown chains. */
export interface ShownChainsOptions {
  readonly programs: ChainPrograms;
  /** The same of the fewer chains that are recorded, and how often they are. */
  readonly recorded: () => ChainPrograms;
  readonly draws: number;
  readonly seed: number;
  /** Iterations of one piece; where absent, as many as draw {@link noisePerPiece}. */
  readonly iterationsPerPiece?: number;
}

/** Iterations after which somebody hears where the chains are, beside their start and their end. */
export interface ChainStops {
  readonly iterations: readonly number[];
  /** @param points `[count, D]`, to be looked at and not kept */
  passed(done: number, points: Float32Array): void;
  /** Hears at the end what the sampler tells of the chains, where it is asked to tell it. */
  ended?(statistics: Readonly<Record<string, number>>): void;
}

/**
 * Numbers of noise that one run of a program for shown chains may draw: between such pieces the
 * sockets are served, and memory stays bounded however many iterations are asked for.
 */
const noisePerPiece = 2 ** 20;
/** More iterations than a preview may have: all that it draws shares a training step. */
const iterationsPerStep = 2 ** 20;

/**
 * The chains of previews. They run in pieces, and are the same to the bit however they are cut: what
 * the sampler carries goes on, and an iteration's noise is keyed by its number.
 */
export class ShownChains {
  readonly #options: ShownChainsOptions;
  readonly #advance: OnDemand;
  readonly #begin: OnDemand;
  readonly #records: OnDemand;
  readonly #beginRecords: OnDemand;
  readonly #iterationsPerPiece: number;
  readonly #pace = new Pace();
  /**
   * Where the last chains that were run ended, and all that they need to go on: `points` (on data that
   * are not negative, on the whole line) and what their sampler carries.
   */
  #last: { readonly ends: Float32Array; readonly state: Arrays } | undefined;

  /** Nothing is handed to the backend before it is needed. */
  constructor(options: ShownChainsOptions, backend: Backend) {
    const { programs, draws } = options;
    this.#options = options;
    this.#advance = new OnDemand(backend, () => programs.advance);
    this.#begin = new OnDemand(backend, () => programs.begin!);
    let made: ChainPrograms | undefined;
    const recorded = () => (made ??= options.recorded());
    this.#records = new OnDemand(backend, () => recorded().record(draws));
    this.#beginRecords = new OnDemand(backend, () => recorded().begin!);
    const drawn = Math.max(1, noisePerIteration(programs.advance));
    this.#iterationsPerPiece =
      options.iterationsPerPiece ?? Math.max(1, Math.floor(noisePerPiece / drawn));
  }

  /** How many chains there are. */
  get count(): number {
    return this.#options.programs.advance.inputs[0]!.shape[0]!;
  }

  /**
   * Where chains from `[count, D]` points are after so many iterations.
   *
   * @param step the training step that the parameters are of
   * @param stops who hears on the way where they are
   */
  async run(
    starts: Float32Array,
    iterations: number,
    step: number,
    parameters: Arrays,
    stops?: ChainStops,
  ): Promise<Float32Array> {
    const { programs, seed } = this.#options;
    const { execution } = await this.#advance.started();
    const first = step * iterationsPerStep;
    let ends = starts;
    let statistics: Readonly<Record<string, number>> = {};
    let state: Arrays = {
      points: starts,
      ...(programs.begin ? await this.#carriedAt(this.#begin, starts, first, parameters) : {}),
    };
    stops?.passed(0, starts);
    for (let done = 0; done < iterations; ) {
      const stop = stops?.iterations.find((at) => at > done) ?? iterations;
      const count = Math.min(this.#iterationsPerPiece, stop - done, iterations - done);
      const numbers = { iterations: Int32Array.of(count), done: Int32Array.of(done) };
      const outputs = await execution.run(
        { ...state, ...numbers, ...parameters },
        { seed, step: first + done },
      );
      state = Object.fromEntries(
        Object.keys(state).map((name) => [name, outputs[nextPrefix + name]!]),
      );
      ends = outputs['ends'] as Float32Array;
      statistics = statisticsIn(outputs);
      done += count;
      if (done === stop) stops?.passed(done, ends);
      await this.#pace.giveWay();
    }
    this.#last = { ends, state };
    stops?.ended?.(statistics);
    return ends;
  }

  /**
   * Goes on with some of the chains and writes down where they pass.
   *
   * @param samples what {@link run} gave last, to go on from just there, or other points
   * @param done iterations that they have behind them
   */
  async record(
    samples: Float32Array,
    done: number,
    step: number,
    parameters: Arrays,
  ): Promise<ChainRecord> {
    const { seed } = this.#options;
    const { program, execution } = await this.#records.started();
    const shape = program.outputs['record']!.shape as [number, number, number];
    const [draws, chains, quantities] = shape;
    const outputs = await execution.run(
      {
        ...(await this.#statesOf(program, samples, step, parameters)),
        done: Int32Array.of(done),
        ...parameters,
      },
      { seed, step },
    );
    return { values: outputs['record'] as Float32Array, draws, chains, quantities };
  }

  async dispose(): Promise<void> {
    const started = [this.#advance, this.#begin, this.#records, this.#beginRecords];
    for (const each of started) await each.dispose();
  }

  /** What the first chains feed to the program that records them. */
  async #statesOf(
    program: Program,
    samples: Float32Array,
    step: number,
    parameters: Arrays,
  ): Promise<Arrays> {
    // Of what has a row for each chain, the first rows; what all share has the same size.
    const sizes = new Map(program.inputs.map((node) => [node.params.name, sizeOf(node.shape)]));
    const firstOf = (all: Arrays) =>
      Object.fromEntries(
        Object.entries(all).map(([name, values]) => [name, values.slice(0, sizes.get(name))]),
      );
    if (this.#last?.ends === samples) return firstOf(this.#last.state);
    const { points } = firstOf({ points: samples });
    const begins = this.#options.programs.begin !== undefined;
    return {
      points: points!,
      ...(begins
        ? await this.#carriedAt(this.#beginRecords, points as Float32Array, step, parameters)
        : {}),
    };
  }

  async #carriedAt(
    beginning: OnDemand,
    points: Float32Array,
    step: number,
    parameters: Arrays,
  ): Promise<Arrays> {
    const { execution } = await beginning.started();
    return execution.run({ points, ...parameters }, { seed: this.#options.seed, step });
  }
}

/** What a piece tells of all iterations so far, by what people call it. */
function statisticsIn(outputs: Arrays): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, values]) =>
      name.startsWith(statisticPrefix) ? [[name.slice(statisticPrefix.length), values[0]!]] : [],
    ),
  );
}

/** Numbers that a program draws in each iteration of the loop of `iterations`. */
function noisePerIteration({ noise }: Program): number {
  const once = { iterations: Int32Array.of(1) };
  return noise.reduce((sum, source) => sum + sizeOf(tableShape(source, once)), 0);
}
