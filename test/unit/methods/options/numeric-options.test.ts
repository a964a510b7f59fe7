/**
 * Every number that a method takes, found by walking the schemas of the tables: what lies outside its
 * range is refused with one error that names it. A new method needs no line here.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { dataMethods } from '../../../../trainer-worker/methods/data';
import { energies } from '../../../../trainer-worker/methods/energies';
import { objectives } from '../../../../trainer-worker/methods/objectives';
import { optimizers } from '../../../../trainer-worker/methods/optimizers';
import { OptionError } from '../../../../trainer-worker/methods/options/option-error';
import { unwrapped } from '../../../../trainer-worker/methods/options/schema-shape';
import { samplers } from '../../../../trainer-worker/methods/samplers';
import { schedules } from '../../../../trainer-worker/methods/schedules';
import { sdes } from '../../../../trainer-worker/methods/sdes';

interface Row {
  readonly create: unknown;
  readonly schema: z.ZodType;
}

/** Families by what an experiment imports. */
const families: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  data: dataMethods,
  energy: energies,
  objective: objectives,
  sampler: samplers,
  optimizer: optimizers,
  schedule: schedules,
  sde: sdes,
};

type Key = string | number;

/** A number among the options of a method. */
interface Knob {
  readonly path: readonly Key[];
  readonly schema: z.ZodNumber;
}

/** The schemas within one, by key; of a list the first element stands for all. */
function partsOf(schema: unknown): readonly (readonly [Key, unknown])[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return Object.entries(inner.shape);
  if (inner instanceof z.ZodArray) return [[0, inner.element]];
  if (inner instanceof z.ZodTuple) return inner.def.items.map((item, i) => [i, item] as const);
  return [];
}

/** The number that a schema is, or that its union takes beside methods, which have rows of their own. */
function numberIn(schema: unknown): z.ZodNumber | undefined {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodNumber) return inner;
  if (!(inner instanceof z.ZodUnion)) return undefined;
  return inner.options.find((option) => option instanceof z.ZodNumber);
}

function knobsOf(schema: unknown, path: readonly Key[] = []): readonly Knob[] {
  const number = numberIn(schema);
  if (number !== undefined) return [{ path, schema: number }];
  return partsOf(schema).flatMap(([key, part]) => knobsOf(part, [...path, key]));
}

const accepts = (schema: unknown, value: unknown) => (schema as z.ZodType).safeParse(value).success;

/** Some value that a schema takes: absent where it may be. */
function example(schema: unknown): unknown {
  if (accepts(schema, undefined)) return undefined;
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodLiteral) return [...inner.values][0];
  if (inner instanceof z.ZodDiscriminatedUnion) return example(inner.options[0]);
  return filled(inner, () => undefined);
}

/**
 * A value of a schema, made of examples.
 *
 * @param given what some parts are instead
 */
function filled(schema: unknown, given: (key: Key) => unknown): unknown {
  const inner = unwrapped(schema);
  const parts = partsOf(inner).map(([key, part]) => [key, given(key) ?? example(part)] as const);
  if (inner instanceof z.ZodObject) return Object.fromEntries(parts);
  if (inner instanceof z.ZodTuple) return parts.map(([, value]) => value);
  const candidates =
    inner instanceof z.ZodArray
      ? // As long as it must be, and no longer than needed for what is given.
        [1, 2, 3].map((length) => [
          parts[0]![1],
          ...new Array(length - 1).fill(example(inner.element)),
        ])
      : [1, 0.5, 10, 'text', true, () => undefined, energies.gaussian.create()];
  return candidates.find((value) => accepts(inner, value)) ?? candidates[0];
}

/** Options that are right but for one number. */
function optionsWith(schema: unknown, [key, ...rest]: readonly Key[], value: unknown): unknown {
  if (key === undefined) return value;
  const part = partsOf(schema).find(([name]) => name === key)![1];
  return filled(schema, (name) => (name === key ? optionsWith(part, rest, value) : undefined));
}

/** What a number must not be: just beyond each end of its range, and no finite number at all. */
function refused(number: z.ZodNumber): readonly unknown[] {
  const beyond = (end: number | null, sign: number) => {
    if (end === null || !Number.isFinite(end)) return [];
    // The end itself where it does not belong to the range.
    const step = number.isInt ? 1 : Math.max(1e-9, 1e-9 * Math.abs(end));
    return [accepts(number, end) ? end + sign * step : end];
  };
  return [
    ...beyond(number.minValue, -1),
    ...beyond(number.maxValue, 1),
    ...(number.isInt ? [1.5] : []),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '1',
  ];
}

let count = 0;
for (const [family, table] of Object.entries(families)) {
  describe(`numbers out of range are refused by name: ${family}`, () => {
    for (const [type, { create, schema }] of Object.entries(table)) {
      const knobs = knobsOf(schema);
      count += knobs.length;
      if (knobs.length === 0) continue;
      test(`${type}: ${knobs.map(({ path }) => path.join('.')).join(', ')}`, () => {
        for (const { path, schema: number } of knobs) {
          for (const value of refused(number)) {
            const all = optionsWith(schema, path, value) as Record<string, unknown>;
            const { type: _, path: file, ...options } = all;
            const name = path.join('.');
            const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
            assert.throws(
              // What is read from a file names it first.
              () =>
                (create as (...given: readonly unknown[]) => unknown)(
                  ...(file === undefined ? [] : [file]),
                  options,
                ),
              (error) => {
                assert.ok(error instanceof OptionError, String(error));
                assert.equal(
                  error.message,
                  `${family}.${type}: '${name}' is ${shown}, which is not allowed.`,
                );
                assert.match(error.remedy, /^It must be (at (least|most)|greater|less|a )/);
                return true;
              },
              `${name}: ${shown}`,
            );
          }
        }
      });
    }
  });
}

test('the walk finds the numbers', () => {
  const found = (schema: z.ZodType) => knobsOf(schema).map(({ path }) => path.join('.'));
  assert.ok(found(energies.mlp.schema).includes('hidden.0'));
  assert.ok(found(optimizers.adam.schema).includes('learningRate'));
  assert.ok(found(objectives.vera.schema).includes('deviation.1'));
  assert.ok(found(objectives.multiGridContrastiveDivergence.schema).includes('coarser.0.size.0'));
  assert.ok(found(dataMethods.gaussianMixture.schema).includes('means.0.0'));
  assert.ok(count > 150, `${count}`);
});
