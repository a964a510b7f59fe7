/** What the docstring of an option says of its default and its range is what its schema says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { dataMethods } from '../../../../trainer-worker/methods/data';
import { customDiagnosticSchema } from '../../../../trainer-worker/methods/diagnostics/custom';
import { energies } from '../../../../trainer-worker/methods/energies';
import { noises } from '../../../../trainer-worker/methods/noise-distributions';
import { objectives } from '../../../../trainer-worker/methods/objectives';
import { persistentChainsFields } from '../../../../trainer-worker/methods/objectives/persistent-chains';
import { optimizers } from '../../../../trainer-worker/methods/optimizers';
import { samplers } from '../../../../trainer-worker/methods/samplers';
import { schedules } from '../../../../trainer-worker/methods/schedules';
import { sdes } from '../../../../trainer-worker/methods/sdes';
import { experimentSchema } from '../../../../trainer-worker/trainer/experiment/experiment';
import { guardSchema } from '../../../../trainer-worker/trainer/experiment/guard-options';
import { initializeSchema } from '../../../../trainer-worker/trainer/experiment/initialize-options';
import {
  halvingSchema,
  rangeSchema,
  sweepSchema,
} from '../../../../trainer-worker/trainer/sweeps/sweep';
import { documentedApi } from '../../../support/documented-api';

/** The part of a JSON schema that is compared with words. */
interface Shape {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

const families = {
  ...{ data: dataMethods, energy: energies, objective: objectives, noise: noises, sde: sdes },
  ...{ sampler: samplers, optimizer: optimizers, schedule: schedules },
};

/** What each name of {@link documentedApi} is checked by. */
const schemas = new Map<string, z.ZodType>([
  ...Object.entries(families).flatMap(([family, table]) =>
    Object.entries(table).map(([type, { schema }]): [string, z.ZodType] => [
      `${family}.${type}`,
      schema,
    ]),
  ),
  ['diagnostic.custom', customDiagnosticSchema],
  ['ExperimentOptions', experimentSchema],
  ['PreviewOptions', experimentSchema.shape.preview],
  ['CheckpointOptions', experimentSchema.shape.checkpoint],
  ['GuardOptions', guardSchema],
  ['InitializeOptions', initializeSchema],
  ['SweepOptions', sweepSchema],
  ['SweepRange', rangeSchema],
  ['HalvingOptions', halvingSchema],
  ['PersistentChainsOptions', z.object(persistentChainsFields)],
]);

/** Options whose default their schema does not have, and who fills it in. */
const filledInElsewhere = new Map([
  ['data.custom.samples', 'the data, where rows are drawn: those of `load` are counted'],
  ['data.custom.heldOut', 'the data, where rows are drawn'],
  ['energy.product.factors', 'the energy, one for each of its energies'],
  ['PreviewOptions.samples', 'the experiment, by what its objective keeps'],
  ['PreviewOptions.chainSteps', 'the experiment, by where its chains start'],
]);

/** The schema of one option. */
function schemaOf(of: string, name: string): z.ZodType | undefined {
  let object: unknown = schemas.get(of);
  if (object instanceof z.ZodPrefault) object = object.unwrap();
  // What is looked at as a whole once more takes the options as they are written.
  if (object instanceof z.ZodPipe) object = object.in;
  return object instanceof z.ZodObject ? (object.shape[name] as z.ZodType | undefined) : undefined;
}

/** A number in the words of a docstring may have spaces between groups of digits, and a minus sign. */
function plain(text: string): string {
  return text.replaceAll('−', '-').replace(/(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))/g, '');
}

/** The value that follows `Default` in a docstring; `undefined` where it is told in words or not at all. */
function toldDefault(text: string): unknown {
  const value = /\bDefault:? (`[^`]+`|-?\d[\d.]*(?:e-?\d+)?(?:\/√\d)?|true|false)/.exec(text)?.[1];
  if (value === undefined) return undefined;
  const [, over, root] = /^([\d.]+)\/√(\d)$/.exec(value) ?? [];
  if (over !== undefined) return Number(over) / Math.sqrt(Number(root));
  const [, family, type] = /^`(\w+)\.(\w+)\(\)`$/.exec(value) ?? [];
  if (family !== undefined) return made(family, type!);
  const bare = value.startsWith('`') ? value.slice(1, -1) : value.replace(/\.$/, '');
  try {
    return JSON.parse(bare.replaceAll("'", '"'));
  } catch {
    // One character stands for itself: `.`
    return bare;
  }
}

/** What a function of `ebm-lab` makes that is given nothing. */
function made(family: string, type: string): unknown {
  const table: { readonly [type: string]: { readonly create: unknown } } =
    families[family as keyof typeof families];
  return (table[type]!.create as () => unknown)();
}

/** What may be told in words, since it stands for what something else says. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || ['[]', '{}'].includes(JSON.stringify(value));
}

/** What is wrong with what a docstring says of a default; nothing where all is well. */
function faultOfDefault(option: string, schema: z.ZodType, text: string): string | undefined {
  if (filledInElsewhere.has(option)) return undefined;
  const told = toldDefault(text);
  const isStandard = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  const standard: unknown = isStandard ? schema.def.defaultValue : undefined;
  if (JSON.stringify(told) === JSON.stringify(standard)) return undefined;
  if (told === undefined && isEmpty(standard)) return undefined;
  return `the default is ${JSON.stringify(standard)}, and ${JSON.stringify(told)} is told`;
}

