import type { Dataset } from '../data/dataset';
import { featureCount, randomFeatures } from './random-features';

/** Rows as measures of neighbours see them. */
interface Seen {
  /** Numbers of each. */
  readonly dimensions: number;
  /** What people call these. */
  readonly label: string;
  /** `[n, dimensions]` of `[n, D]` rows. */
  of(rows: Float32Array): Float32Array;
}

/** Images in random features, where pixels that are moved by one are far from each other; others as they are. */
export function seenAs({ image, dimensions }: Pick<Dataset, 'image' | 'dimensions'>): Seen {
  if (image === undefined) return { dimensions, label: '', of: (rows) => rows };
  const { of } = randomFeatures(image);
  return { dimensions: featureCount, label: ` in ${featureCount} random features`, of };
}
