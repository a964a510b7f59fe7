import type { Backend } from '../../compiler/backends/backend';
import type { Program } from '../../compiler/graph/program';
import type { Arrays, NoiseKey } from '../../compiler/run/execution';
import type { Annealing } from '../../methods/diagnostics/diagnostic';
import {
  type AnnealingDirection,
  type AnnealingSize,
  annealingDirections,
  nextPrefix,
} from './model-programs';
import { OnDemand } from './on-demand';
import { Pace } from './pace';

/** Numbers of noise that a piece of an annealing holds, about. */
const mostNoise = 2 ** 22;

export interface AnnealedChainsOptions {
  readonly size: AnnealingSize;
  /** A piece of the chains; see `model-programs.ts`. */
  readonly program: (direction: AnnealingDirection) => Program;
  /** Puts beside points what is annealed with them, for as many as there are chains; nothing where absent. */
  readonly beside?: () => Program;
}

/** Chains between independent numbers and the model, run in pieces. */
export class AnnealedChains {
  readonly #size: AnnealingSize;
  readonly #beside: OnDemand | undefined;
  readonly #ways: Readonly<Record<AnnealingDirection, OnDemand>>;
  readonly #pace = new Pace();

  constructor({ size, program, beside }: AnnealedChainsOptions, backend: Backend) {
    this.#size = size;
    this.#beside = beside && new OnDemand(backend, beside);
    const way = (direction: AnnealingDirection) => new OnDemand(backend, () => program(direction));
    this.#ways = { 'to the model': way('to the model'), 'to the base': way('to the base') };
  }

  /**
   * Chains both ways.
   *
   * @param samples `[n, D]` of the model, from which as many go to the base as there are
   */
  async run(samples: Float32Array, parameters: Arrays, key: NoiseKey): Promise<Annealing> {
    const starts = await this.#starts(samples, parameters, key);
    const there = await this.#run('to the model', starts, parameters, key);
    const back = await this.#run('to the base', starts, parameters, key);
    return { logBase: there.logBase, toModel: there.weights, toBase: back.weights };
  }

  async dispose(): Promise<void> {
    for (const direction of annealingDirections) await this.#ways[direction].dispose();
    await this.#beside?.dispose();
  }

  /** Points that the chains take, as many as there are and no more than there are chains. */
  async #starts(
    samples: Float32Array,
    parameters: Arrays,
    { seed, step }: NoiseKey,
  ): Promise<Float32Array> {
    if (this.#beside === undefined) return samples;
    const { program, execution } = await this.#beside.started();
    const [chains, dimensions] = program.inputs[0]!.shape as readonly [number, number];
    const points = new Float32Array(chains * dimensions);
    const given = samples.subarray(0, points.length);
    points.set(given);
    const { joined } = await execution.run({ points, ...parameters }, { seed, step });
    const width = joined!.length / chains;
    return Float32Array.from(joined as Float32Array).subarray(
      0,
      (given.length / dimensions) * width,
    );
  }

  async #run(
    direction: AnnealingDirection,
    samples: Float32Array,
    parameters: Arrays,
    { seed, step }: NoiseKey,
  ): Promise<{ readonly weights: Float32Array; readonly logBase: number }> {
    const { temperatures, chains } = this.#size;
    const { program, execution } = await this.#ways[direction].started();
    const dimensions = program.inputs[0]!.shape[1]!;
    const given = Math.min(chains, samples.length / dimensions);
    let points = new Float32Array(chains * dimensions);
    for (let chain = 0; chain < chains; chain++) {
      const from = (chain % given) * dimensions;
      points.set(samples.subarray(from, from + dimensions), chain * dimensions);
    }
    let weights = new Float32Array(chains);
    let logBase = Number.NaN;
    const drawn = program.noise.reduce(
      (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
    const piece = Math.max(1, Math.floor(mostNoise / Math.max(1, drawn)));
    for (let done = 0; done < temperatures; done += piece) {
      const iterations = Math.min(piece, temperatures - done);
      const outputs = await execution.run(
        {
          points,
          weights,
          done: Int32Array.of(done),
          iterations: Int32Array.of(iterations),
          ...parameters,
        },
        // Each iteration draws its noise as a step of its own, far from those of other previews.
        { seed, step: step * temperatures + done },
      );
      points = Float32Array.from(outputs[`${nextPrefix}points`] as Float32Array);
      weights = Float32Array.from(outputs[`${nextPrefix}weights`] as Float32Array);
      logBase = outputs['logBase']![0]!;
      await this.#pace.giveWay();
    }
    // Who came twice, because there are fewer samples than chains, counts once.
    return { weights: direction === 'to the base' ? weights.slice(0, given) : weights, logBase };
  }
}
