import { errorName, type Json } from '../../protocol/run';
import {
  type GroupOfRuns,
  isDone,
  type MeasuredRun,
  type SweepSummary,
} from '../../run-directory/run-group';
import { formatCount, formatNumber } from '../../vocabulary/quantities';
import { factsOf } from '../../vocabulary/run-status';
import { formatWithError, isNotKnown, notKnown } from '../../vocabulary/with-error';

/** The summary of a sweep as Markdown whose tables are aligned, so that it reads well as text too. */
export function sweepSummaryText(
  { name, of, runs }: GroupOfRuns<MeasuredRun>,
  { metric, goal, parameters, hasSeeds, rows, combinations }: SweepSummary,
): string {
  const done = runs.filter(({ manifest }) => isDone(manifest)).length;
  const ranked = table(
    // What people look for first is to the left, where a narrow page shows it.
    ['rank', metric, ...parameters, ...(hasSeeds ? ['seed'] : []), 'status', 'steps', 'run'],
    rows.map(({ run: { manifest, last }, values, value }, rank) => [
      value === undefined ? '–' : String(rank + 1),
      value === undefined
        ? isNotKnown(manifest.metrics, metric, last[metric])
          ? notKnown
          : '–'
        : formatWithError(value, last[errorName(metric)], shown),
      ...values.map(shown),
      ...(hasSeeds ? [String(manifest.seed)] : []),
      factsOf(manifest.state.status).word,
      `${formatCount(manifest.state.step)}/${formatCount(manifest.state.steps)}`,
      manifest.id,
    ]),
  );
  const means = table(
    ['rank', `mean ${metric}`, 'deviation', 'seeds', ...parameters],
    combinations.map(({ values, mean, deviation, count }, rank) => [
      String(rank + 1),
      shown(mean),
      shown(deviation),
      String(count),
      ...values.map(shown),
    ]),
  );
  return [
    `# ${escaped(name)}`,
    `${done} of ${of} runs are done. Ranked by the last value of ${escaped(metric)}; ${
      goal === 'minimize' ? 'small' : 'large'
    } is good.`,
    ranked,
    ...(combinations.length > 0 ? ['## Over seeds', means] : []),
  ]
    .join('\n\n')
    .concat('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(escaped));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const [first, ...others] = cells;
  return [first!, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('\n');
}

/** Nothing that a run says of itself becomes a link, a cell or markup. */
function escaped(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>|#!]/g, '\\$&');
}

function shown(value: Json | undefined): string {
  if (value === undefined) return '–';
  return typeof value === 'number' ? formatNumber(value) : JSON.stringify(value);
}
