import type * as z from 'zod';
import { madeBy } from './method-table';
import { nearest } from './nearest';
import { dotted, OptionError, type OptionPath } from './option-error';
import { rememberOrigin } from './origins';
import { keysAt } from './schema-shape';

/** A value as an error message shows it: short, on one line. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return value.length > 6 ? `an array of ${value.length}` : `[${value}]`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

function valueAt(value: unknown, path: OptionPath): unknown {
  return path.reduce<unknown>(
    (current, key) =>
      typeof current === 'object' && current !== null
        ? (current as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a finite number',
  string: 'a string',
  array: 'an array',
  object: 'an object',
  boolean: 'true or false',
  tuple: 'a list in brackets, with as many entries as the option asks for',
};

/** What a value must be, as the end of “It must be …”. */
function requirement(issue: z.core.$ZodIssue): string {
  // The schema of a family names the functions to call.
  if (issue.message.startsWith(madeBy)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected;
    case 'too_small': {
      const bound = String(issue.minimum);
      if (issue.origin === 'array') return `at least ${bound} long`;
      if (issue.origin === 'string') return 'a string that is not empty';
      return issue.inclusive ? `at least ${bound}` : `greater than ${bound}`;
    }
    case 'too_big': {
      const bound = String(issue.maximum);
      if (issue.origin === 'array' || issue.origin === 'string') return `at most ${bound} long`;
      return issue.inclusive ? `at most ${bound}` : `less than ${bound}`;
    }
    case 'invalid_value':
      return issue.values.length === 1
        ? shown(issue.values[0])
        : `one of ${issue.values.map(shown).join(', ')}`;
    case 'invalid_union':
      return issue.errors.flatMap(([first]) => (first ? [requirement(first)] : [])).join(' or ');
    default:
      return issue.message;
  }
}

/** The error for the first thing that `schema` found wrong with `value`. */
function optionError(
  where: string,
  schema: z.ZodType,
  value: unknown,
  issue: z.core.$ZodIssue,
): OptionError {
  const keys = issue.path.filter((key) => typeof key !== 'symbol');
  // A union that chooses by a `type` blames that, which people never write.
  const path = issue.code === 'invalid_union' && issue.discriminator ? keys.slice(0, -1) : keys;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const known = keysAt(schema, path, value);
    const guess = nearest(key, known);
    return new OptionError(
      `${where} has no option '${dotted([...path, key])}'.`,
      guess === undefined
        ? `Its options are ${known.join(', ')}.`
        : `Did you mean '${dotted([...path, guess])}'?`,
      [...path, key],
    );
  }
  const given = valueAt(value, path);
  const name = path.length === 0 ? 'The argument' : `'${dotted(path)}'`;
  if (issue.code === 'custom') {
    return new OptionError(`${where}: ${issue.message}`, remedyOf(issue), path);
  }
  return new OptionError(
    given === undefined
      ? `${where}: ${name} is missing.`
      : `${where}: ${name} is ${shown(given)}, which is not allowed.`,
    `It must be ${requirement(issue)}.`,
    path,
  );
}

/** Refinements carry their remedy in `params`, because a zod issue has no other place for it. */
function remedyOf(issue: z.core.$ZodIssueCustom): string {
  const { remedy }: { readonly remedy?: unknown } = issue.params ?? {};
  return typeof remedy === 'string' ? remedy : 'Correct this option.';
}

/** Freezes `value` and the objects and arrays in it. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/**
 * `value` with the defaults of `schema`, frozen.
 *
 * @param where what the user called, for messages: `energy.mlp`
 * @throws OptionError for the first option that is wrong
 */
export function validate<Spec>(schema: z.ZodType<Spec>, where: string, value: unknown): Spec {
  const result = schema.safeParse(value);
  if (result.success) return deepFreeze(result.data);
  // An unknown key is often the cause of a missing one: name it first.
  const issues = result.error.issues;
  const issue = issues.find((one) => one.code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) throw result.error;
  throw optionError(where, schema, value, issue);
}

/**
 * Checks what stands in a list of parts, where nobody fills in defaults: a function has made it, or an
 * override has written it out.
 *
 * @param where the function that makes such a part, for messages: `energy.mlp`
 * @throws OptionError where an option is wrong or left out
 */
export function requireWhole(schema: z.ZodType<object>, where: string, part: object): void {
  const missing = Object.keys(validate(schema, where, part)).find((key) => !(key in part));
  if (missing === undefined) return;
  throw new OptionError(
    `${where}: '${missing}' is missing.`,
    'Write out all options of a part, as the configuration of a run has them.',
    [],
  );
}

/** Of a method that has nothing to set; what is given all the same is refused. */
export type NoOptions = Readonly<Record<string, never>>;

/**
 * The value of a factory: the options plus the method's name, validated.
 *
 * @throws OptionError
 */
export function specOf<Spec extends { readonly type: string }>(
  schema: z.ZodType<Spec>,
  where: string,
  type: Spec['type'],
  options: unknown,
): Spec {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new OptionError(
      `${where}: the argument is ${shown(options)}.`,
      'It must be an object of options, for example { seed: 0 }.',
      [],
    );
  }
  const spec = validate(schema, where, { ...options, type });
  rememberOrigin(spec);
  return spec;
}
