type Method = 'contrastive divergence' | 'denoising score matching' | 'sliced score matching';

/** A training step to time, as data: the peers in Python build the same step from it. */
export interface Row {
  readonly name: string;
  readonly method: Method;
  readonly batch: number;
  /** A multilayer perceptron's widths, from points to the energy; or a convolutional energy. */
  readonly widths?: readonly number[];
  readonly side?: number;
  readonly channels?: readonly number[];
  /** Langevin iterations. */
  readonly chainSteps: number;
}

export const rows: readonly Row[] = [
  contrastive('CD, MLP 2-128-128-128-1, batch 512', 512, [2, 128, 128, 128, 1]),
  contrastive('CD, MLP 2-64-64-64-1, batch 128', 128, [2, 64, 64, 64, 1]),
  contrastive('CD, MLP 784-256-256-1, batch 128', 128, [784, 256, 256, 1]),
  {
    name: 'DSM, MLP 2-128-128-128-1, batch 512',
    method: 'denoising score matching',
    batch: 512,
    widths: [2, 128, 128, 128, 1],
    chainSteps: 0,
  },
  {
    name: 'SSM, MLP 2-128-128-128-1, batch 512',
    method: 'sliced score matching',
    batch: 512,
    widths: [2, 128, 128, 128, 1],
    chainSteps: 0,
  },
  {
    name: 'CD, conv 28x28, 16-32-64-64, batch 64',
    method: 'contrastive divergence',
    batch: 64,
    side: 28,
    channels: [16, 32, 64, 64],
    chainSteps: 20,
  },
];

/** Contrastive divergence of a multilayer perceptron with 20 Langevin iterations, or so many. */
export function contrastive(
  name: string,
  batch: number,
  widths: readonly number[],
  chainSteps = 20,
): Row {
  return { name, method: 'contrastive divergence', batch, widths, chainSteps };
}

/** Numbers in a point. */
export function dimensionsOf({ widths, side }: Row): number {
  return side === undefined ? widths![0]! : side ** 2;
}
