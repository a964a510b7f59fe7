import * as z from 'zod';
import type { ImageLayout } from '../../../protocol/run';
import { integer } from '../options/numbers';
import type { Domain } from './domain';
import type { KeptNumbers } from './row-store';

/** What is done with the pixels of images before they are trained on. */
export interface PixelOptions {
  /**
   * The darkest and the brightest value that the file can have. Default `null`: 0 and 255 of whole
   * numbers, 0 and 1 of others; what lies outside is refused.
   */
  readonly from?: readonly [number, number] | null;
  /** What the darkest and the brightest value become. Default `null`: -1 and 1. */
  readonly range?: readonly [number, number] | null;
  /**
   * Whether noise, uniform over one step of the file's whole numbers, is added to each pixel, drawn anew
   * in each batch (Uria, Murray & Larochelle 2013; Theis, van den Oord & Bethge 2016): pixels then have a
   * density, and log-likelihoods are lower bounds on those of the whole numbers. Default `false`.
   */
  readonly dequantize?: boolean;
  /**
   * λ, above 0 and below 0.5: pixels v of 0 to 1 become `logit(λ + (1 - 2λ) v)` in place of a range, so
   * that the model lives on the whole line (Dinh, Sohl-Dickstein & Bengio 2017, with 0.05). Default
   * `null`: no.
   */
  readonly logit?: number | null;
  /**
   * Makes pixels 0 or 1: by a threshold, above 0 and below 1, as a share of the way from dark to bright;
   * or `'drawn'`, 1 with the chance that this share is, anew in each batch (Salakhutdinov & Murray 2008).
   * Default `null`: no.
   */
  readonly binarize?: number | 'drawn' | null;
  /** Height and width of the part that is used, cut out of the middle; done first. Default `null`: all. */
  readonly crop?: readonly [number, number] | null;
  /**
   * Height and width that images are scaled to, each pixel a weighted mean of those that it covers; done
   * after cropping. Default `null`: as they are.
   */
  readonly resize?: readonly [number, number] | null;
  /**
   * Whether each image of a batch is mirrored, left to right, with a chance of one half. Default `false`.
   */
  readonly flip?: boolean;
}

/** {@link PixelOptions} with their defaults. */
export interface PixelSpec extends Required<PixelOptions> {}

const side = integer(1, 4096);

/** The schemas of {@link PixelOptions}. @internal */
export const pixelFields = {
  from: z.tuple([z.number(), z.number()]).readonly().nullable().default(null),
  range: z.tuple([z.number(), z.number()]).readonly().nullable().default(null),
  dequantize: z.boolean().default(false),
  logit: z.number().gt(0).lt(0.5).nullable().default(null),
  binarize: z
    .union([z.number().gt(0).lt(1), z.literal('drawn')])
    .nullable()
    .default(null),
  crop: z.tuple([side, side]).readonly().nullable().default(null),
  resize: z.tuple([side, side]).readonly().nullable().default(null),
  flip: z.boolean().default(false),
};

/** What is wrong with pixel options that are each right by themselves. */
interface PixelFault {
  readonly option: keyof PixelOptions;
  readonly message: string;
  readonly remedy: string;
}

/** The first option that contradicts another. @internal */
export function pixelFault(spec: PixelSpec): PixelFault | undefined {
  const { from, range, dequantize, logit, binarize } = spec;
  const rising = { from, range };
  for (const option of ['from', 'range'] as const) {
    const [low, high] = rising[option] ?? [0, 1];
    if (!(low < high)) {
      return {
        option,
        message: `'${option}' is [${low}, ${high}], which does not rise.`,
        remedy: 'Give the smaller number first.',
      };
    }
  }
  if (binarize !== null) {
    const other = dequantize
      ? 'dequantize'
      : logit !== null
        ? 'logit'
        : range
          ? 'range'
          : undefined;
    if (other === undefined) return undefined;
    return {
      option: other,
      message: `'${other}' and 'binarize' exclude each other: binary pixels are 0 and 1.`,
      remedy: 'Leave one of them out.',
    };
  }
  if (logit === null || range === null) return undefined;
  return {
    option: 'range',
    message: "'range' and 'logit' both say where pixels lie.",
    remedy: 'Leave one of them out.',
  };
}

