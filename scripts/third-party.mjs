/**
 * The licences of what others wrote and the package carries: which packages are in a bundle, whether
 * their licences may be passed on, and the notices that they ask for.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Licences that ask for no more than to be named. */
const permissive = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
  'Zlib',
]);

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/**
 * What stands for a licence's text where a package has only its name. The others have to be in the
 * package, since their texts name people.
 * @type {Readonly<Record<string, { text: string, needsHolder: boolean }>>}
 */
const standard = {
  MIT: { text: mit, needsHolder: true },
  // Its text is this project's own licence, beside the notices.
  'Apache-2.0': { text: 'Licensed under the Apache License 2.0, see LICENSE.', needsHolder: false },
};

/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} version
 * @property {unknown} licence what its manifest says
 * @property {string | undefined} author
 * @property {readonly string[]} texts its own files of licences and notices
 * @property {readonly string[]} comments comments on copyright in what is carried of it
 */

/**
 * The folder of the package that a bundled file belongs to; nothing for a file of the project.
 * @param {string} file
 */
export function packageFolder(file) {
  return /^.*(?:^|[\\/])node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)?.[0];
}

/**
 * The licences that an SPDX expression asks to be kept: of alternatives the first that is permissive.
 * @param {unknown} expression
 * @returns {string[] | undefined} nothing where they are not all permissive, or not to be understood
 */
export function permissiveLicences(expression) {
  if (typeof expression !== 'string') return undefined;
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  /** @returns {string[] | undefined} */
  const one = () => {
    const token = tokens[at++];
    if (token !== '(') return token !== undefined && permissive.has(token) ? [token] : undefined;
    const inner = either();
    return tokens[at++] === ')' ? inner : undefined;
  };
  const both = () => {
    let licences = one();
    while (tokens[at] === 'AND') {
      at++;
      const next = one();
      licences = licences && next ? [...licences, ...next] : undefined;
    }
    return licences;
  };
  const either = () => {
    let licences = both();
    while (tokens[at] === 'OR') {
      at++;
      const next = both();
      licences ??= next;
    }
    return licences;
  };
  const licences = either();
  return at === tokens.length ? licences : undefined;
}

/**
 * The comments on copyright that a source text begins with or carries, without their asterisks.
 * @param {string} source
 */
export function copyrightComments(source) {
  const comments = source.match(/\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n?)+/gm) ?? [];
  return comments
    .filter((comment) => /copyright (?:\(c\) )?\d{4}|copyright (?:\(c\)|©)/i.test(comment))
    .map((comment) =>
      comment
        .replace(/^\/\*[*!]?|\*\/$/g, '')
        .replace(/^[ \t]*(?:\*|\/\/[/!]?) ?/gm, '')
        .replace(/^@(?:license|preserve)\b.*\n/gm, '')
        .replace(/^=+$/gm, '')
        .trim(),
    );
}

/**
 * The notice of a package.
 * @param {Package} package_
 * @throws an Error that says what it lacks
 */
export function noticeOf({ name, version, licence, author, texts, comments }) {
  const licences = permissiveLicences(licence);
  if (licences === undefined) {
    throw new Error(
      `${name} ${version} is not under a permissive licence, but ${JSON.stringify(licence)}.`,
    );
  }
  const own = [...new Set(texts.length > 0 ? texts : comments)];
  if (texts.length === 0) {
    for (const id of licences) {
      // Whole licences stand above the code in some packages.
      const has = own.some((text) => /permission is hereby|redistribution and use/i.test(text));
      const { text, needsHolder } = standard[id] ?? {};
      if (text === undefined) {
        if (!has) throw new Error(`${name} ${version} has no text of its licence, ${id}.`);
        continue;
      }
      if (id === 'MIT' && has) continue;
      if (needsHolder && own.length === 0) {
        if (!author) throw new Error(`${name} ${version} does not say whose it is.`);
        own.push(`Copyright (c) ${author}`);
      }
      own.push(text);
    }
  }
  return `${name} ${version} (${licences.join(' and ')})\n\n${own.join('\n\n').trim()}\n`;
}

/**
 * What a folder of node_modules says of itself.
 * @param {string} folder
 * @param {readonly string[]} files those of its files that are carried, relative to the folder
 * @returns {Promise<Package>}
 */
export async function readPackage(folder, files) {
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const { author } = manifest;
  const named = typeof author === 'string' ? author : author?.name;
  const names = (await readdir(folder)).sort();
  const read = (/** @type {string} */ name) => readFile(path.join(folder, name), 'utf8');
  const legal = names.filter((name) =>
    /^(licen[cs]e|copying|notices?|third-?party-?notices)\b/i.test(name),
  );
  const sources = await Promise.all(files.filter((file) => /\.[cm]?[jt]s$/.test(file)).map(read));
  return {
    name: manifest.name,
    version: manifest.version,
    licence: manifest.license,
    // Without the address.
    author: named?.replace(/\s*[<(].*$/, ''),
    texts: (await Promise.all(legal.map(read))).map((text) => text.replaceAll('\r', '').trim()),
    comments: [...new Set(sources.flatMap(copyrightComments))],
  };
}

/**
 * The notices of all packages that bundled files and whole packages belong to.
 * @param {string} root where `files` start
 * @param {readonly string[]} files bundled ones and those of whole packages
 * @throws an Error that lists every package that may not be carried
 */
export async function thirdPartyNotices(root, files) {
  /** @type {Map<string, string[]>} */
  const byFolder = new Map();
  for (const file of files) {
    const folder = packageFolder(file);
    if (folder === undefined) continue;
    const known = byFolder.get(folder) ?? [];
    known.push(path.relative(folder, file));
    byFolder.set(folder, known);
  }
  const packages = await Promise.all(
    [...byFolder].map(([folder, own]) => readPackage(path.join(root, folder), own)),
  );
  packages.sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.version < b.version ? -1 : 1));
  /** @type {string[]} */
  const problems = [];
  const notices = packages.flatMap((one) => {
    try {
      return noticeOf(one);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return [];
    }
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const head = `What others wrote and EBM Lab carries, with the licences under which they gave it away.\n`;
  return [head, ...new Set(notices)].join(`\n${'-'.repeat(80)}\n\n`);
}
