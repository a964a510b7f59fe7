import {
  type ChainsPassed,
  type CheckpointFacts,
  type CheckpointRequest,
  type Drawing,
  type DrawOffer,
  type DrawRequest,
  mostDrawnNumbers,
  type PointAnswer,
  type PointRequest,
} from '../../../protocol/looking';
import { ProblemError } from '../../../protocol/problem';
import { checkpointFacts, tensorFacts } from '../../../run-directory/checkpoint-facts';
import { checkpointStamp, readCheckpoint } from '../../../run-directory/checkpoints';
import { readManifest } from '../../../run-directory/manifest';
import { formatCount } from '../../../vocabulary/quantities';
import type { TrainingStep } from '../training/training-step';
import { offerOf, watchSamples } from './draw-samples';
import { type ReadyModel, readyModel, startKeptModel, stepOf } from './kept-model';
import { pointEnergy } from './point-energies';

/** A model that was made ready, and what of the run it was made of. */
interface Kept {
  readonly key: string;
  readonly ready: Promise<ReadyModel>;
  step?: Promise<TrainingStep>;
}

/**
 * The model of a run that is asked one thing after the other: what was last asked of is kept ready, so that
 * the next answer comes at once. Writes nothing.
 */
export class AskedModel {
  readonly #directory: string;
  #kept: Kept | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What can be drawn of it. */
  async offer({ checkpoint }: CheckpointRequest): Promise<DrawOffer> {
    const { ready } = await this.#at(checkpoint);
    return offerOf(await ready);
  }

  /**
   * Draws, and tells where the chains pass.
   *
   * @throws ProblemError of kind `experiment` where that is too much for who watches, or cannot be drawn
   */
  async draw(
    { checkpoint, ...options }: DrawRequest,
    passed: (stop: ChainsPassed) => void,
  ): Promise<Drawing> {
    const ready = await (await this.#at(checkpoint)).ready;
    const most = Math.floor(mostDrawnNumbers / ready.defined.dataset.dimensions);
    if (options.count <= most) return await watchSamples(ready, options, passed);
    throw new ProblemError({
      kind: 'experiment',
      message: `${formatCount(options.count)} samples are too many to be watched.`,
      remedy: `Draw up to ${formatCount(most)}; in a shell ebm draw takes more.`,
    });
  }

  /** The energy of a point, and what else is known of it. */
  async energy({ checkpoint, point }: PointRequest): Promise<PointAnswer> {
    const kept = await this.#at(checkpoint);
    return await pointEnergy(point, await kept.ready, await this.#started(kept));
  }

  /** How its numbers are distributed, and those of the chains that live on. */
  async tensors({ checkpoint }: CheckpointRequest): Promise<CheckpointFacts> {
    const step = await this.#stepOf(checkpoint);
    const read = await readCheckpoint(this.#directory, step);
    const facts = checkpointFacts(read);
    const chains = read.tensors.find(({ name }) => name === 'buffer');
    if (!chains) return facts;
    const energies = await (await this.#started(await this.#at(step))).energy(chains.data);
    const [values, ...others] = facts.buffer;
    const ofChains = tensorFacts('energies', [energies.length], energies);
    return { ...facts, buffer: [values!, ofChains, ...others] };
  }

  /** Frees what is kept. */
  async dispose(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    // What could not be started has told so to who asked.
    await kept?.step?.then((step) => step.dispose()).catch(() => undefined);
  }

  async #stepOf(checkpoint: number | undefined): Promise<number> {
    return await stepOf(this.#directory, await readManifest(this.#directory), checkpoint);
  }

  /** The model of a checkpoint: as it was made ready, unless the file is another one since. */
  async #at(checkpoint: number | undefined): Promise<Kept> {
    const step = await this.#stepOf(checkpoint);
    const key = await checkpointStamp(this.#directory, step);
    if (this.#kept?.key === key) return this.#kept;
    await this.dispose();
    const kept: Kept = { key, ready: readyModel(this.#directory, step) };
    // What went wrong is tried again.
    kept.ready.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    this.#kept = kept;
    return kept;
  }

  async #started(kept: Kept): Promise<TrainingStep> {
    kept.step ??= (async () => {
      const { model, defined } = await kept.ready;
      return (await startKeptModel(model, defined.definition)).step;
    })();
    return await kept.step;
  }
}
