import { createHash } from 'node:crypto';
import path from 'node:path';
import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import type { Halving, JsonObject, RunGroup } from '../../../protocol/run';
import { OptionError, type OptionPath } from '../../methods/options/option-error';
import type { ReadExperiment } from '../experiment/load';
import type { ExperimentSource } from '../experiment/loaded-experiment';
import { locateInExport } from '../experiment/option-location';
import { OverrideError } from '../experiment/overrides';
import { expandSweep } from './expand';
import { rungsOf } from './halving';
import { resolveSweep, type SweepSpec } from './sweep';

/** One run of a sweep. */
export interface SweepRun {
  /** Dotted path → value. */
  readonly overrides: JsonObject;
  readonly group: RunGroup;
}

/** A sweep whose every run can be trained, as far as that is known beforehand. */
export interface LoadedSweep {
  /** The same for the same sources, changes and combinations. */
  readonly id: string;
  readonly name: string;
  /** Absolute path of the experiment. */
  readonly file: string;
  /** The launched file first, then what it imports. */
  readonly sources: readonly ExperimentSource[];
  readonly runs: readonly SweepRun[];
}

export interface SweepRequest {
  /** What all runs override. */
  readonly set: JsonObject;
  /** Makes another sweep of the same: its runs are repeated. */
  readonly again?: string;
}

/**
 * The runs of a file's `sweep`, each checked against the experiment.
 *
 * @throws ProblemError of kind `experiment` that says where in the user's file the trouble is
 */
export function loadSweep(read: ReadExperiment, { set, again = '' }: SweepRequest): LoadedSweep {
  const { file, text } = read;
  const at = (where: OptionPath) => locateInExport(text, file, 'sweep', where);
  if (read.sweep === undefined) {
    throw new ProblemError({
      kind: 'experiment',
      message: `${path.basename(file)} has no sweep.`,
      remedy:
        "Write export const sweep = { parameters: { 'optimizer.learningRate': [1e-3, 1e-4] } } beside its experiment.",
      location: { file, line: 1, column: 1 },
    });
  }
  const { spec, changes } = located(at, () => {
    const resolved = resolveSweep(read.sweep);
    return { spec: resolved, changes: expandSweep(resolved) };
  });
  // What the command line asks for has no place in the file.
  read.withOverrides(set);
  const varied = Object.keys(set).find((name) => Object.hasOwn(changes[0] ?? {}, name));
  if (varied !== undefined) {
    throw new ProblemError({
      kind: 'experiment',
      message: `'${varied}' is set for all runs, but it is what the sweep varies.`,
      remedy: `Leave out --set ${varied}, or take it out of the sweep.`,
    });
  }
  const loaded = changes.map((overrides) => withOverrides(read, { ...set, ...overrides }, at));
  const first = loaded[0]!;
  const { metric, goal } = spec;
  const halving = located(at, () => halvingOf(spec, first.experiment.steps));
  const name = spec.name ?? first.experiment.name;
  const sources = first.sources.map(({ contents }) => sha256(contents));
  const id = sha256(JSON.stringify({ sources, set, changes, again })).slice(0, 16);
  const shared = {
    id,
    name,
    of: changes.length,
    ...(metric === undefined ? {} : { metric }),
    ...(goal === undefined ? {} : { goal }),
    ...(halving === undefined ? {} : { halving }),
  };
  return {
    id,
    name,
    file,
    sources: first.sources,
    runs: loaded.map(({ overrides }, index) => ({ overrides, group: { ...shared, index } })),
  };
}

/** @throws OptionError where runs are too short to be compared on their way */
function halvingOf({ halving }: SweepSpec, steps: number): Halving | undefined {
  if (halving === undefined) return undefined;
  const { eta, minSteps } = halving;
  const rungs = rungsOf(steps, halving);
  if (rungs.length > 1) return { eta, rungs };
  throw new OptionError(
    `sweep: runs of ${steps} steps have no rung from ${minSteps} steps on.`,
    `With eta ${eta} a first rung is at most at ${Math.floor(steps / eta)} steps: lower 'minSteps', or train longer.`,
    ['halving', 'minSteps'],
  );
}

/** What is wrong with the sweep's own options becomes a problem at their place. */
function located<T>(at: (where: OptionPath) => SourceLocation, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const { message, remedy } = error;
    throw new ProblemError(
      { kind: 'experiment', message, remedy, location: at(error.path) },
      { cause: error },
    );
  }
}

/** What the experiment does not take becomes a problem at the parameter that asks for it. */
function withOverrides(
  read: ReadExperiment,
  overrides: JsonObject,
  at: (where: OptionPath) => SourceLocation,
) {
  try {
    return read.withOverrides(overrides);
  } catch (error) {
    if (!(error instanceof OverrideError)) throw error;
    const { override } = error;
    const where =
      override === undefined ? [] : override === 'seed' ? ['seeds'] : ['parameters', override];
    throw new ProblemError({ ...error.problem, location: at(where) }, { cause: error });
  }
}

function sha256(contents: string | Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}
