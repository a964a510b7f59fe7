/** The images of a folder, or those that a pattern with wildcards names. */
import { createHash, type Hash } from 'node:crypto';
import { opendir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import type { ProblemError } from '../../../protocol/problem';
import { excerpt } from '../options/excerpt';
import { binaryProblem } from './data-file';
import { imageFaultOf } from './image-fault';
import { type DecodedImage, decodeImage } from './image-file';

/** An image that was found. */
interface FoundImage {
  /** Relative to the folder, with `/`. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/** Images in the order of their names. */
export interface ImageFolder {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly images: readonly FoundImage[];
  readonly warnings: readonly string[];
}

const readable = /\.(?:png|jpe?g)$/i;
const unreadable = /\.(?:gif|bmp|tiff?|webp|avif|heic)$/i;
const mostImages = 10_000_000;

/**
 * Finds images, in all folders below too; what begins with a dot is left out.
 *
 * @param given a folder, or a pattern such as `photos/**\/*.png`; relative to `directory`
 * @throws ProblemError of kind `data` where there are none, or a link leads out of the folder
 */
export async function findImages(given: string, directory: string): Promise<ImageFolder> {
  const pattern = picomatch.scan(given.replaceAll(path.sep, '/'));
  // A folder may well be called `birds [2024]`.
  const named = await stat(path.resolve(directory, given)).catch(() => undefined);
  const isPattern = pattern.isGlob && named === undefined;
  const root = path.resolve(directory, isPattern ? pattern.base : given);
  const matches = isPattern ? picomatch(pattern.glob) : () => true;
  const stats = await stat(root).catch((cause: NodeJS.ErrnoException) => {
    throw binaryProblem(
      cause.code === 'ENOENT'
        ? `The folder ${root} does not exist.`
        : `The folder ${root} cannot be read: ${cause.message}.`,
      'Correct the path; it is relative to the experiment file.',
      cause,
    );
  });
  if (!stats.isDirectory()) {
    throw binaryProblem(
      `${root} is no folder.`,
      'Name the folder that the images are in, or a pattern such as photos/*.png.',
    );
  }
  const real = await realpath(root);
  const images: FoundImage[] = [];
  let others = 0;
  // Folders that are being looked at, by their real path: a link may lead back to one of them.
  async function look(folder: string, name: string, above: ReadonlySet<string>): Promise<void> {
    for await (const entry of await opendir(folder)) {
      if (entry.name.startsWith('.')) continue;
      const inner = path.join(folder, entry.name);
      const innerName = name === '' ? entry.name : `${name}/${entry.name}`;
      let isFolder = entry.isDirectory();
      let isFile = entry.isFile();
      let target = inner;
      if (entry.isSymbolicLink()) {
        target = await inside(real, inner);
        const linked = await stat(target);
        [isFolder, isFile] = [linked.isDirectory(), linked.isFile()];
      }
      if (isFolder) {
        const own = await realpath(target);
        if (!above.has(own)) await look(inner, innerName, new Set([...above, own]));
      } else if (isFile && matches(innerName)) {
        if (readable.test(entry.name)) images.push({ name: innerName, path: inner });
        else if (unreadable.test(entry.name)) others += 1;
      }
      if (images.length > mostImages) {
        throw binaryProblem(`${root} has more than ${mostImages} images.`, 'Name a part of them.');
      }
    }
  }
  await look(root, '', new Set([real]));
  if (images.length === 0) {
    throw binaryProblem(
      `${isPattern ? `${path.resolve(directory, given)} names` : `${root} has`} no PNG or JPEG images.`,
      others > 0
        ? 'Convert the images there to PNG.'
        : 'Correct the path; it is relative to the experiment file.',
    );
  }
  return {
    path: root,
    // By code units: the same on every machine.
    images: images.sort((a, b) => (a.name < b.name ? -1 : 1)),
    warnings:
      others === 0
        ? []
        : [`${others} images of ${root} are neither PNG nor JPEG, and are left out.`],
  };
}

/** @throws ProblemError of kind `data` where a link leads out of the folder, or nowhere */
async function inside(root: string, link: string): Promise<string> {
  const target = await realpath(link).catch(() => undefined);
  if (target?.startsWith(root + path.sep)) return target;
  throw binaryProblem(
    `${link} is a link that leads ${target === undefined ? 'nowhere' : 'out of the folder'}.`,
    'Put the images themselves into the folder, or remove the link.',
  );
}

/** Bytes that a file of an image has at most. */
const largestFile = 2 ** 27;

/** The problem for an image that cannot be used. */
export function unreadableImage(file: string, thrown: unknown): ProblemError {
  const { message, remedy } = imageFaultOf(thrown);
  return binaryProblem(
    `The image ${file} cannot be used: ${excerpt(message, 200)}.`,
    remedy,
    thrown,
  );
}

/** Files that are read while others are unpacked. */
const readAhead = 8;

/**
 * The pixels of images, one after another; some files are read ahead.
 *
 * @param hash takes their names and their bytes
 * @throws ProblemError of kind `data` that names the file and what is wrong with it
 */
export async function* readImages(
  images: readonly FoundImage[],
  hash: Hash,
): AsyncGenerator<readonly [FoundImage, DecodedImage]> {
  const ahead: Promise<Buffer>[] = [];
  for (const [at, found] of images.entries()) {
    for (const next of images.slice(at + ahead.length, at + readAhead)) {
      const bytes = bytesOf(next.path);
      // Whoever comes to it hears of it.
      bytes.catch(() => undefined);
      ahead.push(bytes);
    }
    try {
      const bytes = await ahead.shift()!;
      hash.update(`${found.name.length} ${found.name} ${bytes.length}\n`).update(bytes);
      yield [found, decodeImage(bytes)];
    } catch (error) {
      throw unreadableImage(found.path, error);
    }
  }
}

async function bytesOf(file: string): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > largestFile) throw new Error(`it has ${size} bytes; ${largestFile} are read at most`);
  return readFile(file);
}

/** What tells whether the images of a folder are still the same. */
export function folderHash(): Hash {
  return createHash('sha256');
}
