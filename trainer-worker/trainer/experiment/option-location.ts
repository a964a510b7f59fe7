import type { SourceLocation } from '../../../protocol/problem';
import { dotted, type OptionPath } from '../../methods/options/option-error';
import type { ExperimentPart, LoadedExperiment } from './loaded-experiment';

/** Where an option of `experiment()` stands; nothing where it was overridden, or nobody knows. */
export function placeOfOption(
  { locations, sources, overrides }: LoadedExperiment,
  path: OptionPath,
): SourceLocation | undefined {
  if (path.some((_, depth) => dotted(path.slice(0, depth + 1)) in overrides)) return undefined;
  // A part is a call of its own, with options of its own.
  const [part, ...inside] = path;
  const ofPart = inside.length > 0 ? locations[part as ExperimentPart] : undefined;
  const call = ofPart ?? locations.experiment;
  const source = sources.find((one) => one.path === call?.file);
  if (call === undefined || source === undefined) return undefined;
  return locateOption(new TextDecoder().decode(source.contents), call, ofPart ? inside : path);
}

/**
 * The place of an option in a call, found in the text: `{ hiden: [8] }` → where `hiden` stands.
 *
 * @param text the file
 * @param call where the called function's name stands in it
 * @param path which option, outermost first
 * @returns the deepest part of `path` that is written there, or `call` itself if none is
 */
export function locateOption(text: string, call: SourceLocation, path: OptionPath): SourceLocation {
  const open = text.indexOf('(', offsetOf(text, call));
  if (open === -1) return call;
  return locateIn(text, firstObject(text, open + 1), call, path);
}

/**
 * The place of an option in an exported constant: `export const sweep = { trails: 3 }` → where
 * `trails` stands.
 *
 * @returns the deepest part of `path` that is written there, or the export if none is; the beginning
 *   of the file if it is exported in another way
 */
export function locateInExport(
  text: string,
  file: string,
  name: string,
  path: OptionPath,
): SourceLocation {
  const written = new RegExp(`^[ \\t]*export\\s+const\\s+${name}\\b[^={]*=\\s*`, 'm').exec(text);
  if (!written) return { file, line: 1, column: 1 };
  const place = locationOf(text, written.index, file);
  const value = written.index + written[0].length;
  return locateIn(text, text[value] === '{' ? value : undefined, place, path);
}

/** The place of an option in the object that begins at `object`. */
function locateIn(
  text: string,
  object: number | undefined,
  otherwise: SourceLocation,
  path: OptionPath,
): SourceLocation {
  let value = object;
  let found: number | undefined;
  for (const key of path) {
    if (value === undefined) break;
    const next = typeof key === 'number' ? element(text, value, key) : property(text, value, key);
    if (next === undefined) break;
    found = next.at;
    value = next.value === undefined ? undefined : optionsAt(text, next.value);
  }
  return found === undefined ? otherwise : locationOf(text, found, otherwise.file);
}

/** Where the options of a call begin, `sampler.langevin({`; any other value as it is. */
function optionsAt(text: string, value: number): number | undefined {
  const call = /[\p{ID_Start}$_][\p{ID_Continue}$.]*\s*\(/uy;
  call.lastIndex = value;
  const written = call.exec(text)?.[0];
  return written === undefined ? value : firstObject(text, value + written.length);
}

interface Found {
  /** Where the key (or element) stands. */
  readonly at: number;
  /** Where its value begins, if it is written as `key: value`. */
  readonly value: number | undefined;
}

function offsetOf(text: string, { line, column }: SourceLocation): number {
  let offset = 0;
  for (let i = 1; i < line; i++) {
    const end = text.indexOf('\n', offset);
    if (end === -1) return text.length;
    offset = end + 1;
  }
  return offset + column - 1;
}

function locationOf(text: string, offset: number, file: string): SourceLocation {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file, line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** Skips white space and comments. */
function skipBlank(text: string, from: number): number {
  const blank = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  blank.lastIndex = from;
  blank.exec(text);
  return blank.lastIndex;
}

/** Skips a string or template that begins at `from`. */
function skipString(text: string, from: number): number {
  const quote = text[from];
  let i = from + 1;
  while (i < text.length && text[i] !== quote) i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** The end of the expression at `from`: its comma or closing bracket. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let i = from;
  while (i < text.length) {
    const next = skipBlank(text, i);
    if (next > i) {
      i = next;
      continue;
    }
    const character = text[i] ?? '';
    if ('"\'`'.includes(character)) {
      i = skipString(text, i);
      continue;
    }
    if (depth === 0 && ',)]}'.includes(character)) return i;
    if ('([{'.includes(character)) depth++;
    if (')]}'.includes(character)) depth--;
    i++;
  }
  return i;
}

/** The first argument that is written as an object. */
function firstObject(text: string, from: number): number | undefined {
  let i = skipBlank(text, from);
  while (i < text.length && text[i] !== ')') {
    if (text[i] === '{') return i;
    const end = skipValue(text, i);
    if (text[end] !== ',') return undefined;
    i = skipBlank(text, end + 1);
  }
  return undefined;
}

/** The property `name` of the object that begins at `open`. */
function property(text: string, open: number, name: string): Found | undefined {
  if (text[open] !== '{') return undefined;
  let i = skipBlank(text, open + 1);
  while (i < text.length && text[i] !== '}') {
    const key = /[\p{ID_Start}$_][\p{ID_Continue}$]*|"[^"\n]*"|'[^'\n]*'/uy;
    key.lastIndex = i;
    const written = key.exec(text)?.[0];
    if (written !== undefined && written.replace(/^["']|["']$/g, '') === name) {
      const colon = skipBlank(text, i + written.length);
      return { at: i, value: text[colon] === ':' ? skipBlank(text, colon + 1) : undefined };
    }
    const end = skipValue(text, i);
    if (text[end] !== ',') return undefined;
    i = skipBlank(text, end + 1);
  }
  return undefined;
}

/** Element `index` of the array that begins at `open`. */
function element(text: string, open: number, index: number): Found | undefined {
  if (text[open] !== '[') return undefined;
  let i = skipBlank(text, open + 1);
  for (let passed = 0; passed < index; passed++) {
    const end = skipValue(text, i);
    if (text[end] !== ',') return undefined;
    i = skipBlank(text, end + 1);
  }
  return { at: i, value: i };
}