/** How a docstring may tell a range; nothing where there is none to tell. */
function rangeWords({ type, ...shape }: Shape): RegExp | undefined {
  if (type !== 'number' && type !== 'integer') return undefined;
  // Beyond these a number is no whole one any more, which needs no word.
  const known = (bound: number | undefined) =>
    bound === undefined || Math.abs(bound) >= Number.MAX_SAFE_INTEGER ? undefined : String(bound);
  const [low, above] = [known(shape.minimum), known(shape.exclusiveMinimum)];
  const [high, below] = [known(shape.maximum), known(shape.exclusiveMaximum)];
  // Another option may be a bound that is narrower, which this one's schema knows nothing of.
  const other = '`\\w+`';
  if (below !== undefined && above !== undefined) {
    return wordsOf(`above ${above} and below ${below}|between ${above} and ${below}`);
  }
  if (below !== undefined) return wordsOf(`${low} to below ${below}`);
  if (above !== undefined) {
    return high === undefined
      ? wordsOf(`above (${above}|${other})`)
      : wordsOf(`above (${above}|${other}) to ${high}|above ${above} and below ${other}`);
  }
  if (low === undefined) return high === undefined ? undefined : wordsOf(`to ${high}`);
  if (high === undefined) return wordsOf(`from ${low}`);
  return wordsOf(`${low} to ${high}|${other}, to ${high}`);
}

function wordsOf(pattern: string): RegExp {
  return new RegExp(`(?<![\\d.-])(${pattern})(?!\\.?\\d)`, 'i');
}

/** All ranges of a value: its own, those of its alternatives, and of what a list holds and how many. */
function rangesOf(shape: Shape): RegExp[] {
  const { anyOf = [], items, minItems = 0, maxItems } = shape;
  const own = rangeWords(shape);
  // That a list is not empty, or has the numbers that its type names, goes without saying.
  const isPlain = maxItems === undefined ? minItems <= 1 : maxItems === minItems;
  const count = { type: 'integer', minimum: minItems };
  const many = isPlain
    ? undefined
    : rangeWords(maxItems === undefined ? count : { ...count, maximum: maxItems });
  return [
    ...(own ? [own] : []),
    ...(many ? [many] : []),
    ...[...anyOf, ...(items ? [items] : [])].flatMap(rangesOf),
  ];
}

/** Everything that the docstring of an option says otherwise than its schema. */
function faults(option: string, schema: z.ZodType, written: string): string[] {
  const text = plain(written);
  // What a bound is like stands in brackets: 1 (Cauchy) to 1000 (nearly Gaussian).
  const unbracketed = text.replace(/ \([^()]*\)/g, '');
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  const ofDefault = faultOfDefault(option, schema, text);
  return [
    ...(ofDefault === undefined ? [] : [ofDefault]),
    ...rangesOf(shape as Shape)
      .filter((words) => !words.test(unbracketed))
      .map((words) => `its range is not told: ${words.source}`),
  ].map((fault) => `${option}: ${fault} in ‘${written}’`);
}

test('defaults and ranges of all options are told as their schemas have them', () => {
  const api = documentedApi();
  const options = [...api.functions.flatMap((method) => method.options), ...api.options];
  const checked = new Set(options.map(({ of }) => of));
  const unchecked = [...schemas].filter(([of]) => !checked.has(of));
  for (const [of, schema] of unchecked) {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    assert.deepEqual(known, ['type'], `the options of ${of} are not told`);
  }
  const found = options.flatMap(({ of, name, text }) => {
    const schema = schemaOf(of, name);
    const option = `${of}.${name}`;
    return schema ? faults(option, schema, text) : [`${option} has no schema`];
  });
  assert.deepEqual(found, []);
});

test('what is told wrongly is found', () => {
  const rate = z.number().positive().max(10).default(0.1);
  assert.deepEqual(faults('rate', rate, 'A rate, above 0 to 10. Default 0.1.'), []);
  const wrong = [
    'A rate, above 0 to 10. Default 0.2.',
    'A rate, above 0 to 10.',
    'A rate, 0 to 10. Default 0.1.',
    'A rate, above 0 to 100. Default 0.1.',
    'A rate, above 0 to 10.5. Default 0.1.',
    'A rate, above 0. Default 0.1.',
  ];
  for (const text of wrong) assert.equal(faults('rate', rate, text).length, 1, text);
  const layers = z.array(z.int().min(1).max(16_384)).min(1).max(32).default([128]);
  assert.deepEqual(
    faults('layers', layers, 'Layers, 1 to 32 of 1 to 16 384 units. Default `[128]`.'),
    [],
  );
  assert.equal(faults('layers', layers, 'Layers of 1 to 64 units. Default `[128]`.').length, 2);
  const limit = z.number().positive().nullable().default(null);
  assert.deepEqual(faults('limit', limit, 'A limit, above 0. Default `null`: none.'), []);
  assert.equal(faults('limit', limit, 'A limit, above 0. Default 1.').length, 1);
});
