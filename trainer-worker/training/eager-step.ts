import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../protocol/problem';
import type { Batches } from '../data/batches';
import type { Energy } from '../energies/energy-method';
import { contrastiveLoss } from '../objectives/contrastive-loss';
import type { ContrastiveObjective } from '../objectives/objective-method';
import type { ParameterUpdate } from '../optimizers/parameter-update';
import { withMathRandom } from '../random/math-random';
import { Random, streams } from '../random/random';
import { checkEnergies, type EnergyOrigin, energyProblem } from './energy-problem';
import { Pace } from './pace';
import type { Checkpoint, NamedTensor } from './run-observer';
import type { StepMetrics, TrainingStep } from './training-step';

export interface EagerStepOptions {
  readonly energy: Energy;
  readonly origin: EnergyOrigin;
  readonly objective: ContrastiveObjective;
  readonly update: ParameterUpdate;
  readonly batches: Batches;
  /** D. */
  readonly dimensions: number;
  readonly seed: number;
  /** Sampler iterations on shown chains. */
  readonly previewChainSteps: number;
  /** The parameters to begin with. */
  readonly parameters: readonly NamedTensor[];
  /** A checkpoint of the same experiment to go on from, instead of from `parameters`. */
  readonly saved?: Checkpoint;
}

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  values: Float32Array;
  /** `values` where the backend computes. */
  tensor: tf.Tensor;
}

/** Points per evaluation of an energy, so that memory stays bounded and sockets are served. */
const chunk = 4096;

/** One training step in eager tfjs. Parameters, optimizer and chains live on the host. */
export class EagerStep implements TrainingStep {
  readonly #options: EagerStepOptions;
  readonly #parameters: Parameter[];
  /** The optimizer's. */
  #state: readonly NamedTensor[];
  readonly #pace = new Pace();
  #step: number;
  /** What `Math.random` gives inside the user's energy. */
  #userRandom: Random;

