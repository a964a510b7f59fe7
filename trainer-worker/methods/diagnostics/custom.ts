import * as z from 'zod';
import type { Bounds } from '../data/bounds';
import type { Dataset } from '../data/dataset';
import { type Knobs, knobsSchema } from '../options/knobs';
import { OptionError } from '../options/option-error';
import { callOwn, functionSchema, problemOf } from '../options/own-function';
import { specOf } from '../options/validate';
import type { Diagnostic, DiagnosticContext, Subject } from './diagnostic';
import { type Estimate, type KnownEstimate, withError } from './estimate';

/** What a measure of your own looks at. */
export interface Measured
  extends Pick<Subject, 'samples' | 'energy' | 'score' | 'heldOutEnergies' | 'record'> {
  /** D. */
  readonly dimensions: number;
  /** `[n, D]`, row-major: the rows that are trained on. */
  readonly training: Float32Array;
  /** `[m, D]`: the rows that are not. */
  readonly heldOut: Float32Array;
  /** The shown window. */
  readonly bounds: Bounds;
}

/** A number, or a number and its standard error. */
type MeasuredNumber = number | KnownEstimate;
/** One measured number, or several by the names of their metrics. */
type Answer = MeasuredNumber | Readonly<Record<string, MeasuredNumber>>;

export interface CustomDiagnosticOptions<Options extends Knobs> {
  /** The metric's name, which its curve, `checkpoint.best` and sweeps have: `distance/nearest`. */
  readonly name: string;
  /** What people call it. Default: its name. */
  readonly label?: string | null;
  /**
   * Where it measures several numbers: the metrics' names, each with what people call it. Default `null`:
   * one number, under `name`.
   */
  readonly metrics?: Readonly<Record<string, string>> | null;
  /** Whether it gives the standard error of each number too, as `{ value, error }`. Default false. */
  readonly hasError?: boolean;
  /** What `measure` is given, and a run records. Default: none. */
  readonly options?: Options;
  /**
   * Measures the model at a preview: a number (`NaN` where it is not known), `{ value, error }`, or where
   * `metrics` are named a record of these. Runs on the host, on plain arrays.
   *
   * @example
   * measure: async ({ samples, energy }) => mean(await energy(samples))
   */
  readonly measure: (measured: Measured, options: Options) => Answer | Promise<Answer>;
}

export interface CustomDiagnosticSpec {
  readonly type: 'custom';
  readonly name: string;
  readonly label: string | null;
  readonly metrics: Readonly<Record<string, string>> | null;
  readonly hasError: boolean;
  readonly options: Knobs;
  readonly measure: CustomDiagnosticOptions<never>['measure'];
}

/** A measure of your own, taken at each preview. */
export function custom<Options extends Knobs = Record<string, never>>(
  options: CustomDiagnosticOptions<Options>,
): CustomDiagnosticSpec {
  return specOf(customDiagnosticSchema, 'diagnostic.custom', 'custom', options);
}

const metricName = z.string().regex(/^[\w][\w ./-]{0,99}$/, {
  error: "'name' is no name of a metric.",
});

/** @internal */
export const customDiagnosticSchema: z.ZodType<CustomDiagnosticSpec> = z.strictObject({
  type: z.literal('custom'),
  name: metricName,
  label: z.string().min(1).max(200).nullable().default(null),
  metrics: z.record(metricName, z.string().min(1).max(200)).nullable().default(null),
  hasError: z.boolean().default(false),
  options: knobsSchema,
  measure: functionSchema<CustomDiagnosticSpec['measure']>(
    'measure',
    'measure: ({ samples }) => … with a number as its result',
  ),
});

/**
 * @param files the user's files, for where a problem lies
 * @internal
 */
export function customDiagnostic(
  spec: CustomDiagnosticSpec,
  { dataset, bounds }: Pick<DiagnosticContext, 'dataset' | 'bounds'>,
  files: readonly string[],
): Diagnostic {
  const { name, label, metrics, hasError, options, measure } = spec;
  const named = metrics ?? { [name]: label ?? name };
  const infos = Object.entries(named).map(([each, called]) => ({
    name: each,
    label: called,
    group: label ?? name,
  }));
  const own = { where: 'diagnostic.custom', name: 'measure', path: ['preview', 'diagnostics'] };
  let hasMeasured = false;
  return {
    metrics: hasError ? infos.flatMap(withError) : infos,
    async measure(subject) {
      try {
        const made = await measure(measuredOf(subject, dataset, bounds), options as never);
        const values = checked(made, Object.keys(named), metrics === null, hasError);
        hasMeasured = true;
        return values;
      } catch (cause) {
        const error = thrownBy(own, cause);
        // At once it is a mistake to correct; later on, nothing to lose a run for.
        if (!hasMeasured) throw problemOf(error, files);
        const unknown = error.message.replace(/\.$/, '');
        return Object.fromEntries(Object.keys(named).map((each) => [each, { unknown }]));
      }
    },
  };
}

function thrownBy(own: Parameters<typeof callOwn>[0], cause: unknown): OptionError {
  try {
    return callOwn(own, () => {
      throw cause;
    });
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
}

function measuredOf(
  subject: Subject,
  { dimensions, training, heldOut }: Dataset,
  bounds: Bounds,
): Measured {
  return {
    dimensions,
    bounds,
    // Rows that are kept as bytes become numbers only for who asks for them.
    get training() {
      return training.subarray();
    },
    get heldOut() {
      return heldOut.subarray();
    },
    samples: subject.samples,
    energy: (points) => subject.energy(points),
    score: (points) => subject.score(points),
    heldOutEnergies: () => subject.heldOutEnergies(),
    record: () => subject.record(),
  };
}

/** @throws OptionError where what was measured is not what was declared */
function checked(
  made: unknown,
  names: readonly string[],
  isAlone: boolean,
  hasError: boolean,
): Record<string, number | Estimate> {
  const values = isAlone ? { [names[0]!]: made } : made;
  const found = typeof values === 'object' && values !== null ? values : {};
  const entries = names.map((name) => {
    const value: unknown = (found as Readonly<Record<string, unknown>>)[name];
    if (hasError ? isEstimate(value) : typeof value === 'number') return [name, value] as const;
    throw new OptionError(
      `diagnostic.custom: measure gave ${value === undefined ? 'nothing' : 'something else'} for '${name}', where ${hasError ? '{ value, error }' : 'a number'} is needed.`,
      isAlone
        ? `Return ${hasError ? 'both numbers, for example { value: 0.5, error: 0.01 }' : 'one number, NaN where it is not known'}.`
        : 'Return a record with one entry for each name in metrics.',
      ['preview', 'diagnostics'],
    );
  });
  const other = Object.keys(found).find((name) => !names.includes(name));
  if (!isAlone && other !== undefined) {
    throw new OptionError(
      `diagnostic.custom: measure gave '${other}', which metrics does not name.`,
      'Name it there, with what people call it.',
      ['preview', 'diagnostics'],
    );
  }
  return Object.fromEntries(entries) as Record<string, number | Estimate>;
}

function isEstimate(value: unknown): value is KnownEstimate {
  const { value: number, error }: { value?: unknown; error?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  return typeof number === 'number' && typeof error === 'number';
}
