import { createHash } from 'node:crypto';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import type { JsonObject } from '../../../protocol/run';
import { locationInStack } from '../../compiler/trace/source-maps';
import { type Bundle, bundleExperiment } from './bundle';
import { evaluateBundle } from './evaluate';
import type { ExperimentOptions, ExperimentSpec } from './experiment';
import type { ExperimentPart, LoadedExperiment } from './loaded-experiment';
import { locateOption } from './option-location';

export interface LoadOptions {
  /** Dotted path → value: `{ 'optimizer.learningRate': 3e-4 }`. */
  readonly overrides?: JsonObject;
  /** Longest time the file's own code may take to load, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number;
  /**
   * Where the file lay when it was launched, where this one is a copy of it: data are looked for
   * beside it, and packages among those that it could import.
   */
  readonly original?: string;
}

/**
 * Bundles, evaluates and validates an experiment file.
 *
 * @throws ProblemError of kind `experiment` that says where in the user's file the trouble is
 */
export async function loadExperiment(
  file: string,
  { overrides = {}, ...options }: LoadOptions = {},
): Promise<LoadedExperiment> {
  return (await readExperiment(file, options)).withOverrides(overrides);
}

/** An experiment file that was evaluated: what it makes, whatever is overridden. */
export interface ReadExperiment {
  /** Absolute path of the launched file. */
  readonly file: string;
  /** The launched file's text. */
  readonly text: string;
  /** What it exports as `sweep`, unchecked. */
  readonly sweep: unknown;
  /** @throws OverrideError of kind `experiment` */
  withOverrides(overrides: JsonObject): LoadedExperiment;
}

/**
 * Bundles and evaluates an experiment file once, for any number of overrides.
 *
 * @throws ProblemError of kind `experiment` that says where in the user's file the trouble is
 */
export async function readExperiment(
  file: string,
  { timeoutMs = 10_000, original }: Omit<LoadOptions, 'overrides'> = {},
): Promise<ReadExperiment> {
  const entry = path.resolve(file);
  // esbuild works in a process of its own while this one reads tfjs, the two slow parts of a launch.
  const [bundle, runtime] = await Promise.all([bundleExperiment(entry, original), loadRuntime()]);
  const files = bundle.sources.map((source) => source.path);
  const exports = evaluated(bundle, entry, files, runtime, timeoutMs, original);
  const { default: exported } = exports;
  const options = runtime.optionsOf(exported);
  if (options === undefined) throw notAnExperiment(bundle, entry, exported);
  const spec = exported as ExperimentSpec;
  const sha256 = createHash('sha256').update(entrySource(bundle)).digest('hex');
  const locations = locationsOf(options, spec, files, runtime);
  return {
    file: original ?? entry,
    text: textOf(bundle, entry),
    sweep: exports['sweep'],
    withOverrides(overrides) {
      const resolved = runtime.applyOverrides(options, spec, overrides);
      const experiment =
        resolved.name === ''
          ? Object.freeze({
              ...resolved,
              name: path.basename(entry).replace(/(\.ebm)?\.[cm]?[jt]sx?$/, ''),
            })
          : resolved;
      const config = runtime.configOf(experiment) as JsonObject;
      const { sources } = bundle;
      return {
        file: original ?? entry,
        experiment,
        config,
        overrides,
        sources,
        sha256,
        locations,
        warnings: bundle.warnings,
        changed: (changes) => runtime.applyOverrides(options, spec, { ...overrides, ...changes }),
      };
    },
  };
}

/** Everything that needs tfjs, imported late so that esbuild is already at work. */
async function loadRuntime() {
  // Reading tfjs blocks this process: let esbuild's receive its work first.
  await setImmediate();
  const [
    { userTensorFlow: tf },
    api,
    { optionsOf },
    { applyOverrides, configOf },
    { OptionError },
    { originOf },
  ] = await Promise.all([
    import('../../compiler/trace/user-tensorflow'),
    import('../../api/index'),
    import('./experiment'),
    import('./overrides'),
    import('../../methods/options/option-error'),
    import('../../methods/options/origins'),
  ]);
  // Before the user's file: it may make tensors at its top level, as `init` does. What trains is
  // compiled and runs elsewhere.
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
  const modules = new Map<string, unknown>([
    ['ebm-lab', api],
    ['@tensorflow/tfjs', tf],
    ['@tensorflow/tfjs-core', tf],
    ['@tensorflow/tfjs-layers', tf],
  ]);
  return { modules, optionsOf, applyOverrides, configOf, OptionError, originOf };
}

type Runtime = Awaited<ReturnType<typeof loadRuntime>>;

function entrySource(bundle: Bundle): Uint8Array {
  return bundle.sources[0]?.contents ?? new Uint8Array();
}

/** The file's exports; what it throws becomes a problem at the user's line. */
function evaluated(
  bundle: Bundle,
  entry: string,
  files: readonly string[],
  runtime: Runtime,
  timeoutMs: number,
  original = entry,
) {
  try {
    return evaluateBundle(bundle, { file: entry, original }, runtime.modules, timeoutMs);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    const stack = error instanceof Error ? error.stack : undefined;
    const call = locationInStack(stack, files) ?? { file: entry, line: 1, column: 1 };
    const detail = stack === undefined ? {} : { detail: stack };
    if (error instanceof runtime.OptionError) {
      const text = textOf(bundle, call.file);
      throw new ProblemError(
        {
          kind: 'experiment',
          message: error.message,
          remedy: error.remedy,
          location: locateOption(text, call, error.path),
          ...detail,
        },
        { cause: error },
      );
    }
    throw new ProblemError(
      {
        kind: 'experiment',
        message: `${path.basename(entry)} throws when it is loaded: ${describe(error)}`,
        remedy: 'Correct the file at this place.',
        location: call,
        ...detail,
      },
      { cause: error },
    );
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function textOf(bundle: Bundle, file: string): string {
  const source = bundle.sources.find((one) => one.path === file);
  return source === undefined ? '' : new TextDecoder().decode(source.contents);
}

function notAnExperiment(bundle: Bundle, file: string, exported: unknown): ProblemError {
  const name = path.basename(file);
  if (exported === undefined) {
    return new ProblemError({
      kind: 'experiment',
      message: `${name} has no default export.`,
      remedy: 'Write export default experiment({ … }).',
      location: { file, line: 1, column: 1 },
    });
  }
  const lines = textOf(bundle, file).split('\n');
  const line = lines.findIndex((text) => /^\s*export\s+default\b/.test(text));
  return new ProblemError({
    kind: 'experiment',
    message: `The default export of ${name} was not made by experiment().`,
    remedy: 'Write export default experiment({ … }).',
    location: { file, line: Math.max(line, 0) + 1, column: 1 },
  });
}

/** Where the user's file makes each part. */
function locationsOf(
  options: ExperimentOptions,
  spec: ExperimentSpec,
  files: readonly string[],
  { originOf }: Runtime,
): LoadedExperiment['locations'] {
  const parts: Record<ExperimentPart, object | undefined> = {
    experiment: spec,
    data: options.data,
    energy: options.energy,
    objective: options.objective,
    optimizer: options.optimizer,
  };
  const found: Partial<Record<ExperimentPart, SourceLocation>> = {};
  for (const [part, made] of Object.entries(parts)) {
    const location = made && locationInStack(originOf(made), files);
    if (location) found[part as ExperimentPart] = location;
  }
  return found;
}
