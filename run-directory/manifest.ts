/** `run.json`: read, checked, and replaced atomically. */

import path from 'node:path';
import { z } from 'zod';
import type { JsonObject, RunManifest } from '../protocol/run';
import { arithmetics } from '../protocol/run';
import { groupSchema } from '../protocol/run-group';
import { runStatuses } from '../vocabulary/run-status';
import { checked, parseJson } from './checked-json';
import { readRegularFile, replaceFile } from './files';
import { hostSchema, jobSchema } from './host';
import { brokenFile } from './storage-problem';

/** What a run directory has at least. */
export const manifestFileName = 'run.json';
const largestManifest = 16 * 2 ** 20;

/** How deep objects and lists may lie in each other: what goes through them calls itself as often. */
const deepest = 200;

// What was parsed is JSON, so it is not looked at again value by value: that took most of the time of a
// list of thousands of runs.
const json = z
  .looseObject({})
  .refine(
    (value) => isShallow(value, deepest),
    'is nested too deeply',
  ) as unknown as z.ZodType<JsonObject>;
const count = z.number().int().nonnegative();

const location = z.object({ file: z.string(), line: count, column: count });
export const problemSchema = z.object({
  kind: z.enum(['experiment', 'data', 'training', 'storage', 'worker', 'environment', 'internal']),
  message: z.string(),
  remedy: z.exactOptional(z.string()),
  location: z.exactOptional(location),
  detail: z.exactOptional(z.string()),
});

export const stateSchema = z.object({
  status: z.enum(runStatuses),
  step: count,
  steps: count,
  stepsPerSecond: z.exactOptional(z.number()),
  secondsLeft: z.exactOptional(z.number()),
  phase: z.exactOptional(z.string()),
  problem: z.exactOptional(problemSchema),
});

const metric = z.object({
  name: z.string(),
  label: z.string(),
  group: z.string(),
  unit: z.exactOptional(z.string()),
  errorOf: z.exactOptional(z.string()),
});

const pair = z.tuple([z.number(), z.number()]);

const image = z.object({
  height: count.positive(),
  width: count.positive(),
  channels: count.positive(),
  from: pair,
  to: pair,
  logit: z.exactOptional(z.number()),
});

/**
 * A list that has an entry for each dimension: thousands of runs of images have hundreds each, and a
 * schema for each entry took most of the time of a list of them.
 */
function perDimension<T>(item: z.ZodType<T>, isItem: (value: unknown) => boolean, what: string) {
  const { $schema: _, ...published } = z.toJSONSchema(z.array(item), { target: 'draft-07' });
  return z
    .array(z.unknown())
    .refine((value) => value.every(isItem), `must be a list of ${what}`)
    .meta(published) as unknown as z.ZodType<T[]>;
}

const isPair = (value: unknown) =>
  Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);

const layout = z
  .object({
    dimensions: count,
    axes: perDimension(z.string(), (value) => typeof value === 'string', 'texts'),
    bounds: perDimension(pair, isPair, 'pairs of numbers'),
    resolution: count.max(4096),
    image: z.exactOptional(image),
    categories: z.exactOptional(
      z.array(z.object({ name: z.string(), levels: z.array(z.string()).min(1) })),
    ),
    classes: z.exactOptional(z.array(z.string())),
  })
  .refine(
    ({ dimensions, axes, bounds }) => axes.length === dimensions && bounds.length === dimensions,
    'axes and bounds must have one entry per dimension',
  )
  .refine(
    ({ dimensions, image }) =>
      image === undefined || image.height * image.width * image.channels === dimensions,
    'image must have one pixel value per dimension',
  )
  .refine(
    ({ dimensions, categories }) => categories === undefined || categories.length === dimensions,
    'categories must have one entry per dimension',
  );

/** A relative path that stays inside the run directory, with `/` or `\`. */
const insidePath = z
  .string()
  .refine(
    (text) =>
      !path.posix.isAbsolute(text) &&
      !path.win32.isAbsolute(text) &&
      !text.split(/[\\/]/).includes('..'),
    'must be a relative path inside the run directory',
  );

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const keptFile = z.object({ file: z.string(), sha256 });

const worker = z.object({
  pid: z.number().int().positive(),
  socket: z.string(),
  host: z.exactOptional(hostSchema),
  job: z.exactOptional(jobSchema),
});

const knob = z.object({
  name: z.string(),
  option: z.string(),
  label: z.string(),
  above: z.exactOptional(z.number()),
  least: z.exactOptional(z.number()),
  most: z.exactOptional(z.number()),
});

