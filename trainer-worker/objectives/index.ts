import { rowOf, type SpecOf } from '../options/method-table';
import { contrastiveDivergenceMethod } from './contrastive-divergence';
import { denoisingScoreMatchingMethod } from './denoising-score-matching';
import { explicitScoreMatchingMethod } from './explicit-score-matching';
import { implicitScoreMatchingMethod } from './implicit-score-matching';
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
  explicitScoreMatching: explicitScoreMatchingMethod,
  implicitScoreMatching: implicitScoreMatchingMethod,
  denoisingScoreMatching: denoisingScoreMatchingMethod,
};

/** What any function of `objective` makes. */
export type ObjectiveSpec = SpecOf<typeof objectives>;

/** The row of the table that made `spec`. @internal */
export function objectiveMethod(spec: ObjectiveSpec): ObjectiveMethod<ObjectiveSpec, unknown> {
  return rowOf(objectives, spec.type);
}
