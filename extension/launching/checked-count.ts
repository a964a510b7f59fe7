import { ProblemError } from '../../protocol/problem';
import type { settingDefaults } from '../manifest';

/** A setting that is a number of runs. */
type CountSetting = 'ebm.maxConcurrentRuns' | 'ebm.sweepParallelRuns';

/**
 * A number of runs from the settings.
 *
 * @param value what the setting is
 * @throws ProblemError of kind `environment` for what is no whole number of at least 1
 */
export function checkedCount(
  setting: CountSetting & keyof typeof settingDefaults,
  value: unknown,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new ProblemError({
    kind: 'environment',
    message: `'${setting}' is ${JSON.stringify(value)}.`,
    remedy: 'Give a whole number of at least 1.',
  });
}
