import { Random, streams } from '../../compiler/random/random';
import { fillNoise } from '../../compiler/run/noise';
import type { PixelCode } from './pixels';
import type { RowStore } from './row-store';
import type { Rows } from './rows';

interface PackedRowsOptions {
  /** Rows as their file has them. */
  readonly store: RowStore;
  /** `[n]`: where each row is held. */
  readonly slots: Uint32Array;
  readonly code: PixelCode;
  /** The run's seed. */
  readonly seed: number;
  /** Height, width and channels of rows that are mirrored by chance in batches; none are where absent. */
  readonly flipped?: readonly [height: number, width: number, channels: number];
}

/**
 * Streams of noise for pixels, beside those of compiled programs, which count from 0, and of noise that is
 * drawn in advance. Part of what makes a run reproducible: never renumber.
 */
const noiseStreams = { ofBatches: 0x5000, ofRows: 0x5001 };

/** Rows of pixels that stay the numbers of their file until they are looked at. */
export class PackedRows implements Rows {
  readonly length: number;
  readonly #options: PackedRowsOptions;
  readonly #dimensions: number;
  readonly drawn?: (indices: Uint32Array, step: number) => Float32Array;

  constructor(options: PackedRowsOptions) {
    this.#options = options;
    this.#dimensions = options.store.width;
    this.length = options.slots.length * this.#dimensions;
    const isChanged = options.code.isDrawn || options.flipped !== undefined;
    if (isChanged) this.drawn = (indices, step) => this.#drawn(indices, step);
  }

  /** Of all rows of the store, which other rows may share. */
  get byteLength(): number {
    return this.#options.store.byteLength;
  }

  /** What is drawn is each row's own here, the same whenever it is looked at. */
  subarray(from = 0, to = this.length): Float32Array {
    const dimensions = this.#dimensions;
    const { slots } = this.#options;
    const [start, end] = [Math.min(from, this.length), Math.min(to, this.length)];
    const first = Math.floor(start / dimensions);
    const last = Math.max(first, Math.ceil(end / dimensions));
    const rows = new Float32Array((last - first) * dimensions);
    const { isDrawn } = this.#options.code;
    const noise = isDrawn ? new Float32Array(dimensions) : nothing;
    const row = isDrawn ? new Float32Array(dimensions) : nothing;
    for (let index = first; index < last; index++) {
      const slot = slots[index]!;
      const at = (index - first) * dimensions;
      if (!isDrawn) {
        this.#write(slot, rows, at, nothing);
        continue;
      }
      this.#fill(noise, noiseStreams.ofRows, slot);
      this.#write(slot, row, 0, noise);
      rows.set(row, at);
    }
    // Exactly sized: whoever keeps a part is not to keep the rest.
    const [head, tail] = [start - first * dimensions, end - first * dimensions];
    return head === 0 && tail === rows.length ? rows : rows.slice(head, Math.max(head, tail));
  }

  #drawn(indices: Uint32Array, step: number): Float32Array {
    const { code, slots, flipped, seed } = this.#options;
    const dimensions = this.#dimensions;
    const batch = new Float32Array(indices.length * dimensions);
    const noise = code.isDrawn ? new Float32Array(batch.length) : nothing;
    if (code.isDrawn) this.#fill(noise, noiseStreams.ofBatches, step);
    for (const [i, index] of indices.entries()) {
      this.#write(slots[index]!, batch, i * dimensions, noise);
    }
    if (flipped !== undefined) {
      const coins = new Random(seed, streams.flips, step);
      for (let i = 0; i < indices.length; i++) {
        if (coins.integer(2) === 1) {
          mirror(batch.subarray(i * dimensions, (i + 1) * dimensions), flipped);
        }
      }
    }
    return batch;
  }

  #write(slot: number, out: Float32Array, start: number, noise: Float32Array): void {
    this.#options.code.write(this.#options.store.row(slot), out, start, noise);
  }

  #fill(noise: Float32Array, stream: number, step: number): void {
    fillNoise(noise, 'uniform', { seed: this.#options.seed, stream, step });
  }
}

const nothing = new Float32Array();

/** Mirrors an image left to right, in place. */
function mirror(
  image: Float32Array,
  [height, width, channels]: readonly [number, number, number],
): void {
  for (let row = 0; row < height; row++) {
    const line = image.subarray(row * width * channels, (row + 1) * width * channels);
    for (let left = 0, right = width - 1; left < right; left++, right--) {
      for (let channel = 0; channel < channels; channel++) {
        const kept = line[left * channels + channel]!;
        line[left * channels + channel] = line[right * channels + channel]!;
        line[right * channels + channel] = kept;
      }
    }
  }
}