  constructor(options: EagerStepOptions) {
    this.#options = options;
    const saved = new Map(options.saved?.tensors.map((tensor) => [tensor.name, tensor.data]));
    this.#parameters = options.parameters.map(({ name, shape, data }) => {
      const values = (saved.get(`parameters/${name}`) ?? data).slice();
      return {
        name,
        shape,
        values,
        tensor: tf.tensor(values, [...shape]),
      };
    });
    this.#state = options.update.initialState(options.parameters).map((tensor) => ({
      ...tensor,
      data: (saved.get(tensor.name) ?? tensor.data).slice(),
    }));
    this.#step = options.saved?.step ?? 0;
    this.#userRandom = this.#userRandomOf(this.#step);
  }

  async run(step: number): Promise<StepMetrics> {
    const { batches, objective, seed } = this.#options;
    this.#userRandom = this.#userRandomOf(step);
    const data = batches.of(step);
    const samples = await this.#chains(
      objective.startChains(step, data),
      objective.sampler.steps,
      new Random(seed, streams.chainNoise, step),
    );
    requireFinite(samples, 'The chains', chainRemedy);
    const { ofData, ofSamples, loss, gradients } = this.#contrast(data, samples);
    requireFinite(ofData, 'The energies of the data', energyRemedy);
    requireFinite(ofSamples, 'The energies of the samples', energyRemedy);
    requireFinite([loss], 'The loss', energyRemedy);
    for (const [i, gradient] of gradients.entries()) {
      requireFinite(
        gradient,
        `The gradient of the parameter '${this.#parameters[i]?.name}'`,
        energyRemedy,
      );
    }
    // Everything is computed beside the old state, which stays until all of it is known to be finite.
    const next = this.#updated(step, gradients);
    for (const { name, data } of next.parameters) {
      requireFinite(data, `The parameter '${name}'`, energyRemedy);
    }
    for (const [i, parameter] of this.#parameters.entries()) {
      parameter.values = next.parameters[i]!.data;
      parameter.tensor.dispose();
      parameter.tensor = tf.tensor(parameter.values, [...parameter.shape]);
    }
    this.#state = next.state;
    objective.keepChains(step, samples);
    this.#step = step;
    return {
      loss,
      'energy/data': mean(ofData),
      'energy/samples': mean(ofSamples),
      'gradient norm': norm(gradients),
    };
  }

  async sample(count: number): Promise<Float32Array> {
    const { objective, previewChainSteps, seed } = this.#options;
    return this.#chains(
      objective.shownChains(this.#step, count),
      previewChainSteps,
      new Random(seed, streams.previewNoise, this.#step),
    );
  }

  async energy(points: Float32Array): Promise<Float32Array> {
    const { dimensions } = this.#options;
    const energies = new Float32Array(points.length / dimensions);
    for (let start = 0; start < energies.length; start += chunk) {
      const part = points.subarray(start * dimensions, (start + chunk) * dimensions);
      energies.set(
        this.#explained(() =>
          tf.tidy(() => read(this.#energies(this.#tensors(), rows(part, dimensions)))),
        ),
        start,
      );
      await this.#pace.giveWay();
    }
    return energies;
  }

  async checkpoint(step: number): Promise<Checkpoint> {
    const { objective, seed } = this.#options;
    return {
      step,
      tensors: [
        ...this.#parameters.map(({ name, shape, values }) => ({
          name: `parameters/${name}`,
          shape,
          data: values.slice(),
        })),
        ...this.#state.map((tensor) => ({ ...tensor, data: tensor.data.slice() })),
        ...objective.state(),
      ],
      metadata: { step: String(step), seed: String(seed), random: 'philox4x32-10' },
    };
  }

  dispose(): void {
    for (const { tensor } of this.#parameters) tensor.dispose();
  }

  #userRandomOf(step: number): Random {
    return new Random(this.#options.seed, streams.userCode, step);
  }

  #tensors(): tf.Tensor[] {
    return this.#parameters.map(({ tensor }) => tensor);
  }

  /** The parameters and the optimizer's state after one update. */
  #updated(step: number, gradients: readonly Float32Array[]) {
    const named = ({ name, shape, data }: NamedTensor) =>
      [name, tf.tensor(data, [...shape])] as const;
    const { parameters, state } = tf.tidy(() => {
      const next = this.#options.update.apply({
        step: tf.scalar(step),
        parameters: Object.fromEntries(this.#parameters.map(({ name, tensor }) => [name, tensor])),
        gradients: Object.fromEntries(
          this.#parameters.map((parameter, i) => named({ ...parameter, data: gradients[i]! })),
        ),
        state: Object.fromEntries(this.#state.map(named)),
      });
      return { parameters: { ...next.parameters }, state: { ...next.state } };
    });
    const result = {
      parameters: this.#parameters.map(({ name }) => ({ name, data: read(parameters[name]!) })),
      state: this.#state.map((tensor) => ({ ...tensor, data: read(state[tensor.name]!) })),
    };
    tf.dispose([parameters, state]);
    return result;
  }

  /** Runs `body`; what the user's energy or its gradient throws becomes a problem. */
  #explained<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw energyProblem(error, this.#options.origin);
    }
  }

  /** Energies of `x` with the given parameter tensors, `[batch]`. */
  #energies(parameters: readonly tf.Tensor[], x: tf.Tensor2D): tf.Tensor1D {
    const { energy, origin } = this.#options;
    const named = Object.fromEntries(
      this.#parameters.map(({ name }, i) => [name, parameters[i]!] as const),
    );
    const energies = withMathRandom(this.#userRandom, () => energy.energy(named, x));
    return checkEnergies(energies, x.shape[0], origin);
  }

  /** Moves `[count, D]` chains by `iterations` of the sampler. */
  async #chains(starts: Float32Array, iterations: number, random: Random): Promise<Float32Array> {
    const { objective, dimensions } = this.#options;
    if (iterations === 0) return starts;
    const gradient = tf.grad((x: tf.Tensor) =>
      tf.sum(this.#energies(this.#tensors(), x as tf.Tensor2D)),
    );
    let x = rows(starts, dimensions);
    try {
      for (let i = 0; i < iterations; i++) {
        const next = this.#explained(() =>
          objective.sampler.step(x, (at) => gradient(at) as tf.Tensor2D, random),
        );
        x.dispose();
        x = next;
        await this.#pace.giveWay();
      }
      return read(x);
    } finally {
      x.dispose();
    }
  }

  /** The loss of a batch and its gradient in each parameter. */
  #contrast(data: Float32Array, samples: Float32Array) {
    const { dimensions, objective } = this.#options;
    const batch = data.length / dimensions;
    return this.#explained(() =>
      tf.tidy(() => {
        const both = tf.concat([rows(data, dimensions), rows(samples, dimensions)]) as tf.Tensor2D;
        let energies: tf.Tensor1D | undefined;
        const { value, grads } = tf.valueAndGrads((...parameters: tf.Tensor[]) => {
          energies = this.#energies(parameters, both);
          // The tidy around this would not spare it from the one inside `valueAndGrads`.
          tf.keep(energies);
          const ofData = tf.slice(energies, [0], [batch]);
          const ofSamples = tf.slice(energies, [batch], [-1]);
          return contrastiveLoss(ofData, ofSamples, objective.energyPenalty);
        })(this.#tensors());
        const all = read(energies!);
        energies?.dispose();
        return {
          ofData: all.slice(0, batch),
          ofSamples: all.slice(batch),
          loss: read(value)[0]!,
          gradients: grads.map(read),
        };
      }),
    );
  }
}

/** `[n, D]` points as a tensor. */
function rows(points: Float32Array, dimensions: number): tf.Tensor2D {
  return tf.tensor2d(points, [points.length / dimensions, dimensions]);
}

/** A float32 tensor's numbers. `wasm` computes in the host's memory, so this waits for nothing. */
function read(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync<'float32'>();
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Euclidean norm over all arrays. */
function norm(arrays: readonly Float32Array[]): number {
  let squares = 0;
  for (const array of arrays) for (const value of array) squares += value * value;
  return Math.sqrt(squares);
}

const chainRemedy =
  'Use a smaller stepSize or set clip in the sampler, or a smaller learningRate; then rerun.';
const energyRemedy =
  'Use a smaller learningRate or a positive energyPenalty (for example 0.1); then rerun.';

/** @throws ProblemError of kind `training` that names `quantity` if any value is NaN or infinite */
function requireFinite(values: ArrayLike<number>, quantity: string, remedy: string): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const what = Number.isNaN(values[i]) ? 'NaN' : 'infinite';
      throw new ProblemError({
        kind: 'training',
        message: `${quantity} became ${what}. The step was not applied: everything is as the step before left it.`,
        remedy,
      });
    }
  }
}
