/**
 * What people add to a run: `annotations.json` (another name, tags, a star) and `notes.md`. Files of
 * their own, because a trainer holds `run.json` in memory and writes it whole every few seconds.
 */
import { constants, lstat } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type Problem, ProblemError, problemOf } from '../protocol/problem';
import { checked, parseJson } from './checked-json';
import { openRegularFile, readRegularFile, replaceFile } from './files';
import { errorCode } from './storage-problem';

const fileName = 'annotations.json';
const largestFile = 2 ** 20;
/** Where a run's notes are, relative to its directory. */
const notesFile = 'notes.md';
const largestNotes = 2 ** 20;
const longestName = 200;
const longestTag = 50;

const annotationsSchema = z.looseObject({
  formatVersion: z.literal(1),
  name: z.exactOptional(z.string().max(longestName)),
  tags: z.exactOptional(z.array(z.string().max(longestTag)).max(100)),
  starred: z.exactOptional(z.boolean()),
});

/** What people added to a run. */
export interface Annotations {
  /** What it is called instead of its experiment's name. */
  readonly name?: string;
  /** Words, each once, in the order they were given. */
  readonly tags: readonly string[];
  readonly starred: boolean;
}

/** Of a run that nobody has annotated. */
export const noAnnotations: Annotations = { tags: [], starred: false };

/**
 * Reads a run's annotations; those of a run without any are {@link noAnnotations}.
 *
 * @throws ProblemError of kind `storage` when the file is broken or cannot be read
 */
export async function readAnnotations(directory: string): Promise<Annotations> {
  return (await readFileOf(directory)).annotations;
}

/** Like {@link readAnnotations}; a broken file counts as none, with its problem. */
export async function tryAnnotations(
  directory: string,
): Promise<{ readonly annotations: Annotations; readonly annotationsProblem?: Problem }> {
  try {
    return { annotations: await readAnnotations(directory) };
  } catch (thrown) {
    return { annotations: noAnnotations, annotationsProblem: problemOf(thrown, 'storage') };
  }
}

/**
 * Changes some of a run's annotations and leaves the others.
 *
 * @param change an empty `name` gives the run its experiment's name back
 * @returns what the run has now
 * @throws ProblemError of kind `storage` when the file is broken or cannot be written, of kind
 *   `environment` for a name or a tag that cannot be
 */
export async function annotate(
  directory: string,
  change: Partial<Annotations>,
): Promise<Annotations> {
  // Keys that a later version may add are kept.
  const { others, annotations } = await readFileOf(directory);
  const name = checkName(change.name ?? annotations.name ?? '');
  const changed: Annotations = {
    ...(name === '' ? {} : { name }),
    tags: [...new Set((change.tags ?? annotations.tags).map(checkTag))],
    starred: change.starred ?? annotations.starred,
  };
  const text = `${JSON.stringify({ formatVersion: 1, ...others, ...changed }, undefined, 2)}\n`;
  await replaceFile(directory, fileName, [new TextEncoder().encode(text)]);
  return changed;
}

/** The tags in a text that a person typed: parted by commas and spaces, with or without `#`. */
export function tagsIn(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((tag) => tag.replace(/^#+/, ''))
    .filter((tag) => tag !== '');
}

/**
 * A run's notes, Markdown; empty where it has none.
 *
 * @throws ProblemError of kind `storage`
 */
export async function readNotes(directory: string): Promise<string> {
  try {
    const bytes = await readRegularFile(directory, notesFile, largestNotes);
    return new TextDecoder().decode(bytes);
  } catch (thrown) {
    if (isMissing(thrown)) return '';
    throw thrown;
  }
}

/**
 * Replaces a run's notes.
 *
 * @throws ProblemError of kind `storage`
 */
export async function writeNotes(directory: string, text: string): Promise<void> {
  await replaceFile(directory, notesFile, [new TextEncoder().encode(text)]);
}

/**
 * Makes sure that a run has a file for its notes, which an editor can open.
 *
 * @returns its path
 * @throws ProblemError of kind `storage`, also when a link stands there
 */
export async function ensureNotes(directory: string): Promise<string> {
  const flags = constants.O_RDWR | constants.O_CREAT;
  await (await openRegularFile(directory, notesFile, flags)).close();
  return path.join(directory, notesFile);
}

async function readFileOf(
  directory: string,
): Promise<{ readonly annotations: Annotations; readonly others: object }> {
  const file = path.join(directory, fileName);
  // Most runs have none, and a folder may have thousands: that is found with one look each.
  if (!(await isThere(file))) return { annotations: noAnnotations, others: {} };
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(directory, fileName, largestFile);
  } catch (thrown) {
    if (isMissing(thrown)) return { annotations: noAnnotations, others: {} };
    throw thrown;
  }
  const fault = { file, remedy };
  const contents = checked(parseJson(bytes, fault), annotationsSchema, fault);
  const { formatVersion: _, name, tags = [], starred = false, ...others } = contents;
  return { annotations: { ...(name === undefined ? {} : { name }), tags, starred }, others };
}

const remedy = 'Mend it or delete it; it holds nothing but the run’s name, tags and star.';

/** By a callback, which takes a fraction of the time of a promise that is rejected. */
function isThere(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    // What else keeps it from being looked at is told by who reads it.
    lstat(file, (refused) => resolve(refused?.code !== 'ENOENT'));
  });
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && errorCode(thrown.cause) === 'ENOENT';
}

/** @throws ProblemError of kind `environment` */
function checkName(text: string): string {
  const name = text.trim();
  if (name.length <= longestName && !/\p{Cc}/u.test(name)) return name;
  throw new ProblemError({
    kind: 'environment',
    message: `A name of ${name.length} characters, or of several lines, is none.`,
    remedy: `Give one line of at most ${longestName} characters.`,
  });
}

/** @throws ProblemError of kind `environment` */
function checkTag(tag: string): string {
  if (tag !== '' && tag.length <= longestTag && !/[\s,\p{Cc}]/u.test(tag)) return tag;
  throw new ProblemError({
    kind: 'environment',
    message: `'${tag}' is no tag.`,
    remedy: `A tag is one word of at most ${longestTag} characters, without a comma.`,
  });
}