/** Where the numbers of images with these options lie. @internal */
export function pixelDomain({ binarize }: PixelSpec): Domain {
  return binarize === null ? 'real' : 'binary';
}

/** How pixels of a file become numbers that are trained on, and back. */
export interface PixelCode {
  readonly domain: Domain;
  /** The smallest and the largest number that a pixel can become. */
  readonly bounds: readonly [number, number];
  /** Whether each number takes a random one, uniform on [0, 1). */
  readonly isDrawn: boolean;
  /** What a view needs to show such numbers as pixels. */
  readonly shown: Pick<ImageLayout, 'from' | 'to' | 'logit'>;
  /**
   * Writes what a row of pixels becomes.
   *
   * @param noise a random number for each pixel, at the places of `out`, where {@link isDrawn}
   */
  write(row: KeptNumbers, out: Float32Array, start: number, noise: Float32Array): void;
  /**
   * log |∂ file / ∂ model| in nats of one row as it is trained on: what a log-density of it is lowered
   * by to be one per units of the file.
   */
  logScale(point: ArrayLike<number>): number;
  /** The same where it does not depend on the row. */
  readonly constantLogScale: number | undefined;
}

/**
 * The code of images of D numbers.
 *
 * @param from the darkest and the brightest value of the file
 */
export function pixelCode(
  spec: PixelSpec,
  from: readonly [number, number],
  dimensions: number,
): PixelCode {
  const { binarize, dequantize, logit } = spec;
  const [dark, bright] = from;
  if (binarize !== null) {
    const isDrawn = binarize === 'drawn';
    const span = bright - dark;
    return {
      domain: 'binary',
      bounds: [0, 1],
      isDrawn,
      shown: { from: [dark, bright], to: [0, 1] },
      write(row, out, start, noise) {
        for (let d = 0; d < row.length; d++) {
          const share = (row[d]! - dark) / span;
          const isBright = isDrawn ? noise[start + d]! < share : share >= binarize;
          out[start + d] = isBright ? 1 : 0;
        }
      },
      logScale: () => 0,
      constantLogScale: 0,
    };
  }
  // Noise of one step is added to the brightest value too.
  const span = bright - dark + Number(dequantize);
  const share = dequantize
    ? (value: number, u: number) => (value - dark + u) / span
    : (value: number) => (value - dark) / span;
  if (logit === null) {
    const [low, high] = spec.range ?? [-1, 1];
    const constantLogScale = dimensions * Math.log(span / (high - low));
    return {
      domain: 'real',
      bounds: [low, high],
      isDrawn: dequantize,
      shown: { from: [dark, dark + span], to: [low, high] },
      write(row, out, start, noise) {
        for (let d = 0; d < row.length; d++) {
          out[start + d] = low + (high - low) * share(row[d]!, noise[start + d]!);
        }
      },
      logScale: () => constantLogScale,
      constantLogScale,
    };
  }
  const inner = 1 - 2 * logit;
  const logitOf = (p: number) => Math.log(p) - Math.log1p(-p);
  const perPixel = Math.log(span / inner);
  return {
    domain: 'real',
    bounds: [logitOf(logit), -logitOf(logit)],
    isDrawn: dequantize,
    shown: {
      from: [dark, dark + span],
      to: [logitOf(logit), -logitOf(logit)],
      logit,
    },
    write(row, out, start, noise) {
      for (let d = 0; d < row.length; d++) {
        out[start + d] = logitOf(logit + inner * share(row[d]!, noise[start + d]!));
      }
    },
    logScale(point) {
      // v = (σ(y) - λ) / (1 - 2λ) has the slope σ(y) σ(-y) / (1 - 2λ).
      let sum = dimensions * perPixel;
      for (let d = 0; d < dimensions; d++) sum -= softplus(point[d]!) + softplus(-point[d]!);
      return sum;
    },
    constantLogScale: undefined,
  };
}

/** log(1 + eˣ), also far out. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
