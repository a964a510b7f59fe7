/** By which metric runs are ranked where nothing else is said. */

/** What is good of metrics that are usually compared, in the order of preference. */
const usual: readonly (readonly [metric: string, goal: 'minimize' | 'maximize'])[] = [
  ['divergence/data-model', 'minimize'],
  ['log-likelihood/held-out', 'maximize'],
  ['loss', 'minimize'],
];

/** Whether small or large is good of a metric, where nothing else is said. */
export function usualGoal(metric: string): 'minimize' | 'maximize' {
  if (/^(log-likelihood|accuracy)\//.test(metric)) return 'maximize';
  return usual.find(([name]) => name === metric)?.[1] ?? 'minimize';
}

/**
 * The first of the usual metrics that every run records and some know.
 *
 * @param last of each run the last value of each of its metrics
 */
export function usualMetric(last: readonly Readonly<Record<string, number>>[]): string | undefined {
  const [name] =
    usual.find(
      ([metric]) =>
        last.every((values) => metric in values) &&
        last.some((values) => Number.isFinite(values[metric])),
    ) ?? [];
  return name;
}
