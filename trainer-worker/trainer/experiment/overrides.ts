import { type Problem, ProblemError } from '../../../protocol/problem';
import type { Json, JsonObject } from '../../../protocol/run';
import { nearest } from '../../methods/options/nearest';
import { dotted, OptionError } from '../../methods/options/option-error';
import { type ExperimentOptions, type ExperimentSpec, resolveExperiment } from './experiment';

/** An override that an experiment does not take. */
export class OverrideError extends ProblemError {
  /** Which one; `undefined` where it cannot be told. */
  readonly override: string | undefined;

  constructor(problem: Problem, override: string | undefined, options?: ErrorOptions) {
    super(problem, options);
    this.override = override;
  }
}

/** The part of a value that is data: what JSON can hold. Functions are left out. */
export function configOf(value: unknown): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((item) => configOf(item) ?? null);
  if (typeof value !== 'object') return undefined;
  const entries = Object.entries(value).map(([key, item]) => [key, configOf(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined)) as JsonObject;
}

/** Every dotted path of a configuration, also those of whole objects. */
function pathsOf(config: Json | undefined, prefix = ''): string[] {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return [];
  return Object.entries(config).flatMap(([key, value]) => [
    prefix + key,
    ...pathsOf(value as Json, `${prefix}${key}.`),
  ]);
}

/** A copy of `value` with the thing at `path` replaced; objects on the way are made where missing. */
function replaced(value: unknown, [key, ...rest]: readonly string[], replacement: Json): unknown {
  if (key === undefined) return replacement;
  const object = typeof value === 'object' && value !== null ? value : {};
  const inner = (object as { readonly [key: string]: unknown })[key];
  return { ...object, [key]: replaced(inner, rest, replacement) };
}

/**
 * The experiment with some of its options replaced, checked again.
 *
 * @param options what the user's file gave to `experiment()`
 * @param resolved the experiment that this made
 * @param overrides dotted path → value
 * @throws OverrideError of kind `experiment` for an unknown path or a value out of range
 */
export function applyOverrides(
  options: ExperimentOptions,
  resolved: ExperimentSpec,
  overrides: JsonObject,
): ExperimentSpec {
  const names = Object.keys(overrides);
  if (names.length === 0) return resolved;
  const known = pathsOf(configOf(resolved));
  let changed: unknown = options;
  for (const [name, value] of Object.entries(overrides)) {
    if (!known.includes(name)) {
      // Another type would leave the other options of its kind where they are.
      const offered = known.filter((path) => !path.endsWith('type'));
      const guess = nearest(name, offered) ?? nearestByEnd(name, offered);
      throw new OverrideError(
        {
          kind: 'experiment',
          message: `This experiment has no option '${name}' to override.`,
          remedy:
            guess === undefined
              ? `Its options are ${offered.join(', ')}.`
              : `Did you mean '${guess}'?`,
        },
        name,
      );
    }
    requireKind(resolved, name, value);
    changed = replaced(changed, name.split('.'), value);
  }
  try {
    return resolveExperiment(changed);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const path = dotted(error.path);
    const culprit = names.find((name) => path === name || path.startsWith(`${name}.`)) ?? names[0];
    throw new OverrideError(
      {
        kind: 'experiment',
        message: `The override ${culprit}=${JSON.stringify(overrides[culprit ?? ''])} is not possible. ${error.message}`,
        remedy: error.remedy,
      },
      culprit,
      { cause: error },
    );
  }
}

/** What a value of data is, for options that only the user's file knows; nothing fixed where it is null. */
function kindOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return { number: 'a number', string: 'a string', boolean: 'true or false' }[
    typeof value as 'number' | 'string' | 'boolean'
  ];
}

/**
 * Options of the user's own methods have no schema: an override is of the kind of what the file gives.
 *
 * @throws OverrideError
 */
function requireKind(resolved: ExperimentSpec, name: string, value: Json): void {
  const path = name.split('.');
  if (!path.slice(0, -1).includes('options')) return;
  const given = path.reduce<unknown>(
    (inside, key) => (inside as Readonly<Record<string, unknown>> | undefined)?.[key],
    resolved,
  );
  const wanted = kindOf(given);
  if (wanted === undefined || wanted === kindOf(value)) return;
  throw new OverrideError(
    {
      kind: 'experiment',
      message: `The override ${name}=${JSON.stringify(value)} is not possible: in the file '${name}' is ${wanted}.`,
      remedy: `Give ${wanted}, for example ${JSON.stringify(configOf(given))}.`,
    },
    name,
  );
}

/** `learningRate` for `optimizer.learningRate`: the commonest way to misremember a path. */
function nearestByEnd(name: string, known: readonly string[]): string | undefined {
  const end = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  const guess = nearest(end(name), known.map(end));
  return guess === undefined ? undefined : known.find((path) => end(path) === guess);
}
