import { printable } from '../../protocol/printable';
import type { Problem } from '../../protocol/problem';
import type { Json, JsonObject, RunGroup } from '../../protocol/run';
import { type MeasuredRun, metricOfGroup, type SweepSummary } from '../../run-directory/run-group';
import { formatCount, formatDuration, formatNumber } from '../../vocabulary/quantities';
import { factsOf } from '../../vocabulary/run-status';
import { rungText } from '../../vocabulary/rungs';
import { isNotKnown } from '../../vocabulary/with-error';
import type { LoadedSweep } from '../trainer/sweeps/load-sweep';
import type { SweepObserver } from '../trainer/sweeps/sweep-observer';
import { formatLast, numberOrNone, type Write } from './run-reporter';
import { textTable } from './text-table';

/** Tells a shell how a sweep goes. */
export interface SweepReporter extends SweepObserver {
  end(sweep: LoadedSweep, summary: SweepSummary): void;
  /** It could not begin. */
  refused(problem: Problem): void;
}

/** Tells it in plain lines and a table at the end. */
export function sweepTextReporter(to: Write): SweepReporter {
  const write: Write = (text) => to(printable(text));
  const place = ({ index, of }: RunGroup) => `run ${index + 1} of ${of}`;
  return {
    begin({ name, runs }, settled) {
      const { length: done } = settled;
      const rest = done === 0 ? '' : `, ${done} of them done before`;
      const { halving } = halvingOf(runs);
      const thinned = halving
        ? `, one in ${halving.eta} goes on after ${halving.rungs.slice(0, -1).map(formatCount).join(', ')} steps`
        : '';
      write(`sweep ‘${name}’: ${runs.length} runs${rest}${thinned}\n`);
    },
    trial: (group, overrides, goesOn) =>
      write(`${place(group)}${goesOn ? ' goes on' : ''}: ${assignments(overrides)}\n`),
    trialEnd(group, { run, problem }) {
      if (!run) {
        write(`${place(group)} did not begin: ${problem?.message ?? 'nobody knows why.'}\n`);
        return;
      }
      const { metric } = metricOfGroup([run]);
      const { state, trainingSeconds } = run.manifest;
      const value =
        metric in run.last
          ? `${metric} ${formatLast(run.manifest.metrics, metric, run.last)}`
          : metric;
      write(
        `${place(group)} ${wordOf(run)} after ${formatCount(state.step)} steps in ${formatDuration(trainingSeconds)}, ${value}${
          metric in run.last ? '' : ` is not among ${Object.keys(run.last).join(', ')}`
        }\n`,
      );
    },
    end: (_, summary) => write(`\n${summaryText(summary)}`),
    // The command prints the problem.
    refused: () => undefined,
  };
}

/**
 * Tells it as one JSON object a line, each with an `event`: `sweep`, `trial`, `trialEnd` and `end`, which
 * has the ranking; or `error` when it cannot begin.
 */
export function sweepJsonReporter(write: Write): SweepReporter {
  const say = (event: string, fields: object) => write(`${JSON.stringify({ event, ...fields })}\n`);
  return {
    begin: ({ id, name, runs }, { length: done }) =>
      say('sweep', { id, name, runs: runs.length, done, ...halvingOf(runs) }),
    trial: ({ index, of }, overrides, goesOn) => say('trial', { index, of, overrides, goesOn }),
    trialEnd: ({ index, of }, { run, problem }) =>
      say('trialEnd', {
        index,
        of,
        status: run?.manifest.state.status ?? 'refused',
        ...(run?.manifest.rungs ? { rungs: run.manifest.rungs } : {}),
        directory: run?.directory,
        metrics: run?.last,
        problem,
      }),
    end: ({ id, name }, { metric, goal, parameters, rows, combinations }) =>
      say('end', {
        id,
        name,
        metric,
        goal,
        parameters,
        runs: rows.map(({ run: { directory, manifest }, values, value }) => ({
          index: manifest.group?.index,
          id: manifest.id,
          directory,
          status: manifest.state.status,
          values,
          seed: manifest.seed,
          value: value ?? null,
        })),
        combinations,
      }),
    refused: (problem) => say('error', { problem }),
  };
}

/** The runs of a sweep, best first, and where there are several seeds their means. */
function summaryText(summary: SweepSummary): string {
  const { metric, goal, parameters, hasSeeds, rows, combinations } = summary;
  const runs = textTable(
    ['rank', 'run', ...parameters, ...(hasSeeds ? ['seed'] : []), metric, 'status', 'trained'],
    rows.map(({ run: { manifest, last }, values, value }, rank) => [
      value === undefined ? '–' : String(rank + 1),
      manifest.id,
      ...values.map(shown),
      ...(hasSeeds ? [String(manifest.seed)] : []),
      value === undefined && !isNotKnown(manifest.metrics, metric, last[metric])
        ? '–'
        : formatLast(manifest.metrics, metric, last),
      wordOf({ manifest }),
      formatDuration(manifest.trainingSeconds),
    ]),
  );
  const head = `ranked by ${metric}, ${goal === 'minimize' ? 'small' : 'large'} is good\n`;
  if (combinations.length === 0) return head + runs;
  const means = textTable(
    ['rank', ...parameters, `mean ${metric}`, 'deviation', 'seeds'],
    combinations.map(({ values, mean, deviation, count }, rank) => [
      String(rank + 1),
      ...values.map(shown),
      numberOrNone(mean),
      numberOrNone(deviation),
      String(count),
    ]),
  );
  return `${head}${runs}\nover seeds\n${means}`;
}

/** How a run has ended, or where it waits. */
function wordOf({ manifest }: Pick<MeasuredRun, 'manifest'>): string {
  return rungText(manifest) ?? factsOf(manifest.state.status).word;
}

function halvingOf([first]: LoadedSweep['runs']): Pick<RunGroup, 'halving'> {
  const halving = first?.group.halving;
  return halving ? { halving } : {};
}

function assignments(overrides: JsonObject): string {
  return Object.entries(overrides)
    .map(([path, value]) => `${path}=${shown(value)}`)
    .join(' ');
}

function shown(value: Json | undefined): string {
  if (value === undefined) return '–';
  return typeof value === 'number' ? formatNumber(value) : JSON.stringify(value);
}
