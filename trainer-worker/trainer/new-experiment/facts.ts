import type { ScaledDataset } from '../../methods/data/data-method';
import type { Domain } from '../../methods/data/domain';
import { momentsOf } from '../../methods/data/moments';
import { sampledRows } from '../../methods/data/sampled-rows';

/** What decides which methods suit data, and with which step sizes and widths. */
export interface DataFacts {
  /** D. */
  readonly dimensions: number;
  readonly domain: Domain;
  /** Rows to train on. */
  readonly rows: number;
  /** How many classes the rows have; 0 for none. */
  readonly classes: number;
  /** Root mean square of the standard deviations of the columns. */
  readonly deviation: number;
  /** What rows are as images, if they are such whose pixels are real numbers of a range. */
  readonly image?: {
    /** Height, width and channels. */
    readonly shape: readonly [number, number, number];
    /** The darkest and the brightest value; none where pixels lie on the whole line. */
    readonly range?: readonly [number, number];
  };
}

/** The facts of a data set that was loaded. */
export function factsOf({ dimensions, domain, training, labels, image }: ScaledDataset): DataFacts {
  const { variances } = momentsOf(sampledRows(training, dimensions), dimensions);
  const mean = variances.reduce((sum, variance) => sum + variance, 0) / dimensions;
  return {
    dimensions,
    domain,
    rows: training.length / dimensions,
    classes: labels?.classes.length ?? 0,
    deviation: mean > 0 ? Math.sqrt(mean) : 1,
    ...(image && domain === 'real'
      ? {
          image: {
            shape: [image.height, image.width, image.channels] as const,
            ...(image.logit === undefined ? { range: image.to } : {}),
          },
        }
      : {}),
  };
}
