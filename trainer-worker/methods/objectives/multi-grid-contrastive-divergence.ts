import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { buildEnergy, type EnergySpec, energies } from '../energies';
import type { EnergyParameters } from '../energies/energy-method';
import { repeated } from '../energies/image-blocks';
import { type Model, modelOf } from '../energies/model';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { familySchema } from '../options/method-table';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { runChain } from '../samplers/chain';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastiveOptions, contrastiveFields } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';

/** One of the coarser grids. */
interface CoarserGrid {
  /** Pixels from top to bottom and from left to right; both divide those of the next grid. */
  readonly size: readonly [height: number, width: number];
  /** Its energy, of `height · width · channels` numbers. */
  readonly energy: EnergySpec;
}

export interface MultiGridContrastiveDivergenceOptions extends ContrastiveOptions {
  /** The images in a row of data: `[height, width, channels]`, channels last. */
  readonly shape: readonly [height: number, width: number, channels: number];
  /**
   * The coarser grids from the coarsest, 1 to 8, each with an energy of its own. The experiment's
   * energy is that of the images themselves.
   */
  readonly coarser: readonly CoarserGrid[];
}

export interface MultiGridContrastiveDivergenceSpec
  extends Required<MultiGridContrastiveDivergenceOptions> {
  readonly type: 'multiGridContrastiveDivergence';
}

/**
 * Multi-grid contrastive divergence (Gao et al. 2018, arXiv:1709.08868) for images: one energy a
 * resolution, trained side by side. Chains begin at averages of whole images (the data on a grid of
 * one pixel, repeated over the coarsest grid); on each further grid they begin where those of the
 * grid before ended, every pixel repeated, and run for the sampler's `steps`. The loss is the sum of
 * `mean E(data) - mean E(samples)` over the grids.
 */
export function multiGridContrastiveDivergence(
  options: MultiGridContrastiveDivergenceOptions,
): MultiGridContrastiveDivergenceSpec {
  return specOf(
    schema,
    'objective.multiGridContrastiveDivergence',
    'multiGridContrastiveDivergence',
    options,
  );
}

const pixels = integer(1, 4096);

const schema: z.ZodType<MultiGridContrastiveDivergenceSpec> = z
  .strictObject({
    type: z.literal('multiGridContrastiveDivergence'),
    ...contrastiveFields,
    shape: z.tuple([pixels, pixels, integer(1, 64)]),
    coarser: z
      .array(
        z.strictObject({
          size: z.tuple([pixels, pixels]),
          energy: familySchema('energy', energies),
        }),
      )
      .min(1)
      .max(8),
  })
  .refine(areEverFiner, {
    error: "a grid of 'coarser' does not divide the next one, or is no coarser.",
    path: ['coarser'],
    params: { remedy: 'Name the grids from the coarsest, each a divisor of the next.' },
  });

/** @internal */
export const multiGridContrastiveDivergenceMethod: ObjectiveMethod<
  MultiGridContrastiveDivergenceSpec,
  typeof multiGridContrastiveDivergence
> = {
  create: multiGridContrastiveDivergence,
  schema,
  previewSampler: ({ sampler }) => sampler,
  build(spec, { bounds }) {
    requireImages(spec.shape, bounds.length);
    const [height, width, channels] = spec.shape;
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const coarser = spec.coarser.map(({ size, energy }, index) => ({
      size,
      prefix: `grid ${index + 1}/`,
      energy: buildEnergy(energy, size[0] * size[1] * channels),
    }));
    return {
      init: (random) =>
        Object.assign(
          {},
          ...coarser.map(({ prefix, energy }) => withPrefix(prefix, energy.init(random))),
        ) as EnergyParameters,
      loss(context) {
        const finest: Grid = { size: [height, width], model: context, label: 'images' };
        const grids = [
          ...coarser.map(
            ({ size, prefix, energy }): Grid => ({
              size,
              model: modelOf(energy, underPrefix(prefix, context.own), { files: [] }),
              label: `${size[0]} × ${size[1]}`,
            }),
          ),
          finest,
        ];
        const images = tf.reshape(context.data, [-1, height, width, channels]) as tf.Tensor4D;
        let ends = averaged(images, [1, 1]);
        const losses = grids.map(({ size, model, label }) => {
          const data = flat(averaged(images, size));
          const starts = flat(repeated(ends, size));
          const samples = runChain(sampler, model, starts, sampler.steps).ends;
          ends = tf.reshape(samples, [-1, ...size, channels]) as tf.Tensor4D;
          return contrastiveLoss(
            {
              data,
              energy: model.energy,
              watch: (quantity, values, remedy) =>
                context.watch(`${quantity} (${label})`, values, remedy),
              report: (metric, value) =>
                context.report(
                  model === context
                    ? metric
                    : {
                        name: `${metric.name}/${label}`,
                        label: `${metric.label}, ${label}`,
                        group: `Energy, ${label}`,
                      },
                  value,
                ),
            },
            samples,
            spec,
          );
        });
        return tf.addN(losses);
      },
    };
  },
};

interface Grid {
  readonly size: readonly [number, number];
  readonly model: Model;
  readonly label: string;
}

/** `[n, height, width, channels]` images averaged over equal blocks. */
function averaged(images: tf.Tensor4D, [height, width]: readonly [number, number]): tf.Tensor4D {
  const [count, fromHeight, fromWidth, channels] = images.shape;
  const blocks = tf.reshape(images, [
    count * height,
    fromHeight / height,
    width,
    (fromWidth / width) * channels,
  ]);
  const rows = tf.reshape(tf.mean(blocks, 1), [
    count * height * width,
    fromWidth / width,
    channels,
  ]);
  return tf.reshape(tf.mean(rows, 1), [count, height, width, channels]);
}

/** `[n, height, width, channels]` as `[n, D]`. */
function flat(images: tf.Tensor4D): tf.Tensor2D {
  return tf.reshape(images, [images.shape[0], -1]);
}

/** Whether each grid divides the next and is coarser than it, up to the images themselves. */
function areEverFiner(spec: Pick<MultiGridContrastiveDivergenceSpec, 'shape' | 'coarser'>) {
  const [height, width] = spec.shape;
  const sizes = [...spec.coarser.map(({ size }) => size), [height, width] as const];
  return sizes.slice(1).every(([rows, columns], index) => {
    const [coarseRows, coarseColumns] = sizes[index]!;
    const divides = rows % coarseRows === 0 && columns % coarseColumns === 0;
    return divides && coarseRows * coarseColumns < rows * columns;
  });
}

/** @throws ProblemError (`experiment`) where rows of data are no such images */
function requireImages(
  [height, width, channels]: MultiGridContrastiveDivergenceSpec['shape'],
  dimensions: number,
): void {
  if (height * width * channels === dimensions) return;
  throw new ProblemError({
    kind: 'experiment',
    message: `objective.multiGridContrastiveDivergence: 'shape' is ${height} × ${width} × ${channels}, but a row of data has ${dimensions} numbers.`,
    remedy: 'Give the height, the width and the channels of the images.',
  });
}
