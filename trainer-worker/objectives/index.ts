import { rowOf, type SpecOf } from '../options/method-table';
import { contrastiveDivergenceMethod } from './contrastive-divergence';
import { improvedContrastiveDivergenceMethod } from './improved-contrastive-divergence';
import { meanFieldContrastiveDivergenceMethod } from './mean-field-contrastive-divergence';
import { multiGridContrastiveDivergenceMethod } from './multi-grid-contrastive-divergence';
import type { ObjectiveMethod } from './objective-method';
import { persistentContrastiveDivergenceMethod } from './persistent-contrastive-divergence';
import { shortRunMethod } from './short-run';
import { unbiasedContrastiveDivergenceMethod } from './unbiased-contrastive-divergence';

/** Every objective: to add one, write its file and name it here. */
export const objectives = {
  contrastiveDivergence: contrastiveDivergenceMethod,
  persistentContrastiveDivergence: persistentContrastiveDivergenceMethod,
  shortRun: shortRunMethod,
  improvedContrastiveDivergence: improvedContrastiveDivergenceMethod,
  unbiasedContrastiveDivergence: unbiasedContrastiveDivergenceMethod,
  meanFieldContrastiveDivergence: meanFieldContrastiveDivergenceMethod,
  multiGridContrastiveDivergence: multiGridContrastiveDivergenceMethod,
};

/** What any function of `objective` makes. */
export type ObjectiveSpec = SpecOf<typeof objectives>;

/** The row of the table that made `spec`. @internal */
export function objectiveMethod(spec: ObjectiveSpec): ObjectiveMethod<ObjectiveSpec, unknown> {
  return rowOf(objectives, spec.type);
}
