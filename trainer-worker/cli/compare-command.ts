import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import type { Json, MetricInfo, RunManifest } from '../../protocol/run';
import { readAnnotations } from '../../run-directory/annotations';
import { findRun } from '../../run-directory/find-run';
import { lastValues } from '../../run-directory/last-values';
import { readManifest } from '../../run-directory/manifest';
import { csvLine, csvNumber } from '../../vocabulary/csv';
import { formatValue, parametersOf } from '../../vocabulary/parameters';
import { formatCount, formatDuration, formatNumber } from '../../vocabulary/quantities';
import { usualGoal } from '../../vocabulary/ranking';
import { factsOf, type RunCondition } from '../../vocabulary/run-status';
import { conditionNow } from './list-command';
import { printResult } from './print-result';
import { textTable } from './text-table';

export interface CompareOptions {
  readonly runs: string;
  /** The metric that they are sorted by. */
  readonly metric?: string;
  /** Parameters too that are the same in all. */
  readonly all?: true;
  readonly csv?: true;
  readonly json?: true;
}

/** A run among others. */
interface Compared {
  readonly id: string;
  readonly name: string;
  readonly status: RunCondition;
  readonly step: number;
  readonly seconds: number;
  readonly parameters: Readonly<Record<string, Json>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly infos: readonly MetricInfo[];
}

/**
 * `ebm compare`: runs side by side, with the parameters in which they differ and the last value of each
 * metric.
 *
 * @returns the process's exit code
 */
export async function compareCommand(
  texts: readonly string[],
  options: CompareOptions,
): Promise<number> {
  return await printResult(async () => {
    const folder = path.resolve(options.runs);
    const directories = await Promise.all(texts.map((text) => findRun(text, folder)));
    const runs = await Promise.all([...new Set(directories)].map(compared));
    if (runs.length < 2) {
      throw new ProblemError({
        kind: 'environment',
        message: 'There is only one run, and nothing to compare it with.',
        remedy: 'Give two or more; ebm list shows them.',
      });
    }
    return written(sorted(runs, options.metric), options);
  });
}

async function compared(directory: string): Promise<Compared> {
  const manifest = await readManifest(directory);
  const [status, metrics, annotations] = await Promise.all([
    conditionNow(directory, manifest),
    lastValues(directory),
    readAnnotations(directory),
  ]);
  return {
    id: manifest.id,
    name: annotations.name ?? manifest.name,
    status,
    step: manifest.state.step,
    seconds: manifest.trainingSeconds,
    parameters: ownParameters(manifest),
    metrics,
    infos: manifest.metrics,
  };
}

/** What a run was made of; what an experiment is called is no part of it. */
function ownParameters({ config, seed }: RunManifest): Record<string, Json> {
  const { name: _, ...rest } = config;
  const values = parametersOf(rest).map(({ path: of, value }) => [of, value] as const);
  return { ...Object.fromEntries(values), seed };
}

/** @throws ProblemError where no run has the metric */
function sorted(runs: readonly Compared[], metric: string | undefined): readonly Compared[] {
  if (metric === undefined) return runs;
  const info = runs.flatMap(({ infos }) => infos).find(({ name }) => name === metric);
  if (info === undefined) {
    const names = [...new Set(runs.flatMap(({ infos }) => infos.map(({ name }) => name)))];
    throw new ProblemError({
      kind: 'environment',
      message: `None of these runs has a metric '${metric}'.`,
      remedy: `They have ${names.map((name) => `'${name}'`).join(', ')}.`,
    });
  }
  const sign = usualGoal(metric) === 'maximize' ? -1 : 1;
  // What is not known comes last.
  const key = ({ metrics }: Compared) => {
    const value = metrics[metric];
    return value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value;
  };
  return [...runs].sort((a, b) => key(a) - key(b) || 0);
}

function written(runs: readonly Compared[], { all, csv, json }: CompareOptions): string {
  const differing = parametersIn(runs, all ?? false);
  if (json) {
    return runs
      .map(({ infos: _, parameters, ...run }) => {
        const shown = Object.fromEntries(differing.map((name) => [name, parameters[name] ?? null]));
        return `${JSON.stringify({ ...run, parameters: shown })}\n`;
      })
      .join('');
  }
  const infos = new Map(runs.flatMap((run) => run.infos).map((info) => [info.name, info]));
  const metrics = [...infos.values()].filter(({ errorOf }) => errorOf === undefined || csv);
  const head = ['id', 'name', 'status', 'step', 'trained', ...differing];
  const names = metrics.map(({ name }) => name);
  if (csv) {
    const rows = runs.map((run) => [
      ...[run.id, run.name, run.status, run.step, run.seconds],
      ...differing.map((name) => cell(run.parameters[name])),
      ...names.map((name) => numberOf(run.metrics[name])),
    ]);
    return [[...head, ...names], ...rows].map(csvLine).join('');
  }
  return textTable(
    [...head, ...names],
    runs.map((run) => [
      ...[run.id, run.name, factsOf(run.status).word, formatCount(run.step)],
      formatDuration(run.seconds),
      ...differing.map((name) => cell(run.parameters[name])),
      ...names.map((name) => {
        const value = run.metrics[name];
        return value === undefined ? '' : Number.isNaN(value) ? 'not known' : formatNumber(value);
      }),
    ]),
  );
}

const cell = (value: Json | undefined) => (value === undefined ? '' : formatValue(value));
const numberOf = (value: number | undefined) => (value === undefined ? '' : csvNumber(value));

/** The parameters that some run has, or those only in which they differ. */
function parametersIn(runs: readonly Compared[], all: boolean): readonly string[] {
  const names = [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
  if (all) return names;
  return names.filter(
    (name) => new Set(runs.map(({ parameters }) => JSON.stringify(parameters[name]))).size > 1,
  );
}
