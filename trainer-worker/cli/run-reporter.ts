import path from 'node:path';
import { printable } from '../../protocol/printable';
import type { Problem } from '../../protocol/problem';
import { errorName, type MetricInfo, type RunManifest, type RunState } from '../../protocol/run';
import { formatCount, formatDuration, formatNumber } from '../../vocabulary/quantities';
import { factsOf } from '../../vocabulary/run-status';
import { formatWithError, isNotKnown, notKnown } from '../../vocabulary/with-error';
import type { RunObserver } from '../trainer/training/run-observer';

/** Tells a shell how a run goes. */
export interface RunReporter extends RunObserver {
  /** What it is busy with before it begins. */
  phase(text: string): void;
  /** It begins. */
  begin(directory: string, manifest: RunManifest): void;
  /** It ended, and everything is on disk. */
  end(directory: string, manifest: RunManifest, state: RunState): void;
  /** It could not begin. */
  refused(problem: Problem): void;
}

/** Writes a piece of text somewhere. */
export type Write = (text: string) => void;

/** A number as a column shows it, which may have none. */
export function numberOrNone(value: number | undefined): string {
  return value === undefined ? '–' : formatNumber(value);
}

/** The lines that open the report of a run. */
export function openingText(directory: string, manifest: RunManifest): string {
  const { backend, warnings = [] } = manifest;
  const rows: [string, string][] = [
    ['experiment', `${manifest.name} (${shortPath(manifest.experiment.file)})`],
    ['backend', backend ? `${backend.name}, ${backend.reason}` : 'unknown'],
    ['directory', shortPath(directory)],
    ...warnings.map((warning): [string, string] => ['warning', warning]),
  ];
  return printable(rows.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join(''));
}

/** The lines that close it: how it ended, and the last value of each metric. */
export function closingText(
  directory: string,
  manifest: RunManifest,
  state: RunState,
  last: Readonly<Record<string, number>>,
): string {
  const time = formatDuration(manifest.trainingSeconds);
  const head = `${factsOf(state.status).word} after ${formatCount(state.step)} of ${formatCount(state.steps)} steps in ${time}, kept in ${shortPath(directory)}\n`;
  return printable(head + valuesText(manifest.metrics, last));
}

/** The last value of a metric, with its error where it has one. */
export function formatLast(
  metrics: readonly MetricInfo[],
  name: string,
  last: Readonly<Record<string, number>>,
): string {
  const value = last[name];
  if (value === undefined) return '–';
  if (isNotKnown(metrics, name, value)) return notKnown;
  return formatWithError(value, last[errorName(name)], formatNumber);
}

/** A line for the last value of each metric, with its error where it has one. */
export function valuesText(
  metrics: readonly MetricInfo[],
  last: Readonly<Record<string, number>>,
): string {
  const shown = metrics.filter(({ name, errorOf }) => errorOf === undefined && name in last);
  const width = Math.max(0, ...shown.map(({ name }) => name.length)) + 2;
  return shown
    .map(({ name, unit }) => {
      const value = formatLast(metrics, name, last);
      return `  ${name.padEnd(width)}${value}${unit && value !== notKnown ? ` ${unit}` : ''}\n`;
    })
    .join('');
}

function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