const change = z.object({
  at: z.iso.datetime(),
  step: count,
  option: z.string(),
  from: z.number(),
  to: z.number(),
});

const identifier = z.string().regex(/^[\w-]{1,64}$/, 'must be a short identifier');

/** What `run.json` holds; published as JSON Schema in `schemas/run.schema.json`. */
// Keys that a later version may add are kept, so that an update by this one loses nothing.
export const manifestSchema = z.looseObject({
  formatVersion: z.literal(1),
  id: identifier,
  name: z.string(),
  state: stateSchema,
  createdAt: z.iso.datetime(),
  endedAt: z.exactOptional(z.iso.datetime()),
  trainingSeconds: z.number().nonnegative(),
  experiment: z.object({
    file: z.string(),
    source: insidePath,
    sha256,
  }),
  config: json,
  overrides: json,
  parent: z.exactOptional(z.string()),
  group: z.exactOptional(groupSchema),
  rungs: z.exactOptional(z.array(z.object({ step: count, value: z.number().nullable() }))),
  seed: z.number(),
  arithmetic: z.exactOptional(z.literal(arithmetics)),
  backend: z.exactOptional(z.object({ name: z.string(), reason: z.string() })),
  warnings: z.exactOptional(z.array(z.string())),
  versions: z.record(z.string(), z.string()),
  git: z.exactOptional(z.object({ commit: z.string(), dirty: z.boolean() })),
  preview: z.exactOptional(layout),
  transform: z.exactOptional(z.object({ mean: z.array(z.number()), scale: z.array(z.number()) })),
  dataFiles: z.exactOptional(z.array(keptFile)),
  initialize: z.exactOptional(keptFile),
  metrics: z.array(metric),
  resumes: z.exactOptional(z.array(z.object({ at: z.iso.datetime(), step: count }))),
  knobs: z.exactOptional(z.array(knob)),
  changes: z.exactOptional(z.array(change)),
  worker: z.exactOptional(worker),
});

/** Whether nothing in a value that was parsed lies deeper than so many levels. */
function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return inner.every((one) => isShallow(one, levels - 1));
}

/**
 * Reads and checks a run's manifest.
 *
 * @throws ProblemError of kind `storage` that names the file, what is wrong and what to do
 */
export async function readManifest(directory: string): Promise<RunManifest> {
  const file = path.join(directory, manifestFileName);
  return parseManifest(await readRegularFile(directory, manifestFileName, largestManifest), file);
}

/**
 * Checks a manifest's bytes.
 *
 * @param file what problems call it
 * @throws ProblemError of kind `storage` that names the file, what is wrong and what to do
 */
export function parseManifest(bytes: Uint8Array, file: string): RunManifest {
  const fault = { file, remedy };
  const value = parseJson(bytes, fault);
  const newer = laterVersion(value);
  if (newer !== undefined) {
    throw brokenFile(
      file,
      `it has format version ${newer}, and this version of EBM Lab knows version 1 only.`,
      'Update EBM Lab.',
    );
  }
  return checked(value, manifestSchema, fault);
}

const remedy = 'Restore the file from a copy, or delete the run directory.';

function laterVersion(value: unknown): number | undefined {
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  return typeof version === 'number' && version > 1 ? version : undefined;
}

/**
 * Replaces a run's manifest atomically.
 *
 * @throws ProblemError of kind `storage`; the former manifest is then unharmed
 */
export async function writeManifest(directory: string, contents: RunManifest): Promise<void> {
  const text = `${JSON.stringify(contents, undefined, 2)}\n`;
  await replaceFile(directory, manifestFileName, [new TextEncoder().encode(text)]);
}

/** Changes that are under way, so that two of this process do not undo each other. */
const updates = new Map<string, Promise<unknown>>();

/**
 * Reads, changes and replaces a run's manifest, one update after the other within this process.
 *
 * @returns what was written
 * @throws ProblemError of kind `storage`
 */
export async function updateManifest(
  directory: string,
  change: (manifest: RunManifest) => RunManifest,
): Promise<RunManifest> {
  const key = path.resolve(directory);
  const update = async () => {
    const changed = change(await readManifest(directory));
    await writeManifest(directory, changed);
    return changed;
  };
  // Whether the update before failed is its caller's business.
  const mine = (updates.get(key) ?? Promise.resolve()).then(update, update);
  updates.set(key, mine);
  try {
    return await mine;
  } finally {
    if (updates.get(key) === mine) updates.delete(key);
  }
}
